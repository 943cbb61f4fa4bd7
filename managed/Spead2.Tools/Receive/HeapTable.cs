// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>A table with a row per heap.</summary>
internal static class HeapTable
{
    // More items of a heap than this are counted rather than named.
    private const int MostItems = 6;

    public static TextTable Create() =>
        new TextTable("Heaps")
            .AddColumn("cnt", isRight: true)
            .AddColumn("state")
            .AddColumn("received", isRight: true)
            .AddColumn("flavour")
            .AddColumn("items");

    public static void AddRow(TextTable table, Heap heap) =>
        table.AddRow(
            heap.Cnt.ToString(CultureInfo.InvariantCulture),
            State(heap),
            Received(heap),
            heap.Flavour.ToString(),
            Items(heap));

    private static Cell State(Heap heap)
    {
        (string state, Tone tone) = heap.IsComplete ? ("complete", Tone.Good)
            : heap.IsContiguous ? ("length unknown", Tone.Plain)
            : ("incomplete", Tone.Warning);
        return new(state + (heap.IsStartOfStream ? ", start" : "") + (heap.IsEndOfStream ? ", stop" : ""), tone);
    }

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
