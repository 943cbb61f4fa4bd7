// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Soak.Sending;

/// <summary>
/// An honest sender behind a bad network: several heaps at once, packets lost, repeated, overtaken, and those of decoys
/// damaged.
/// </summary>
internal sealed class FaultyTraffic : Traffic
{
    /// <summary>Most content of a heap.</summary>
    public const int LargestHeap = 1 << 20;

    private const int MostOpenHeaps = 8;
    private const int MostLate = 16;
    private const int LongestDelay = 64;
    private const int RoomForDamage = 64;

    private readonly OpenHeap[] _heaps;
    private readonly byte[] _packet = new byte[OpenHeap.LargestPacket + RoomForDamage];
    private readonly (byte[] Packet, int Length, int Delay)[] _late;
    private readonly Random _random;
    private readonly HeapToSend _end = new();
    private volatile TrafficMix _mix = TrafficMix.Faultless;
    private ulong _cnt;
    private long _lost;
    private long _repeated;
    private long _overtaken;
    private long _damaged;

    public FaultyTraffic(int port, double bytesPerSecond, int seed)
        : base(port, bytesPerSecond)
    {
        _random = new Random(seed);
        _heaps = [.. Enumerable.Range(0, MostOpenHeaps).Select(_ => new OpenHeap(LargestHeap))];
        _late = [.. Enumerable.Range(0, MostLate).Select(_ => (new byte[_packet.Length], 0, 0))];
        _end.AddEnd();
    }

    /// <summary>What happens to packets from now on.</summary>
    public TrafficMix Mix
    {
        get => _mix;
        set => _mix = value;
    }

    /// <summary>Heaps that were begun, decoys among them.</summary>
    public long Heaps => (long)Volatile.Read(ref _cnt);

    /// <summary>Packets that were not sent.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Packets that were sent twice.</summary>
    public long Repeated => Volatile.Read(ref _repeated);

    /// <summary>Packets that were sent after later ones.</summary>
    public long Overtaken => Volatile.Read(ref _overtaken);

    /// <summary>Packets that were damaged.</summary>
    public long Damaged => Volatile.Read(ref _damaged);

    /// <summary>Sends a heap that stops the stream. Only while the sender is paused.</summary>
    public void SendStop()
    {
        PacketEncoder encoder = new(default);
        encoder.Begin(_end, Cnts.FirstDecoy);
        Send(_packet.AsSpan(0, encoder.Write(_packet)));
    }

    protected override void Step()
    {
        SendDue();
        TrafficMix mix = _mix;
        OpenHeap heap = _heaps[_random.Next(mix.OpenHeaps)];
        if (heap.IsFinished)
        {
            Begin(heap, mix);
        }

        int length = heap.Write(_packet);
        if (_random.NextDouble() < mix.Lost)
        {
            _lost++;
            return;
        }

        if (heap.IsDecoy && _random.NextDouble() < mix.Damaged)
        {
            _damaged++;
            length = Damage.Do(_packet, length, _random);
        }

        if (_random.NextDouble() >= mix.Late || !TryHoldBack(length))
        {
            Send(_packet.AsSpan(0, length));
        }

        if (_random.NextDouble() < mix.Repeated)
        {
            _repeated++;
            Send(_packet.AsSpan(0, length));
        }
    }

    protected override void Flush()
    {
        for (int i = 0; i < _late.Length; i++)
        {
            SendHeldBack(ref _late[i]);
        }
    }

    private void Begin(OpenHeap heap, TrafficMix mix)
    {
        bool isDecoy = _random.NextDouble() < mix.Decoys;

        // As many small heaps as large ones.
        int size = _random.Next(1, 1 + (mix.LargestHeap >> _random.Next(10)));
        ulong cnt = ++_cnt;
        heap.Begin(isDecoy ? Cnts.FirstDecoy + cnt : cnt, size, _random.Next(), isDecoy);
    }

    private bool TryHoldBack(int length)
    {
        ref (byte[] Packet, int Length, int Delay) place = ref _late[_random.Next(_late.Length)];
        if (place.Delay != 0)
        {
            return false;
        }

        _overtaken++;
        _packet.AsSpan(0, length).CopyTo(place.Packet);
        place.Length = length;
        place.Delay = _random.Next(1, LongestDelay);
        return true;
    }

    private void SendDue()
    {
        for (int i = 0; i < _late.Length; i++)
        {
            if (_late[i].Delay == 1)
            {
                SendHeldBack(ref _late[i]);
            }
            else if (_late[i].Delay > 1)
            {
                _late[i].Delay--;
            }
        }
    }

    private void SendHeldBack(ref (byte[] Packet, int Length, int Delay) place)
    {
        if (place.Delay != 0)
        {
            place.Delay = 0;
            Send(place.Packet.AsSpan(0, place.Length));
        }
    }
}
