// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap, for people.</summary>
internal static class ValueTable
{
    /// <summary>Writes a table with the items of a heap, or one line that says why it cannot be interpreted.</summary>
    public static void Write(IAnsiConsole console, Heap heap, ItemUpdate update)
    {
        if (update.Error is string error)
        {
            string sentence = Readable.Sentence(error);
            console.MarkupLineInterpolated($"[red]Heap {heap.Cnt} cannot be interpreted: {sentence}[/]");
            return;
        }

        Table table = new Table()
            .Title(string.Create(CultureInfo.InvariantCulture, $"Heap {heap.Cnt}"))
            .RoundedBorder()
            .AddColumn("name")
            .AddColumn("shape")
            .AddColumn("type")
            .AddColumn(new TableColumn("version").RightAligned())
            .AddColumn("value")
            .AddColumn(new TableColumn("over the array").NoWrap());
        foreach (Item item in update.Items)
        {
            table.AddRow(
                Markup.Escape(item.Name),
                item.Shape.ToString(),
                Markup.Escape(item.Type.ToString()),
                item.Version.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(ElementText.Of(item)),
                Markup.Escape(Sparkline.Of(item)));
        }

        console.Write(table);
    }
}
