// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>What a stream makes of one datagram.</summary>
/// <param name="IsSpead">Whether it is a SPEAD packet.</param>
/// <param name="Text">What it is, as a clause.</param>
/// <param name="Dialect">Name of a dialect that takes it, if it is none; null if there is none.</param>
internal sealed record DatagramText(bool IsSpead, string Text, string? Dialect)
{
    /// <summary>Reads a datagram.</summary>
    public static DatagramText Of(DatagramSeen seen)
    {
        ArgumentNullException.ThrowIfNull(seen);

        // On this machine's own interfaces the kernel carries several in one piece.
        byte[] bytes = PacketProbe.TryMeasure(seen.Bytes, out int size, out _) ? seen.Bytes[..size] : seen.Bytes;
        using ManagedReceiveStream stream = new(
            new ReceiveStreamOptions { ContiguousOnly = false, StopOnStopItem = false }, NullLogger.Instance);
        PacketSource source = stream.Add(new DatagramSourceOptions { Datagrams = [bytes] });
        if (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            using (heap)
            {
                return new(true, $"SPEAD, {HeapText.Line(heap)}", null);
            }
        }

        return stream.RefusedDatagrams is [var refused, ..]
            ? new(false, RefusedText.ContentOf(refused), source.SuggestedDialect)
            : new(true, "SPEAD, a heap of stream control", null);
    }
}
