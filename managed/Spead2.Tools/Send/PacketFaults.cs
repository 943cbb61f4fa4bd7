// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>
/// Loses, repeats, reorders and damages packets on purpose, the same ones for the same seed, and hands on what is left. Not safe
/// for use by several threads at once.
/// </summary>
/// <param name="drop">Part of the packets that are lost, 0 to 1.</param>
/// <param name="duplicate">Part of the packets that come twice, 0 to 1.</param>
/// <param name="reorder">Most packets that overtake a packet; 0: none.</param>
/// <param name="seed">Of the random numbers.</param>
/// <param name="corrupt">Part of the packets of which one bit is wrong, 0 to 1.</param>
internal sealed class PacketFaults(double drop, double duplicate, int reorder, int seed, double corrupt = 0)
{
    private const int BitsPerByte = 8;

    private readonly Random _random = new(seed);

    // Packets that others may overtake, the oldest first.
    private readonly List<Waiting> _waiting = [];

    /// <summary>Packets that were lost.</summary>
    public long Dropped { get; private set; }

    /// <summary>Packets that came twice.</summary>
    public long Duplicated { get; private set; }

    /// <summary>Packets that overtook another one.</summary>
    public long Reordered { get; private set; }

    /// <summary>Packets of which a bit is wrong.</summary>
    public long Corrupted { get; private set; }

    /// <summary>Takes a packet, and hands over what it says that comes now.</summary>
    /// <param name="substream">Which destination it is for.</param>
    /// <param name="packet">The packet; copied if it has to wait.</param>
    /// <param name="next">Where packets go.</param>
    public void Take(int substream, ReadOnlySpan<byte> packet, PacketFunction next)
    {
        if (_random.NextDouble() < drop)
        {
            Dropped++;
            return;
        }

        bool twice = _random.NextDouble() < duplicate;
        Duplicated += twice ? 1 : 0;
        for (int i = twice ? 2 : 1; i > 0; i--)
        {
            _waiting.Add(new(substream, Damage(packet.ToArray())));
            if (_waiting.Count > reorder)
            {
                HandOver(_waiting[0].Overtaken == reorder ? 0 : _random.Next(_waiting.Count), next);
            }
        }
    }

    /// <summary>Hands over all packets that wait.</summary>
    public void Flush(PacketFunction next)
    {
        while (_waiting.Count != 0)
        {
            HandOver(0, next);
        }
    }

    private byte[] Damage(byte[] packet)
    {
        // Without damage no number is drawn: the others stay what they are for a seed.
        if (corrupt > 0 && packet.Length > 0 && _random.NextDouble() < corrupt)
        {
            Corrupted++;
            packet[_random.Next(packet.Length)] ^= (byte)(1 << _random.Next(BitsPerByte));
        }

        return packet;
    }

    private void HandOver(int index, PacketFunction next)
    {
        Waiting packet = _waiting[index];
        _waiting.RemoveAt(index);
        _waiting.Take(index).ToList().ForEach(older => older.Overtaken++);
        Reordered += index != 0 ? 1 : 0;
        next(packet.Substream, packet.Bytes);
    }

    private sealed class Waiting(int substream, byte[] bytes)
    {
        public int Substream => substream;

        public byte[] Bytes => bytes;

        public int Overtaken { get; set; }
    }
}
