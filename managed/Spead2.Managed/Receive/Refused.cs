// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The first refused datagram of each cause. Kept under the stream's lock, and read by anyone.</summary>
internal sealed class Refused
{
    private readonly Lock _lock = new();
    private readonly RefusedDatagram?[] _first = new RefusedDatagram?[(int)RefusalCause.Truncated + 1];

    /// <summary>The first of a cause; null if there is none.</summary>
    public RefusedDatagram? Find(RefusalCause cause)
    {
        lock (_lock)
        {
            return _first[(int)cause];
        }
    }

    /// <summary>Keeps a datagram that is the first of its cause, or the first whose sender is known.</summary>
    /// <param name="cause">Why it was refused.</param>
    /// <param name="bytes">What there is of it.</param>
    /// <param name="source">Who has it; null: nobody.</param>
    public void Keep(RefusalCause cause, ReadOnlySpan<byte> bytes, Source? source)
    {
        if (_first[(int)cause] is { Sender: not null })
        {
            return;
        }

        IPEndPoint? sender = source?.TellSender();
        if (sender is null && _first[(int)cause] is not null)
        {
            return;
        }

        RefusedDatagram first = new(
            cause,
            DateTimeOffset.UtcNow,
            bytes.Length,
            [.. bytes[..Math.Min(bytes.Length, RefusedDatagram.MostBytes)]],
            sender);
        lock (_lock)
        {
            _first[(int)cause] = first;
        }
    }
}
