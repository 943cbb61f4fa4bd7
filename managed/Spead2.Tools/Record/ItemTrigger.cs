// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Managed;

namespace Spead2.Tools.Record;

/// <summary>
/// Notices when an immediate item gets a value: once, until it had another one. Packets without the item say nothing.
/// </summary>
/// <param name="id">Which item.</param>
/// <param name="value">Which value.</param>
internal sealed class ItemTrigger(ulong id, ulong value)
{
    private bool _hasValue;

    /// <summary>Looks at a packet; true if it is the first with the value.</summary>
    public bool Look(in Packet packet)
    {
        for (int i = 0; i < packet.ItemCount; i++)
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(packet.Items[(i * Wire.PointerSize)..]);
            if ((pointer & Wire.ImmediateBit) != 0 && Wire.Id(pointer, packet.AddressBits) == id)
            {
                bool had = _hasValue;
                _hasValue = Wire.Value(pointer, packet.AddressBits) == value;
                return _hasValue && !had;
            }
        }

        return false;
    }
}
