// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Tools.CaptureFiles;

/// <summary>
/// How captures are written: IP packets without link headers, with nanoseconds, little-endian. Nothing is allocated.
/// </summary>
internal abstract class CaptureFormat
{
    /// <summary>What lengths of files can be made a multiple of: a block of every disk's.</summary>
    public const int Alignment = 4096;

    // Packets begin with the header of IP, version 4 or 6: LINKTYPE_RAW of the pcap documentation.
    private const int LinkType = 101;

    /// <summary>pcapng: draft-ietf-opsawg-pcapng.</summary>
    public static CaptureFormat Pcapng { get; } = new PcapngFormat();

    /// <summary>pcap: draft-ietf-opsawg-pcap, with nanoseconds.</summary>
    public static CaptureFormat Pcap { get; } = new PcapFormat();

    /// <summary>The format of a file with this name: pcap if it ends in .pcap, also before .zst, else pcapng.</summary>
    public static CaptureFormat OfOutput(string path)
    {
        string name = Compression.IsZstd(path) ? Path.GetFileNameWithoutExtension(path) : path;
        return name.EndsWith(".pcap", StringComparison.OrdinalIgnoreCase) ? Pcap : Pcapng;
    }

    /// <summary>Whether <see cref="Pad"/> can make lengths multiples of <see cref="Alignment"/>.</summary>
    public abstract bool IsAligned { get; }

    /// <summary>Room that <see cref="Pad"/> needs at most.</summary>
    public abstract int MostPadding { get; }

    /// <summary>Writes what a file begins with, before padding; gives how many bytes it is.</summary>
    public abstract int WriteStart(Span<byte> bytes);

    /// <summary>Bytes of a record with a packet of this length.</summary>
    public abstract int RecordSize(int length);

    /// <summary>Writes a record but for its packet; gives where that belongs.</summary>
    /// <param name="record">As many bytes as <see cref="RecordSize"/> says.</param>
    /// <param name="timeNs">Nanoseconds since 1970.</param>
    /// <param name="length">Bytes of the packet.</param>
    public abstract Span<byte> WriteRecord(Span<byte> record, long timeNs, int length);

    /// <summary>Reads the size and the time of a record that was written here.</summary>
    public abstract int ReadRecord(ReadOnlySpan<byte> record, out long timeNs);

    /// <summary>
    /// Makes a length a multiple of <see cref="Alignment"/>, where the format has blocks for that; gives how many bytes that
    /// takes.
    /// </summary>
    /// <param name="bytes">What is behind the last record.</param>
    /// <param name="length">Bytes before that.</param>
    /// <param name="timeNs">Now.</param>
    /// <param name="counts">What is known to be there and not to be.</param>
    public abstract int Pad(Span<byte> bytes, int length, long timeNs, CaptureCounts counts);

    private sealed class PcapngFormat : CaptureFormat
    {
        private const int Section = 0x0a0d0d0a;
        private const int Interface = 1;
        private const int Packet = 6;
        private const int Statistics = 5;
        private const int ByteOrder = 0x1a2b3c4d;

        // Options: code, length, value.
        private const int TimeResolution = 9;
        private const int Nanoseconds = 9;
        private const int Received = 4;
        private const int Dropped = 5;

        // Codes with this bit are everybody's own: readers pass them over.
        private const int Padding = 0x8000;

        private const int BlockOverhead = 12;
        private const int PacketOverhead = BlockOverhead + 20;
        private const int CountOption = 4 + sizeof(long);
        private const int LeastPadding = BlockOverhead + 12 + (2 * CountOption) + 4 + 4;

        public override bool IsAligned => true;

        public override int MostPadding => Alignment + LeastPadding;

        public override int WriteStart(Span<byte> bytes)
        {
            const int SectionSize = BlockOverhead + 16;
            const int InterfaceSize = BlockOverhead + 8 + 8 + 4;
            bytes = bytes[..(SectionSize + InterfaceSize)];
            bytes.Clear();
            Span<byte> body = Block(bytes[..SectionSize], Section);
            Put(body, ByteOrder);
            body[4] = 1;
            BinaryPrimitives.WriteInt64LittleEndian(body[8..], -1);

            body = Block(bytes[SectionSize..], Interface);
            Put(body, LinkType);
            Put(body[8..], TimeResolution | (1 << 16));
            body[12] = Nanoseconds;
            return bytes.Length;
        }

        public override int RecordSize(int length) => PacketOverhead + ((length + 3) / 4 * 4);

        public override Span<byte> WriteRecord(Span<byte> record, long timeNs, int length)
        {
            Span<byte> body = Block(record, Packet);
            Put(body, 0);
            PutTime(body[4..], timeNs);
            Put(body[12..], length);
            Put(body[16..], length);
            body[(20 + length)..].Clear();
            return body.Slice(20, length);
        }

        public override int ReadRecord(ReadOnlySpan<byte> record, out long timeNs)
        {
            timeNs = ((long)BinaryPrimitives.ReadUInt32LittleEndian(record[12..]) << 32) |
                BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
            return BinaryPrimitives.ReadInt32LittleEndian(record[4..]);
        }

        public override int Pad(Span<byte> bytes, int length, long timeNs, CaptureCounts counts)
        {
            int size = Alignment - (length % Alignment);
            size += size < LeastPadding ? Alignment : 0;
            bytes = bytes[..size];
            bytes.Clear();
            Span<byte> body = Block(bytes, Statistics);
            PutTime(body[4..], timeNs);
            PutCount(body[12..], Received, counts.Received);
            PutCount(body[(12 + CountOption)..], Dropped, counts.Dropped);
            Put(body[(12 + (2 * CountOption))..], Padding | ((size - LeastPadding) << 16));
            return size;
        }

        /// <summary>Writes what surrounds a block; gives its body.</summary>
        private static Span<byte> Block(Span<byte> block, int type)
        {
            Put(block, type);
            Put(block[4..], block.Length);
            Put(block[^4..], block.Length);
            return block[8..^4];
        }

        private static void PutTime(Span<byte> bytes, long timeNs)
        {
            Put(bytes, (int)(timeNs >> 32));
            Put(bytes[4..], (int)timeNs);
        }

        private static void PutCount(Span<byte> bytes, int code, long count)
        {
            Put(bytes, code | (sizeof(long) << 16));
            BinaryPrimitives.WriteInt64LittleEndian(bytes[4..], count);
        }
    }

    private sealed class PcapFormat : CaptureFormat
    {
        private const int Magic = unchecked((int)0xa1b23c4d);
        private const int StartSize = 24;
        private const int Overhead = 16;
        private const int Version = 2 | (4 << 16);
        private const int NsPerSecond = 1_000_000_000;

        public override bool IsAligned => false;

        public override int MostPadding => 0;

        public override int WriteStart(Span<byte> bytes)
        {
            bytes[..StartSize].Clear();
            Put(bytes, Magic);
            Put(bytes[4..], Version);
            Put(bytes[16..], Managed.CaptureReader.MaxRecord);
            Put(bytes[20..], LinkType);
            return StartSize;
        }

        public override int RecordSize(int length) => Overhead + length;

        public override Span<byte> WriteRecord(Span<byte> record, long timeNs, int length)
        {
            Put(record, (int)(timeNs / NsPerSecond));
            Put(record[4..], (int)(timeNs % NsPerSecond));
            Put(record[8..], length);
            Put(record[12..], length);
            return record.Slice(Overhead, length);
        }

        public override int ReadRecord(ReadOnlySpan<byte> record, out long timeNs)
        {
            timeNs = (BinaryPrimitives.ReadUInt32LittleEndian(record) * (long)NsPerSecond) +
                BinaryPrimitives.ReadUInt32LittleEndian(record[4..]);
            return Overhead + BinaryPrimitives.ReadInt32LittleEndian(record[8..]);
        }

        public override int Pad(Span<byte> bytes, int length, long timeNs, CaptureCounts counts) => 0;
    }

    private static void Put(Span<byte> bytes, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
}
