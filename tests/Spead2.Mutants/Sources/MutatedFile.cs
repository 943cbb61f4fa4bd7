// SPDX-License-Identifier: MIT

using System.Text;

namespace Spead2.Mutants.Sources;

/// <summary>A source file with mutants in it, each behind its switch.</summary>
internal sealed class MutatedFile
{
    private readonly string _source;
    private readonly Func<int, string> _isOn;
    private readonly StringBuilder _text = new();
    private readonly List<(Mutation Mutation, TextRange Place)> _places = [];

    /// <param name="source">The text of the file.</param>
    /// <param name="mutations">Changes of it, which admit each other.</param>
    /// <param name="isOn">An expression of the language: whether the mutant of this number is on.</param>
    public MutatedFile(string source, IReadOnlyList<Mutation> mutations, Func<int, string> isOn)
    {
        _source = source;
        _isOn = isOn;
        Append(new TextRange(0, source.Length), [.. mutations.OrderBy(one => one.Place.Start).ThenByDescending(one => one.Place.End)]);
        Text = _text.ToString();
    }

    /// <summary>The text with the mutants.</summary>
    public string Text { get; }

    /// <summary>The innermost mutant at a position of the text, if there is one.</summary>
    public Mutation? At(int position) => _places
        .Where(one => one.Place.Contains(position))
        .OrderBy(one => one.Place.End - one.Place.Start)
        .Select(one => one.Mutation)
        .FirstOrDefault();

    /// <summary>The mutants in a range of the text.</summary>
    public IEnumerable<Mutation> Within(TextRange range) =>
        _places.Where(one => range.Contains(one.Place)).Select(one => one.Mutation).Distinct();

    private void Append(TextRange range, IReadOnlyList<Mutation> mutations)
    {
        int position = range.Start;
        foreach (Mutation mutation in mutations)
        {
            // Those within another one are part of what it keeps.
            if (mutation.Place.Start >= position)
            {
                _text.Append(_source, position, mutation.Place.Start - position);
                Append(mutation, mutations);
                position = mutation.Place.End;
            }
        }

        _text.Append(_source, position, range.End - position);
    }

    private void Append(Mutation mutation, IReadOnlyList<Mutation> mutations)
    {
        int start = _text.Length;
        foreach (Part part in mutation.Parts)
        {
            if (part.Source is { } kept)
            {
                Append(kept, [.. mutations.Where(one => one != mutation && kept.Contains(one.Place))]);
            }
            else
            {
                _text.Append(part.Text ?? _isOn(mutation.Number));
            }
        }

        _places.Add((mutation, new(start, _text.Length)));
    }
}
