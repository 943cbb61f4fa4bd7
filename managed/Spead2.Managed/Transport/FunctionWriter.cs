// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Packets to a function.</summary>
/// <param name="stream">The stream.</param>
/// <param name="call">Takes a substream and a packet; gives 0, or the number of the error. Must not throw.</param>
/// <param name="substreams">How many it serves.</param>
internal sealed class FunctionWriter(SendCore stream, Func<int, ReadOnlySpan<byte>, int> call, int substreams) : PacketWriter
{
    // Of a packet whose pieces are put together.
    private readonly byte[] _room = new byte[stream.Settings.MaxPacketSize];

    public override int Destinations => substreams;

    public override int MaxPacketSize => stream.Settings.MaxPacketSize;

    public override int Write(Span<PacketOut> packets)
    {
        foreach (ref PacketOut packet in packets)
        {
            packet.Error = call(FirstSubstream + packet.Destination, packet.Bytes(_room));
        }

        return packets.Length;
    }

    // It has always dealt with all packets.
    public override int Arm(LoopTask task)
    {
        stream.Loop.Post(task);
        return 0;
    }

    public override void Dispose()
    {
        // Nothing but memory is held.
    }
}
