// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Sources;

/// <summary>Draws changes: first a line that has some, then one of these, so that each line counts the same.</summary>
internal sealed class Sampler(IEnumerable<SourceFile> files, int seed)
{
    private readonly List<List<Mutation>> _lines =
        [.. files.SelectMany(file => file.Candidates)
            .GroupBy(one => (one.File, one.Line))
            .OrderBy(group => group.Key.File, StringComparer.Ordinal).ThenBy(group => group.Key.Line)
            .Select(group => group.ToList())];

    private readonly Random _random = new(seed);
    private readonly List<Mutation> _drawn = [];

    /// <summary>Lines that have a change left.</summary>
    public int Lines => _lines.Count;

    /// <summary>Changes that are left.</summary>
    public int Candidates => _lines.Sum(line => line.Count);

    /// <summary>The changes drawn so far, but for those that were given up.</summary>
    public IReadOnlyList<Mutation> Drawn => _drawn;

    /// <summary>Draws until there are as many as asked for, or no change is left.</summary>
    public void Fill(int count)
    {
        int number = _drawn.Count == 0 ? 1 : _drawn.Max(one => one.Number) + 1;
        while (_drawn.Count < count && _lines.Count > 0)
        {
            int index = _random.Next(_lines.Count);
            List<Mutation> line = _lines[index];
            Mutation mutation = line[_random.Next(line.Count)];
            line.Remove(mutation);
            if (line.Count == 0)
            {
                _lines.RemoveAt(index);
            }

            if (_drawn.All(other => other.File != mutation.File || other.Admits(mutation)))
            {
                _drawn.Add(mutation with { Number = number++ });
            }
        }
    }

    /// <summary>Leaves a change out that cannot be compiled.</summary>
    public void GiveUp(Mutation mutation) => _drawn.RemoveAll(one => one.Number == mutation.Number);
}
