// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Differential;

/// <summary>A heap as a stream delivered it.</summary>
internal sealed record ObservedHeap
{
    /// <summary>Bytes of the payload that are looked at: more than packets of a trace can fill.</summary>
    public const int ObservedPayload = 1 << 20;

    public required ulong Cnt { get; init; }

    public required Flavour Flavour { get; init; }

    public required bool IsComplete { get; init; }

    public required bool IsContiguous { get; init; }

    public required bool IsStartOfStream { get; init; }

    public required bool IsEndOfStream { get; init; }

    public required bool IsContradictory { get; init; }

    public required long HeapLength { get; init; }

    public required long ReceivedLength { get; init; }

    public required IReadOnlyList<PayloadRange> Ranges { get; init; }

    public required IReadOnlyList<ObservedItem> Items { get; init; }

    public required int PayloadLength { get; init; }

    /// <summary>The payload, of which <see cref="ObservedPayload"/> bytes at most.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>Of the model only: which bytes came in packets. The others may have any value.</summary>
    public IReadOnlyList<PayloadRange> DefinedPayload { get; init; } = [];

    /// <summary>Copies a heap.</summary>
    public static ObservedHeap Of(Heap heap) => new()
    {
        Cnt = heap.Cnt,
        Flavour = heap.Flavour,
        IsComplete = heap.IsComplete,
        IsContiguous = heap.IsContiguous,
        IsStartOfStream = heap.IsStartOfStream,
        IsEndOfStream = heap.IsEndOfStream,
        IsContradictory = heap.IsContradictory,
        HeapLength = heap.HeapLength,
        ReceivedLength = heap.ReceivedLength,
        Ranges = heap.PayloadRanges,
        Items = [.. heap.Items.Select(item => new ObservedItem(
            item.Id,
            item.IsImmediate,
            item.IsImmediate ? item.Value : (ulong)item.Offset,
            Convert.ToHexStringLower(item.Bytes.Span)))],
        PayloadLength = heap.Payload.Length,
        Payload = heap.Payload[..Math.Min(heap.Payload.Length, ObservedPayload)].ToArray(),
    };
}
