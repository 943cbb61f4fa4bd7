// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;
using Spectre.Console;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap, for people.</summary>
internal static class ItemTable
{
    // Enough to recognise an array by.
    private const int MostElements = 4;
    private const int MostCharacters = 48;

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
            object value = item.Value.ToObject()!;
            table.AddRow(
                Markup.Escape(item.Name),
                item.Shape.ToString(),
                Markup.Escape(item.Type.ToString()),
                item.Version.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(Value(item, value)),
                Markup.Escape(Chart(item, value)));
        }

        console.Write(table);
    }

    private static string Value(Item item, object value)
    {
        if (!IsArray(item))
        {
            return Shorten(ElementText.Of(value));
        }

        var array = (Array)value;
        string first = string.Join(' ', array.Cast<object>().Take(MostElements).Select(ElementText.Of));
        return Shorten(first, isMore: array.Length > MostElements);
    }

    private static string Chart(Item item, object value) =>
        IsArray(item) ? Sparkline.Of(((Array)value).Cast<object>().Select(ElementText.Number)) ?? "" : "";

    private static bool IsArray(Item item) => item.Shape.Rank > 0 && !item.Descriptor.IsText;

    private static string Shorten(string text, bool isMore = false) =>
        text.Length > MostCharacters ? text[..MostCharacters] + "…" : isMore ? text + " …" : text;
}
