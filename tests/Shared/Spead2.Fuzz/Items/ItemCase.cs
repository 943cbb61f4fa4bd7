// SPDX-License-Identifier: MIT

using System.Text;

namespace Spead2.Fuzz.Items;

/// <summary>Some heaps that one item group gets, one after the other.</summary>
internal sealed record ItemCase(Flavour Flavour, IReadOnlyList<IReadOnlyList<FuzzItem>> Heaps)
{
    // Longer values say no more.
    private const int MostCharacters = 2000;

    /// <summary>Everything that is needed to write a regression test.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(null, $"{Flavour}, bug compatibility {(int)Flavour.BugCompat}");
        foreach (IReadOnlyList<FuzzItem> heap in Heaps)
        {
            text.Append("; heap ").AppendJoin(", ", heap);
        }

        return text.Length <= MostCharacters ? text.ToString() : text.ToString(0, MostCharacters) + "…";
    }
}
