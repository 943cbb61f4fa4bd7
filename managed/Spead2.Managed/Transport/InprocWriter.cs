// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Packets into queues of this process.</summary>
/// <param name="stream">The stream.</param>
/// <param name="queues">Of each destination.</param>
internal sealed class InprocWriter(SendCore stream, IReadOnlyList<InprocQueue> queues) : PacketWriter
{
    private readonly InprocQueue.Waiter _waiter = new();

    // That had no room for the latest packet, and the length of that.
    private InprocQueue? _full;
    private int _refusedLength;

    public override int Destinations => queues.Count;

    public override int MaxPacketSize => stream.Settings.MaxPacketSize;

    public override int Write(Span<PacketOut> packets)
    {
        // It may be another queue that it waits for next.
        Disarm();
        int dealt = 0;
        while (dealt < packets.Length)
        {
            int destination = packets[dealt].Destination;
            int end = dealt + 1;
            while (end < packets.Length && packets[end].Destination == destination)
            {
                end++;
            }

            dealt += queues[destination].Write(packets[dealt..end]);
            if (dealt != end)
            {
                _full = queues[destination];
                _refusedLength = packets[dealt].Length;
                break;
            }
        }

        return dealt;
    }

    public override int Arm(LoopTask task)
    {
        _full!.AwaitRoom(_waiter, stream.Loop, task, _refusedLength);
        return 0;
    }

    public override void Disarm()
    {
        _full?.Forget(_waiter);
        _full = null;
    }

    public override void Dispose() => Disarm();
}
