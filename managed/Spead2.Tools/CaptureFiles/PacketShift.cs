// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Managed;

namespace Spead2.Tools.CaptureFiles;

/// <summary>
/// Lets a capture go on where it ended, when it is replayed again: heap cnts, and one item if there is one, are counted on
/// by as much as the first pass has of them.
/// </summary>
/// <param name="timeItem">An immediate item that counts time; 0: there is none.</param>
internal sealed class PacketShift(ulong timeItem)
{
    private readonly Numbers _cnts = new();
    private readonly Numbers _times = new();

    /// <summary>Looks at a packet of the first pass, or changes one of a later pass. What is no packet stays as it is.</summary>
    /// <param name="bytes">The datagram.</param>
    /// <param name="pass">0 for the first.</param>
    /// <returns>Whether the packet stops a stream.</returns>
    public bool Take(Span<byte> bytes, int pass)
    {
        if (PacketDecoder.Decode(bytes, out Packet packet) != PacketFault.None)
        {
            return false;
        }

        // Items are counted in the last two bytes of the header.
        int items = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        bool stops = false;
        for (int i = 0; i < items; i++)
        {
            Span<byte> at = bytes[(Wire.HeaderSize + (i * Wire.PointerSize))..];
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(at);
            if ((pointer & Wire.ImmediateBit) == 0)
            {
                continue;
            }

            ulong id = Wire.Id(pointer, packet.AddressBits);
            ulong value = Wire.Value(pointer, packet.AddressBits);
            stops |= id == ItemId.StreamControl && value == Wire.StreamStop;
            if ((id == ItemId.HeapCnt ? _cnts : id == timeItem ? _times : null) is not { } numbers)
            {
                continue;
            }

            if (pass == 0)
            {
                numbers.Look(value);
            }
            else
            {
                ulong shifted = Wire.Value(value + (numbers.Length * (ulong)pass), packet.AddressBits);
                BinaryPrimitives.WriteUInt64BigEndian(at, pointer - value + shifted);
            }
        }

        return stops;
    }

    /// <summary>The numbers that a pass has.</summary>
    private sealed class Numbers
    {
        private ulong _least = ulong.MaxValue;
        private ulong _most;
        private ulong _latest = ulong.MaxValue;
        private ulong _step = ulong.MaxValue;

        /// <summary>From the first to where the next pass begins: a step behind the last.</summary>
        public ulong Length => _most - _least + (_step == ulong.MaxValue ? 1 : _step);

        public void Look(ulong value)
        {
            if (_latest != ulong.MaxValue && _latest != value)
            {
                _step = Math.Min(_step, value > _latest ? value - _latest : _latest - value);
            }

            _latest = value;
            _least = Math.Min(_least, value);
            _most = Math.Max(_most, value);
        }
    }
}
