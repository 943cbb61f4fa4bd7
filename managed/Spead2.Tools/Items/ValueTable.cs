// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap, for people.</summary>
internal static class ValueTable
{
    /// <summary>
    /// Writes a table with the items of a heap, in which those that cannot be interpreted have the reason in the place
    /// of their value, and a line for each failure that has no item.
    /// </summary>
    public static void Write(Terminal terminal, Heap heap, ItemUpdate update)
    {
        string title = string.Create(CultureInfo.InvariantCulture, $"Heap {heap.Cnt}");
        TextTable table = new TextTable(title)
            .AddColumn("name")
            .AddColumn("shape")
            .AddColumn("type")
            .AddColumn("version", isRight: true)
            .AddColumn("value")
            .AddColumn("over the array", wraps: false);
        foreach (Item item in update.Items)
        {
            AddRow(table, item, new(ElementText.Of(item)), Sparkline.Of(item));
        }

        foreach (FailedItem failed in update.Failed.Where(failed => failed.Item is not null))
        {
            AddRow(table, failed.Item!, new(failed.Reason, Tone.Bad), over: "");
        }

        terminal.Write(table);
        foreach (FailedItem failed in update.Failed.Where(failed => failed.Item is null))
        {
            terminal.WriteLine($"{title}: {failed}", Tone.Bad);
        }
    }

    private static void AddRow(TextTable table, Item item, Cell value, string over) =>
        table.AddRow(
            item.Name,
            item.Shape.ToString(),
            item.Type.ToString(),
            item.Version.ToString(CultureInfo.InvariantCulture),
            value,
            over);
}
