// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Packets by the rules.</summary>
internal sealed class StandardEncoder(Flavour flavour, int packetSize, bool repeatPointers) : IHeapEncoder
{
    private readonly PacketEncoder _encoder = new(flavour, packetSize, repeatPointers);

    public int MaxPacketSize => _encoder.MaxPacketSize;

    public bool IsFinished => _encoder.IsFinished;

    public void Begin(HeapToSend heap, ulong cnt) => _encoder.Begin(heap, cnt);

    public int Write(Span<byte> packet) => _encoder.Write(packet);
}
