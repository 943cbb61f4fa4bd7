// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Managed;

/// <summary>
/// Puts IP packets together from their fragments, which may come in any order. So many packets at a time are waited for;
/// one more takes the place of the oldest. A fragment that overlaps what has come begins its packet again, because numbers
/// of packets recur, and what is put together is checked by its UDP checksum, where there is one.
/// </summary>
internal sealed class Fragments
{
    private const int Packets = 64;

    // Bytes that a packet's fragments may have: more than an IP packet can have.
    private const int MaxBytes = 65536;

    // Fragments but the last have a multiple of these bytes, and offsets are one.
    private const int Unit = 8;

    private readonly FragmentedPacket[] _packets = new FragmentedPacket[Packets];
    private long _begun;

    /// <summary>Fragments that were not used.</summary>
    public long Lost { get; private set; }

    /// <summary>Fragments that wait for others.</summary>
    public long Waiting
    {
        get
        {
            long count = 0;
            foreach (ref FragmentedPacket packet in _packets.AsSpan())
            {
                count += packet.Begun != 0 ? packet.Count : 0;
            }

            return count;
        }
    }

    /// <summary>
    /// Adds a fragment, which <see cref="Frame.Decode"/> has found to be one of UDP. If its packet is complete the frame
    /// becomes what decoding the whole one gives, in memory that does not move and is valid until the next fragment is
    /// added; else its kind is <see cref="FrameKind.Fragment"/>.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory for one more packet.</exception>
    public FrameKind Add(ref Frame frame)
    {
        int length = frame.Payload.Length;
        int end = frame.Offset + length;
        if (length == 0 || end >= MaxBytes || (frame.HasMore && length % Unit != 0))
        {
            Lost++;
            return FrameKind.Fragment;
        }

        int first = frame.Offset / Unit;
        int last = (end - 1) / Unit;
        ref FragmentedPacket packet = ref Find(frame);
        if (packet.Overlaps(first, last))
        {
            Begin(ref packet, frame);
        }

        packet.Mark(first, last);
        frame.Payload.CopyTo(packet.Bytes.AsSpan(frame.Offset));
        packet.Count++;
        packet.Received += length;
        packet.End = Math.Max(packet.End, end);
        packet.Length = frame.HasMore ? packet.Length : end;

        // Nothing overlaps, so that as many bytes as the packet has, none behind its end, are all.
        return packet.Received == packet.Length && packet.End == packet.Length
            ? Finish(ref packet, ref frame)
            : FrameKind.Fragment;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes, ulong sum)
    {
        for (; bytes.Length > 1; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    /// <summary>The checksum covers the addresses, too.</summary>
    private static bool HasRightChecksum(in FragmentedPacket packet, in Frame frame)
    {
        const int LengthAt = 4;
        const int ChecksumAt = 6;
        const int Header = 8;
        const byte ProtocolUdp = 17;
        ReadOnlySpan<byte> bytes = packet.Bytes.AsSpan(0, packet.Length);
        if (bytes.Length < Header || BinaryPrimitives.ReadUInt16BigEndian(bytes[ChecksumAt..]) == 0)
        {
            return true;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..]);
        ulong sum = ProtocolUdp + (ulong)length;
        sum = Sum(frame.Source, sum);
        sum = Sum(frame.Destination, sum);
        sum = Sum(bytes[..Math.Min(length, bytes.Length)], sum);
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return sum == ushort.MaxValue;
    }

    /// <summary>
    /// The packet that a fragment belongs to; if there is none, a new one in a free place, or in that of the oldest.
    /// </summary>
    private ref FragmentedPacket Find(in Frame frame)
    {
        int oldest = 0;
        for (int i = 0; i < Packets; i++)
        {
            if (_packets[i].IsOf(frame))
            {
                return ref _packets[i];
            }

            oldest = _packets[i].Begun < _packets[oldest].Begun ? i : oldest;
        }

        ref FragmentedPacket packet = ref _packets[oldest];
        packet.Bytes ??= GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);
        packet.Present ??= new byte[MaxBytes / Unit / 8];
        Begin(ref packet, frame);
        return ref packet;
    }

    private void Begin(ref FragmentedPacket packet, in Frame frame)
    {
        Lost += packet.Begun != 0 ? packet.Count : 0;
        packet.Begun = ++_begun;
        packet.Count = 0;
        packet.Length = 0;
        packet.Received = 0;
        packet.End = 0;
        packet.Identification = frame.Identification;
        packet.Source = SenderAddress.Of(frame.Source, 0);
        packet.Destination = SenderAddress.Of(frame.Destination, 0);
        packet.Present.AsSpan().Clear();
    }

    private FrameKind Finish(ref FragmentedPacket packet, ref Frame frame)
    {
        packet.Begun = 0;
        if (!HasRightChecksum(packet, frame))
        {
            Lost += packet.Count;
            return FrameKind.Fragment;
        }

        return frame.DecodeUdp(packet.Bytes.AsSpan(0, packet.Length));
    }

    /// <summary>What has come of a packet.</summary>
    private struct FragmentedPacket
    {
        /// <summary>A number that grows with each; 0: the place is free.</summary>
        public long Begun;

        /// <summary>Fragments that have come.</summary>
        public int Count;

        /// <summary>Of the packet, once its last fragment has come; else 0.</summary>
        public int Length;

        public int Received;

        /// <summary>Of the last byte that has come.</summary>
        public int End;

        public uint Identification;

        public SenderAddress Source;

        public SenderAddress Destination;

        /// <summary>A bit for each unit.</summary>
        public byte[] Present;

        public byte[] Bytes;

        public readonly bool IsOf(in Frame frame) => Begun != 0 && Identification == frame.Identification &&
            Source == SenderAddress.Of(frame.Source, 0) && Destination == SenderAddress.Of(frame.Destination, 0);

        public readonly bool Overlaps(int first, int last)
        {
            for (int unit = first; unit <= last; unit++)
            {
                if (((Present[unit / 8] >> (unit % 8)) & 1) != 0)
                {
                    return true;
                }
            }

            return false;
        }

        public readonly void Mark(int first, int last)
        {
            for (int unit = first; unit <= last; unit++)
            {
                Present[unit / 8] |= (byte)(1 << (unit % 8));
            }
        }
    }
}
