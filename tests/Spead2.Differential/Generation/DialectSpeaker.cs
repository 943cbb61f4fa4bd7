// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Differential.Generation;

/// <summary>Chooses the dialect of a trace, and has packets break the rules that a dialect may allow.</summary>
/// <remarks>It has dice of its own, so that the traces of a seed that have no dialect stay as they are.</remarks>
internal sealed class DialectSpeaker
{
    // Any number that makes these dice others than those of the rest of the trace.
    private const ulong OtherDice = 0xd1a1ec7;

    private readonly Dice _dice;
    private readonly DialectFlags _dialect;
    private readonly long _item;
    private readonly int _percent;

    public DialectSpeaker(ulong seed)
    {
        _dice = new Dice(seed ^ OtherDice);
        bool isNamed = _dice.Chance(50);
        DialectFlags dialect = isNamed
            ? _dice.Pick([.. Dialect.GetNames().Select(name => Dialect.Find(name)!.Flags)])
            : (DialectFlags)_dice.Below(256);
        _dialect = _dice.Chance(60) ? DialectFlags.None : dialect;
        _item = _dice.Pick(Dialect.SkaLowItemId, 7, 0x1000, (1L << 55) - 1);

        // Those who speak no dialect are spoken to in one, too, now and then.
        _percent = _dialect == DialectFlags.None ? _dice.Pick(0, 0, 0, 5) : _dice.Pick(10, 50, 100);
    }

    /// <summary>The options of a trace with its dialect.</summary>
    public TraceOptions Set(TraceOptions options) => _dialect.HasFlag(DialectFlags.UnpointedItem)
        ? options with { Dialect = _dialect, DialectItem = _item }
        : options with { Dialect = _dialect };

    /// <summary>The packet, or one that breaks a rule.</summary>
    public Draft Say(Draft packet)
    {
        if (!_dice.Chance(_percent))
        {
            return packet;
        }

        Draft spoken = packet.Copy();
        switch (_dice.Below(8))
        {
            case 0:
                Leave(spoken, ItemId.PayloadOffset);
                break;
            case 1:
                Leave(spoken, ItemId.PayloadLength);
                break;
            case 2:
                Leave(spoken, ItemId.HeapLength);
                Leave(spoken, ItemId.PayloadOffset);
                break;
            case 3:
                Leave(spoken, ItemId.HeapLength);
                Leave(spoken, ItemId.PayloadOffset);
                Leave(spoken, ItemId.PayloadLength);
                spoken = _dice.Chance(50) ? spoken with { Payload = [] } : spoken;
                if (_dice.Chance(50))
                {
                    spoken.Pointers.Add(spoken.Immediate(ItemId.StreamControl, _dice.Pick(0, 2)));
                }

                break;
            case 4:
                Change(spoken, _dice.Pick(ItemId.HeapLength, ItemId.PayloadOffset), _dice.Below(400));
                break;
            case 5:
                Change(spoken, ItemId.PayloadLength, 0);
                break;
            case 6:
                Leave(spoken, ItemId.HeapLength);
                break;
            default:
                spoken.Pointers.RemoveAll(pointer => pointer >> 63 == 0);
                break;
        }

        return spoken;
    }

    private static void Leave(Draft packet, long id)
    {
        for (int at = packet.IndexOf(id); at >= 0; at = packet.IndexOf(id))
        {
            packet.Pointers.RemoveAt(at);
        }
    }

    private static void Change(Draft packet, long id, long value)
    {
        if (packet.IndexOf(id) is var at and >= 0)
        {
            packet.Pointers[at] = packet.Immediate(id, value);
        }
    }
}
