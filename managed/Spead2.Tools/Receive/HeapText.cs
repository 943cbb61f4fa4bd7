// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>What a heap is, in words: cells of a table, or a line.</summary>
internal static class HeapText
{
    // More items of a heap than this are counted rather than named.
    private const int MostItems = 6;

    /// <summary>A line, for example <c>heap 17: complete, 1.0 MiB, SPEAD-64-40, 0x1000 (1.0 MiB)</c>.</summary>
    public static string Line(Heap heap)
    {
        string items = Items(heap);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"heap {heap.Cnt}: {State(heap)}, {Received(heap)}, {heap.Flavour}{(items.Length > 0 ? ", " : "")}{items}");
    }

    /// <summary>A table for heaps.</summary>
    public static TextTable NewTable() =>
        new TextTable("Heaps")
            .AddColumn("cnt", isRight: true)
            .AddColumn("state")
            .AddColumn("received", isRight: true)
            .AddColumn("flavour")
            .AddColumn("items");

    /// <summary>Adds a heap to the table.</summary>
    public static void AddRow(TextTable table, Heap heap) =>
        table.AddRow(
            heap.Cnt.ToString(CultureInfo.InvariantCulture),
            new Cell(State(heap), ToneOf(heap)),
            Received(heap),
            heap.Flavour.ToString(),
            Items(heap));

    private static string State(Heap heap) =>
        (heap.IsComplete ? "complete"
            : heap.IsContiguous ? "length unknown"
            : heap.HeapLength >= 0 && heap.ReceivedLength >= heap.HeapLength ? "incomplete (an item begins behind the payload)"
            : "incomplete") +
        (heap.IsStartOfStream ? ", start" : "") + (heap.IsEndOfStream ? ", stop" : "") +
        (heap.IsMixed ? ", of several senders" : "") + (heap.IsContradictory ? ", contradictory" : "");

    private static Tone ToneOf(Heap heap) =>
        heap.IsMixed || heap.IsContradictory ? Tone.Bad
        : heap.IsComplete ? Tone.Good
        : heap.IsContiguous ? Tone.Plain : Tone.Warning;

    private static string Received(Heap heap) =>
        heap.IsContiguous || heap.HeapLength < 0
            ? Readable.Bytes(heap.ReceivedLength)
            : $"{Readable.Number(heap.ReceivedLength)} of {Readable.Number(heap.HeapLength)} bytes";

    private static string Items(Heap heap)
    {
        IEnumerable<string> shown = heap.Items.Take(MostItems).Select(Item);
        int more = heap.Items.Length - MostItems;
        return string.Join(", ", shown) + (more > 0 ? $" and {more} more" : "");
    }

    private static string Item(RawItem item) =>
        $"0x{item.Id:x}" + (item.IsImmediate ? $" = {item.Value}" : $" ({Readable.Bytes(item.Length)})");
}
