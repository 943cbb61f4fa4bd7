// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Testing.Vectors;

namespace Spead2.Tools.Tests.Vectors;

/// <summary>The line of JSON that `recv` prints for a heap.</summary>
internal static class HeapLine
{
    private const ulong FnvOffsetBasis = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    public static string Of(ExpectedHeap heap)
    {
        bool isIncomplete = heap.State == "incomplete";
        IEnumerable<byte?> bytes =
            isIncomplete ? heap.Ranges.SelectMany(range => Slice(heap, range.Start, range.Length)) : heap.Payload;
        IEnumerable<string> ranges = heap.Ranges.Select(range => $"[{range.Start},{range.End}]");
        string[] fields =
        [
            $"\"cnt\":{heap.Cnt}",
            $"\"complete\":{Boolean(heap.State == "complete")}",
            $"\"heap_length\":{heap.HeapLength}",
            $"\"received\":{heap.ReceivedLength}",
            $"\"fnv1a64\":\"{Hash(bytes)}\"",
            .. isIncomplete ? new[] { $"\"ranges\":[{string.Join(',', ranges)}]" } : [],
            $"\"flavour\":[4,64,{heap.AddressBits}]",
            $"\"end_of_stream\":{Boolean(heap.IsEndOfStream)}",
            $"\"items\":[{string.Join(',', heap.Items.Select(item => Of(heap, item)))}]",
        ];
        return $"{{{string.Join(',', fields)}}}";
    }

    private static string Of(ExpectedHeap heap, ExpectedItem item)
    {
        if (item.IsImmediate)
        {
            return $$"""{"id":{{item.Id}},"imm":true,"value":{{item.Value}},"length":{{item.Length}}}""";
        }

        string hash = Hash(Slice(heap, item.Value, item.Length));
        return $$"""{"id":{{item.Id}},"imm":false,"offset":{{item.Value}},"length":{{item.Length}},"""
            + $"\"fnv1a64\":\"{hash}\"}}";
    }

    private static string Boolean(bool value) => value ? "true" : "false";

    private static IEnumerable<byte?> Slice(ExpectedHeap heap, long start, long length) =>
        heap.Payload.Skip((int)start).Take((int)length);

    // Bytes that may have any value have no hash.
    private static string Hash(IEnumerable<byte?> bytes) =>
        bytes.Aggregate(FnvOffsetBasis, (hash, value) => (hash ^ value!.Value) * FnvPrime)
            .ToString("x16", CultureInfo.InvariantCulture);
}
