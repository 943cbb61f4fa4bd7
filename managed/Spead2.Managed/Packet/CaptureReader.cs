// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Managed;

/// <summary>
/// Capture files, record by record: pcap (microseconds or nanoseconds, either byte order) and pcapng (sections, interfaces
/// with their own link types and time resolutions, enhanced, simple and obsolete packet blocks; other blocks are passed
/// over). It sees a window of the file that its caller moves on.
/// </summary>
internal sealed class CaptureReader
{
    /// <summary>
    /// Longest record that is looked at; longer ones are passed over and counted. Captures of segmented sends have up to
    /// 64 KiB, and libpcap writes at most 256 KiB.
    /// </summary>
    public const int MaxRecord = 512 << 10;

    // Interfaces of a section that are known; packets of further ones are passed over and counted.
    private const int MaxInterfaces = 1024;

    // pcap: magic numbers, as the writing host stores them.
    private const uint PcapMicroseconds = 0xa1b2c3d4;
    private const uint PcapNanoseconds = 0xa1b23c4d;
    private const int PcapHeader = 24;
    private const int PcapRecordHeader = 16;

    // pcapng: block types and options (draft-ietf-opsawg-pcapng).
    private const uint BlockSection = 0x0a0d0d0a;
    private const uint BlockInterface = 1;
    private const uint BlockObsoletePacket = 2;
    private const uint BlockSimplePacket = 3;
    private const uint BlockEnhancedPacket = 6;
    private const uint ByteOrderMagic = 0x1a2b3c4d;
    private const int OptionEnd = 0;
    private const int OptionTimeResolution = 9;
    private const int OptionTimeOffset = 14;

    // Type and length at the start of a block, and its length again at the end.
    private const int BlockStart = 8;
    private const int BlockOverhead = 12;

    private const ulong UsPerSecond = 1_000_000;
    private const ulong NsPerSecond = 1_000_000_000;

    private readonly List<Interface> _interfaces = [];
    private bool _begun;
    private bool _swapped;
    private uint _snapLength;

    /// <summary>Whether the file is of pcapng.</summary>
    public bool IsPcapng { get; private set; }

    /// <summary>Link type of the first interface, which is the only one of pcap.</summary>
    public uint FirstLink => _interfaces.Count == 0 ? 0 : _interfaces[0].Link;

    /// <summary>
    /// Looks at a window that begins with a record. <paramref name="size"/> is how many bytes the record has, by which the
    /// window is to be moved on; it may be more than are there where the record need not be looked at. With
    /// <see cref="CaptureEvent.More"/> it is how many bytes are needed.
    /// </summary>
    public CaptureEvent Next(ReadOnlySpan<byte> window, out long size, out CaptureRecord record)
    {
        size = 0;
        record = default;
        return !_begun ? Begin(window, out size)
            : IsPcapng ? NextPcapng(window, out size, out record)
            : NextPcap(window, out size, out record);
    }

    private static CaptureEvent Need(out long size, int bytes)
    {
        size = bytes;
        return CaptureEvent.More;
    }

    private static bool IsPacket(uint type) => type is BlockEnhancedPacket or BlockObsoletePacket or BlockSimplePacket;

    /// <summary>if_tsresol: a negative power of ten or, with the upper bit, of two. 0: none that can be used.</summary>
    private static ulong TimeUnits(byte resolution)
    {
        int power = resolution & 0x7f;
        if ((resolution & 0x80) != 0)
        {
            return power < 64 ? 1ul << power : 0;
        }

        ulong units = 1;
        for (int i = 0; i < power; i++)
        {
            if (units > ulong.MaxValue / 10)
            {
                return 0;
            }

            units *= 10;
        }

        return units;
    }

    private uint Get32(ReadOnlySpan<byte> bytes) => _swapped
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private ushort Get16(ReadOnlySpan<byte> bytes) => _swapped
        ? BinaryPrimitives.ReadUInt16BigEndian(bytes)
        : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private CaptureEvent Begin(ReadOnlySpan<byte> window, out long size)
    {
        if (window.Length < sizeof(uint))
        {
            return Need(out size, sizeof(uint));
        }

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(window);
        if (magic == BlockSection)
        {
            return BeginSection(window, out size);
        }

        _swapped = magic is not (PcapMicroseconds or PcapNanoseconds);
        magic = _swapped ? BinaryPrimitives.ReverseEndianness(magic) : magic;
        size = 0;
        if (magic is not (PcapMicroseconds or PcapNanoseconds))
        {
            return CaptureEvent.Damaged;
        }

        if (window.Length < PcapHeader)
        {
            return Need(out size, PcapHeader);
        }

        // The upper bits say how frames end.
        _interfaces.Add(new(
            Get32(window[20..]) & 0x0fffffff, magic == PcapNanoseconds ? NsPerSecond : UsPerSecond, 0));
        _begun = true;
        size = PcapHeader;
        return CaptureEvent.Other;
    }

    private CaptureEvent NextPcap(ReadOnlySpan<byte> window, out long size, out CaptureRecord record)
    {
        record = default;
        if (window.Length < PcapRecordHeader)
        {
            return Need(out size, PcapRecordHeader);
        }

        uint length = Get32(window[8..]);
        size = PcapRecordHeader + (long)length;
        if (size > MaxRecord)
        {
            return CaptureEvent.TooLong;
        }

        if (window.Length < size)
        {
            return CaptureEvent.More;
        }

        Interface @interface = _interfaces[0];
        ulong time = ((ulong)Get32(window) * @interface.Units) + Get32(window[4..]);
        record = new(PcapRecordHeader, (int)length, Get32(window[12..]), @interface.Link, @interface.ToNs(time));
        return length < record.OriginalLength ? CaptureEvent.Truncated : CaptureEvent.Frame;
    }

    /// <summary>A section says the byte order of what follows, and has interfaces of its own.</summary>
    private CaptureEvent BeginSection(ReadOnlySpan<byte> window, out long size)
    {
        const int Least = 28;
        const int MagicAt = 8;
        if (window.Length < MagicAt + sizeof(uint))
        {
            return Need(out size, MagicAt + sizeof(uint));
        }

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(window[MagicAt..]);
        size = 0;
        if (magic != ByteOrderMagic && BinaryPrimitives.ReverseEndianness(magic) != ByteOrderMagic)
        {
            return CaptureEvent.Damaged;
        }

        _swapped = magic != ByteOrderMagic;
        IsPcapng = true;
        _begun = true;
        _interfaces.Clear();
        size = Get32(window[4..]);
        return size >= Least && size % 4 == 0 ? CaptureEvent.Other : CaptureEvent.Damaged;
    }

    private CaptureEvent NextPcapng(ReadOnlySpan<byte> window, out long size, out CaptureRecord record)
    {
        record = default;
        if (window.Length < BlockStart)
        {
            return Need(out size, BlockStart);
        }

        uint type = Get32(window);
        if (type == BlockSection)
        {
            return BeginSection(window, out size);
        }

        size = Get32(window[4..]);
        if (size < BlockOverhead || size % 4 != 0)
        {
            return CaptureEvent.Damaged;
        }

        if (!IsPacket(type) && type != BlockInterface)
        {
            return CaptureEvent.Other;
        }

        if (size > MaxRecord)
        {
            return type == BlockInterface ? CaptureEvent.Damaged : CaptureEvent.TooLong;
        }

        if (window.Length < size)
        {
            return CaptureEvent.More;
        }

        ReadOnlySpan<byte> body = window[BlockStart..((int)size - 4)];
        if (Get32(window[((int)size - 4)..]) != size)
        {
            return CaptureEvent.Damaged;
        }

        return type switch
        {
            BlockInterface => AddInterface(body),
            BlockSimplePacket => ReadSimple(body, out record),
            _ => ReadPacket(body, type == BlockObsoletePacket, out record),
        };
    }

    private CaptureEvent AddInterface(ReadOnlySpan<byte> body)
    {
        const int Fixed = 8;
        if (body.Length < Fixed)
        {
            return CaptureEvent.Damaged;
        }

        if (_interfaces.Count == 0)
        {
            _snapLength = Get32(body[4..]);
        }

        if (_interfaces.Count < MaxInterfaces)
        {
            _interfaces.Add(ReadOptions(body[Fixed..], new(Get16(body), UsPerSecond, 0)));
        }

        return CaptureEvent.Other;
    }

    private Interface ReadOptions(ReadOnlySpan<byte> options, Interface @interface)
    {
        while (options.Length >= 4)
        {
            int code = Get16(options);
            int size = Get16(options[2..]);
            int padded = 4 + ((size + 3) / 4 * 4);
            if (code == OptionEnd || padded > options.Length)
            {
                break;
            }

            if (code == OptionTimeResolution && size >= 1 && TimeUnits(options[4]) != 0)
            {
                @interface = @interface with { Units = TimeUnits(options[4]) };
            }
            else if (code == OptionTimeOffset && size >= 8)
            {
                @interface = @interface with
                {
                    OffsetSeconds = _swapped
                        ? BinaryPrimitives.ReadInt64BigEndian(options[4..])
                        : BinaryPrimitives.ReadInt64LittleEndian(options[4..]),
                };
            }

            options = options[padded..];
        }

        return @interface;
    }

    /// <summary>A packet block that says its interface, time and lengths.</summary>
    private CaptureEvent ReadPacket(ReadOnlySpan<byte> body, bool obsolete, out CaptureRecord record)
    {
        const int Fixed = 20;
        record = default;
        if (body.Length < Fixed)
        {
            return CaptureEvent.Damaged;
        }

        uint number = obsolete ? Get16(body) : Get32(body);
        uint captured = Get32(body[12..]);
        if (captured > body.Length - Fixed)
        {
            return CaptureEvent.Damaged;
        }

        if (number >= _interfaces.Count)
        {
            return CaptureEvent.NoInterface;
        }

        Interface @interface = _interfaces[(int)number];
        ulong time = ((ulong)Get32(body[4..]) << 32) | Get32(body[8..]);
        record = new(BlockStart + Fixed, (int)captured, Get32(body[16..]), @interface.Link, @interface.ToNs(time));
        return captured < record.OriginalLength ? CaptureEvent.Truncated : CaptureEvent.Frame;
    }

    /// <summary>A packet block that says nothing but the length: of the first interface, without a time.</summary>
    private CaptureEvent ReadSimple(ReadOnlySpan<byte> body, out CaptureRecord record)
    {
        const int Fixed = 4;
        record = default;
        if (body.Length < Fixed)
        {
            return CaptureEvent.Damaged;
        }

        if (_interfaces.Count == 0)
        {
            return CaptureEvent.NoInterface;
        }

        uint original = Get32(body);
        uint captured = Math.Min(original, _snapLength == 0 ? uint.MaxValue : _snapLength);
        if (captured > body.Length - Fixed)
        {
            return CaptureEvent.Damaged;
        }

        record = new(BlockStart + Fixed, (int)captured, original, _interfaces[0].Link, null);
        return captured < original ? CaptureEvent.Truncated : CaptureEvent.Frame;
    }

    /// <summary>What is captured at.</summary>
    /// <param name="Link">Link type.</param>
    /// <param name="Units">Units of time in a second.</param>
    /// <param name="OffsetSeconds">What is to be added to times.</param>
    private readonly record struct Interface(uint Link, ulong Units, long OffsetSeconds)
    {
        /// <summary>Units of time since 1970 as nanoseconds; units finer than these are rounded down.</summary>
        public long ToNs(ulong time)
        {
            ulong seconds = time / Units;
            ulong rest = time % Units;
            ulong ns = Units <= NsPerSecond
                ? (rest * (NsPerSecond / Units)) + (rest * (NsPerSecond % Units) / Units)
                : (ulong)(rest * (NsPerSecond / (double)Units));
            return (long)(((seconds + (ulong)OffsetSeconds) * NsPerSecond) + ns);
        }
    }
}
