// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap, for people.</summary>
internal static class ValueTable
{
    /// <summary>Writes a table with the items of a heap, or one line that says why it cannot be interpreted.</summary>
    public static void Write(Terminal terminal, Heap heap, ItemUpdate update)
    {
        if (update.Error is string error)
        {
            string sentence = Readable.Sentence(Printable.Of(error));
            terminal.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"Heap {heap.Cnt} cannot be interpreted: {sentence}"),
                Tone.Bad);
            return;
        }

        TextTable table = new TextTable(string.Create(CultureInfo.InvariantCulture, $"Heap {heap.Cnt}"))
            .AddColumn("name")
            .AddColumn("shape")
            .AddColumn("type")
            .AddColumn("version", isRight: true)
            .AddColumn("value")
            .AddColumn("over the array", wraps: false);
        foreach (Item item in update.Items)
        {
            table.AddRow(
                item.Name,
                item.Shape.ToString(),
                item.Type.ToString(),
                item.Version.ToString(CultureInfo.InvariantCulture),
                ElementText.Of(item),
                Sparkline.Of(item));
        }

        terminal.Write(table);
    }
}
