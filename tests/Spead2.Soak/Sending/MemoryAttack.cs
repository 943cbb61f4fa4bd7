// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Soak.Sending;

/// <summary>
/// Good heaps, and between their packets datagrams of a few bytes that ask the receiver for much memory: heaps without a
/// length that begin far apart, heaps of a gibibyte of which only a byte comes, and of which one byte comes here and
/// there. From one thread and to one port, so that how they follow on each other does not depend on the machine.
/// </summary>
internal sealed class MemoryAttack : Traffic
{
    /// <summary>Most bytes that a hostile heap gets apart from each other.</summary>
    public const int MostRanges = (int)(AnnouncedBytes / HugePageBytes);

    /// <summary>Payload bytes of a packet of a good heap, which has a whole number of them.</summary>
    public const int PacketBytes = 8192;

    private const int AddressBits = 48;
    private const ulong Immediate = 1UL << 63;
    private const ulong Header = 0x5304_0206_0000_0000;
    private const int PointerSize = sizeof(ulong);
    private const int Pointers = 4;
    private const int Kinds = 3;
    private const long AnnouncedBytes = 1L << 30;
    private const long HugePageBytes = 2 << 20;

    // As far as the limits of gaps and of heaps allow, and now and then farther.
    private const long GapBytes = 16 << 20;
    private const int StepsOfUnsized = 60;

    private readonly byte[] _packet = new byte[(1 + Pointers) * PointerSize + PacketBytes];
    private readonly int _heaps;
    private readonly bool _reusesCnts;
    private readonly double _hostilePerPacket;
    private readonly ManualResetEventSlim _finished = new();
    private double _due;
    private int _sent;
    private ulong _unsized = Cnts.FirstHostile;
    private ulong _announced = Cnts.FirstHostile + 1;
    private ulong _sparse = Cnts.FirstHostile + 2;
    private int _stepsOfUnsized;
    private int _stepsOfSparse;
    private long _hostile;

    /// <summary>Makes the sender.</summary>
    public MemoryAttack(int port, AttackSettings settings)
        : base(port, settings.BytesPerSecond)
    {
        _heaps = settings.Heaps;
        _reusesCnts = settings.ReusesCnts;
        _hostilePerPacket = settings.HostilePerSecond * PacketBytes / settings.BytesPerSecond;
    }

    /// <summary>Hostile datagrams that were sent.</summary>
    public long HostileDatagrams => Volatile.Read(ref _hostile);

    /// <summary>Waits until all good heaps have been sent.</summary>
    public bool WaitUntilFinished(TimeSpan deadline) => _finished.Wait(deadline);

    /// <summary>What a packet of a good heap begins with.</summary>
    public static ulong Mark(ulong cnt, int packet) => (cnt * AttackSettings.HeapBytes) + (ulong)packet;

    protected override void Step()
    {
        if (_sent == _heaps)
        {
            _finished.Set();
            Thread.Sleep(1);
            return;
        }

        ulong cnt = (ulong)++_sent;
        for (int packet = 0; packet < AttackSettings.HeapBytes / PacketBytes; packet++)
        {
            int start = Write(cnt, AttackSettings.HeapBytes, packet * (long)PacketBytes, PacketBytes);
            BinaryPrimitives.WriteUInt64BigEndian(_packet.AsSpan(start), Mark(cnt, packet));
            Send(_packet.AsSpan(0, start + PacketBytes));
            for (_due += _hostilePerPacket; _due >= 1; _due--)
            {
                SendHostile();
            }
        }
    }

    private void SendHostile()
    {
        SendByte(NextUnsized(), null, UnsizedOffset());
        SendByte(NextAnnounced(), AnnouncedBytes, 0);
        SendByte(NextSparse(), AnnouncedBytes, _stepsOfSparse * HugePageBytes);
        Volatile.Write(ref _hostile, _hostile + Kinds);
    }

    private ulong NextUnsized()
    {
        _stepsOfUnsized = (_stepsOfUnsized + 1) % StepsOfUnsized;
        _unsized += _stepsOfUnsized == 0 && !_reusesCnts ? Kinds : 0UL;
        return _unsized;
    }

    private long UnsizedOffset() => _stepsOfUnsized == StepsOfUnsized / 2
        ? AnnouncedBytes - 1
        : _stepsOfUnsized % (StepsOfUnsized / 2) * GapBytes;

    private ulong NextAnnounced()
    {
        _announced += _reusesCnts ? 0UL : Kinds;
        return _reusesCnts ? _sparse : _announced;
    }

    private ulong NextSparse()
    {
        _stepsOfSparse = (_stepsOfSparse + 1) % MostRanges;
        _sparse += _stepsOfSparse == 0 && !_reusesCnts ? Kinds : 0UL;
        return _sparse;
    }

    private void SendByte(ulong cnt, long? length, long offset)
    {
        int start = Write(cnt, length, offset, 1);
        Send(_packet.AsSpan(0, start + 1));
    }

    // All but the payload; gives where that begins.
    private int Write(ulong cnt, long? length, long offset, int payload)
    {
        int position = 0;
        Add(Header | (uint)(length is null ? Pointers - 1 : Pointers));
        Add(Pointer(ItemId.HeapCnt, cnt));
        if (length is not null)
        {
            Add(Pointer(ItemId.HeapLength, (ulong)length));
        }

        Add(Pointer(ItemId.PayloadOffset, (ulong)offset));
        Add(Pointer(ItemId.PayloadLength, (ulong)payload));
        return position;

        void Add(ulong value)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_packet.AsSpan(position), value);
            position += PointerSize;
        }
    }

    private static ulong Pointer(long id, ulong value) => Immediate | ((ulong)id << AddressBits) | value;
}
