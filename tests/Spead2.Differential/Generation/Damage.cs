// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Generation;

/// <summary>What goes wrong with single packets, on the way or at a sender.</summary>
internal static class Damage
{
    /// <summary>A packet with something wrong, as bytes.</summary>
    public static byte[] Do(Dice dice, Draft packet) => dice.Below(3) == 0
        ? InBytes(dice, packet.Encode())
        : InFields(dice, packet.Copy()).Encode();

    /// <summary>A wrong packet that is still one, more often than not.</summary>
    private static Draft InFields(Dice dice, Draft packet)
    {
        int special = dice.Between(ItemId.HeapCnt, ItemId.PayloadLength);
        int index = packet.IndexOf(special);
        switch (dice.Below(8))
        {
            case 0 when index >= 0:
                packet.Pointers.RemoveAt(index);
                return packet;
            case 1:
                packet.Pointers.Insert(
                    dice.Below(packet.Pointers.Count + 1),
                    packet.Immediate(special, OtherValue(dice, packet, index)));
                return packet;
            case 2 when index >= 0:
                packet.Pointers[index] = packet.Address(special, packet.ValueAt(index));
                return packet;
            case 3:
                dice.Shuffle(packet.Pointers, 0, packet.Pointers.Count);
                return packet;
            case 4:
                return InOtherFlavour(packet, dice.Pick(8, 16, 24, 32, 40, 48, 56));
            case 5:
                return Shortened(dice, packet);
            case 6:
                packet.Pointers.Add(packet.Address(dice.Below(8), dice.Below(400)));
                return packet;
            default:
                if (index >= 0)
                {
                    packet.Pointers[index] = packet.Immediate(special, OtherValue(dice, packet, index));
                }

                return packet;
        }
    }

    private static long OtherValue(Dice dice, Draft packet, int index)
    {
        long value = index >= 0 ? packet.ValueAt(index) : 0;
        return dice.Pick(
            value + 1, value - 1, value + 8, value - 8, 0, packet.LargestValue, dice.Below(400), (long)dice.Bits());
    }

    /// <summary>The same fields in item pointers of other widths.</summary>
    private static Draft InOtherFlavour(Draft packet, int addressBits)
    {
        Draft other = packet with { AddressBits = addressBits, Pointers = [] };
        foreach (Model.Pointer pointer in packet.Pointers.Select(bits => Model.Pointer.Of(bits, packet.AddressBits)))
        {
            other.Pointers.Add(pointer.IsImmediate
                ? other.Immediate(pointer.Id, pointer.Value)
                : other.Address(pointer.Id, pointer.Value));
        }

        return other;
    }

    /// <summary>Less payload, and a length that says so.</summary>
    private static Draft Shortened(Dice dice, Draft packet)
    {
        int index = packet.IndexOf(ItemId.PayloadLength);
        int left = dice.Below(packet.Payload.Length + 1);
        if (index >= 0)
        {
            packet.Pointers[index] = packet.Immediate(ItemId.PayloadLength, left);
        }

        return packet with { Payload = packet.Payload[..left] };
    }

    private static byte[] InBytes(Dice dice, byte[] packet)
    {
        int pointersEnd = Math.Min(packet.Length, 8 + (8 * packet[7]));
        switch (dice.Below(8))
        {
            case 0:
                return packet[..dice.Below(packet.Length + 1)];
            case 1:
                return [.. packet, .. dice.Bytes(dice.Between(1, 9))];
            case 2:
                return [];
            case 3:
                return dice.Bytes(dice.Below(dice.Pick(9, 80)));
            case 4:
                return Flipped(8);
            case 5:
                return Flipped(pointersEnd);
            case 6:
                // A width of the flavour.
                packet[dice.Between(2, 3)] = (byte)dice.Pick(0, 0, 8, 255);
                return packet;
            default:
                return Flipped(packet.Length);
        }

        byte[] Flipped(int end)
        {
            packet[dice.Below(end)] ^= (byte)(1 << dice.Below(8));
            return packet;
        }
    }
}
