// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Differential.Generation;

/// <summary>Makes traces: the same ones for the same seed.</summary>
internal sealed class TraceGenerator
{
    // What happens to how many packets in a hundred. Most traces have little of most, else nothing would be complete.
    private readonly int _loss;
    private readonly int _repetition;
    private readonly int _damage;

    // Seeds of which one makes heaps of an item whose values have the same ones: no dice, so that others stay as they are.
    private const ulong EachTogether = 12;
    private readonly bool _goesTogether;

    private readonly Dice _dice;
    private readonly DialectSpeaker _speaker;
    private readonly TraceOptions _options;
    private readonly int _addressBits;

    // Many heaps, which come as they were sent: what their order tells would be lost in disorder.
    private bool _isCalm;

    private TraceGenerator(ulong seed)
    {
        _dice = new Dice(seed);
        _loss = _dice.Pick(0, 0, 3, 10, 40);
        _repetition = _dice.Pick(0, 0, 3, 10, 40);
        _damage = _dice.Pick(0, 0, 3, 10, 40);
        _goesTogether = seed % EachTogether == 0;
        _speaker = new DialectSpeaker(seed);
        _options = _speaker.Set(Options());
        _addressBits = _dice.Pick(48, 48, 40, 40, 8, 16, 24, 32, 56);
    }

    /// <summary>The traces of a seed: packets as datagrams, and packets back to back.</summary>
    public static IReadOnlyList<Trace> Generate(ulong seed)
    {
        var generator = new TraceGenerator(seed);
        List<byte[]> packets = generator.Packets();

        // The first bytes that are no packet end a buffer, so most buffers are given none.
        bool onlyGood = generator._dice.Chance(80);
        List<byte[]> buffer =
            [.. packets.Where(bytes => !onlyGood || Model.Packet.Decode(bytes, generator._options.Dialect)?.Size == bytes.Length)];
        return [new(generator._options, Feed.Datagrams, packets), new(generator._options, Feed.Buffer, buffer)];
    }

    private TraceOptions Options()
    {
        // Products have a limit, and the tables for large ones take their time.
        int substreams = _dice.Pick(1, 1, 1, 2, 3, 7, 64);
        int maxHeaps = _dice.Pick(1, 1, 2, 2, 3, 4, 4, 5, 8, 16, 64, 1000);
        if (_dice.Below(200) == 0)
        {
            (substreams, maxHeaps) = (1, 1 << 20);
        }

        TraceOptions options = new()
        {
            MaxHeaps = maxHeaps,
            Substreams = substreams,
            RingHeaps = _dice.Pick(1, 1, 2, 3, 4, 64, 1000),
            MaxHeapSize = _dice.Pick(
                ReceiveStreamOptions.DefaultMaxHeapSize, ReceiveStreamOptions.DefaultMaxHeapSize,
                ReceiveStreamOptions.LargestMaxHeapSize, 1 << 20, 4096, 256, 64, 16, 1),
            MaxUnsizedGap = _dice.Chance(80)
                ? ReceiveStreamOptions.DefaultMaxUnsizedGap
                : _dice.Pick(1, 2, 16, 40, 100, 1000),
            Accounting = (HeapAccounting)_dice.Pick(0, 1, 1, 2),
            CntStep = _dice.Pick(0, 0, 0, 1, substreams, 2, 16, 1L << 32),
            CountItem = _dice.Pick(0, 0, 0, HeapMaker.CountItem),
            SetItem = _dice.Pick(0, 0, 0, HeapMaker.SetItem),
            BugCompat = _dice.Chance(80) ? BugCompat.None : (BugCompat)_dice.Below(8),
            InOrder = _dice.Chance(30),
            NoUnsizedHeaps = _dice.Chance(20),
            IgnoreStopItem = _dice.Chance(30),
            DeliverIncomplete = _dice.Chance(65),
            KeepRanges = _dice.Chance(60),
            KeepPayload = _dice.Chance(60),
            ExplicitStart = _dice.Chance(10),
            SleepAtOnce = _dice.Chance(20),
            CopyMethod = (CopyMethod)_dice.Pick(0, 0, 1, 2, 3),
            CountingCopier = _dice.Chance(15),
            LargestBlock = _dice.Chance(85) ? 0 : _dice.Pick(1 << 20, 200, 40),
        };
        return !_goesTogether ? options : options with
        {
            Substreams = 1,
            Accounting = HeapAccounting.BySubstream,
            CntStep = _dice.Pick(0, 1),
            SetItem = HeapMaker.SetItem,
        };
    }

    private List<byte[]> Packets()
    {
        List<List<Draft>> heaps = Heaps();
        if (_isCalm)
        {
            return [.. heaps.SelectMany(heap => heap).Select(_speaker.Say).Select(packet => packet.Encode())];
        }

        foreach (List<Draft> heap in heaps)
        {
            Disorder(heap);
        }

        List<Draft> packets = Merge(heaps);
        Repeat(packets);
        packets.RemoveAll(_ => _dice.Chance(_loss));
        List<byte[]> bytes =
            [.. packets.Select(_speaker.Say).Select(packet => _dice.Chance(_damage) ? Damage.Do(_dice, packet) : packet.Encode())];
        if (_dice.Chance(5))
        {
            bytes.Insert(_dice.Below(bytes.Count + 1), []);
        }

        return bytes;
    }

    private List<List<Draft>> Heaps()
    {
        var maker = new HeapMaker(_dice, _addressBits);
        int otherBits = _dice.Chance(10) ? _dice.Pick(8, 16, 24, 32, 40, 48, 56) : _addressBits;
        var otherMaker = new HeapMaker(_dice, otherBits);
        int count = _dice.Pick(1, 2, 4, 4, 8, 12, 30);

        // Counts that pass the largest one go on at 0; steps are those of senders that share a stream.
        long cntMask = (1L << Math.Min(_addressBits, otherBits)) - 1;
        long cnt = _dice.Pick(0, 1, cntMask - _dice.Below(count + 1), (long)_dice.Bits() & cntMask);
        long step = _dice.Pick(1, 1, 1, 2, _options.Substreams, 16, 1L << 32, -1);
        List<List<Draft>> heaps = [];
        if (_goesTogether)
        {
            _isCalm = true;
            heaps.AddRange(WalkTogether(cnt, _options.CntStep == 0 ? step : _options.CntStep).Select(heap => maker.MakeSmall(heap.Number & cntMask, _options, heap.Set)));
            return heaps;
        }

        if (_dice.Chance(18))
        {
            _isCalm = _dice.Chance(75);
            heaps.AddRange(Walk(cnt, step).Select(walked => maker.MakeSmall(walked & cntMask, _options)));
            return heaps;
        }

        for (int i = 0; i < count; i++, cnt = (cnt + step) & cntMask)
        {
            heaps.Add((_dice.Chance(30) ? otherMaker : maker).Make(cnt));
        }

        if (_dice.Chance(50))
        {
            int last = _dice.Chance(60) ? count : _dice.Below(count + 1);
            heaps.Insert(last, maker.MakeStop(_dice.Chance(80) ? cnt : (cnt - step) & cntMask));
        }

        return heaps;
    }

    /// <summary>
    /// The cnts of many heaps: a sender's that goes on, leaves some out, restarts, and of others in between.
    /// </summary>
    private IEnumerable<long> Walk(long cnt, long step)
    {
        int percentOfJumps = _dice.Pick(0, 1, 2, 3, 5);
        int percentOfStrays = _dice.Pick(0, 0, 1, 3, 10);
        for (int left = _dice.Between(3, 500); left > 0; left--)
        {
            yield return cnt;
            cnt += step;
            if (_dice.Chance(percentOfJumps))
            {
                cnt += (step * _dice.Pick(1, 2, 100, 254, 255, 256, 257, 1000, 1 << 24, 1 << 30, -10, -20, -30, -40, -50, -300, -5000)) +
                    _dice.Pick(0, 0, 0, 1);
            }

            if (_dice.Chance(percentOfStrays))
            {
                yield return cnt + (step * _dice.Pick(100, 1000, -20, -253, -254, -255, -256, -257, -300, -5000)) +
                    _dice.Pick(0, 0, 0, 1);
            }
        }
    }

    /// <summary>
    /// The numbers of heaps of sets that have the same ones: but for a few, and for sets that begin late, fall silent, come back,
    /// or have a clock that differs; and perhaps all begin again.
    /// </summary>
    private IEnumerable<(long Number, int Set)> WalkTogether(long number, long step)
    {
        int sets = _dice.Pick(1, 2, 2, 2, 3, 5, 40);
        int moments = _dice.Between(1, Math.Min(_dice.Pick(2, 6, 60, 1000, 1000, 1000), 2000 / sets));
        int percentOfLoss = _dice.Pick(0, 0, 2, 20);
        int restart = _dice.Chance(80) ? moments : _dice.Below(moments);
        (int Begin, int End, int Return, int Skew)[] lives = [.. Enumerable.Range(0, sets).Select(_ => Life(moments))];
        for (int moment = 0; moment < moments; moment++)
        {
            int first = moment == 0 && _dice.Chance(30) ? _dice.Below(sets) : 0;
            int end = moment == moments - 1 && _dice.Chance(30) ? _dice.Below(sets + 1) : sets;
            for (int set = first; set < end; set++)
            {
                (int begin, int silent, int back, int skew) = lives[set];
                if (((moment >= begin && moment < silent) || moment >= back) && !_dice.Chance(percentOfLoss))
                {
                    yield return (number + (step * (skew + moment - (moment >= restart ? restart : 0))), set);
                }
            }
        }
    }

    private (int Begin, int End, int Return, int Skew) Life(int moments)
    {
        int begin = _dice.Chance(75) ? 0 : _dice.Below(moments);
        int end = _dice.Chance(40) ? moments : _dice.Between(begin, Math.Min(moments, begin + _dice.Pick(1, 9, moments)));
        int back = _dice.Chance(70) ? moments : _dice.Between(end, moments);
        return (begin, end, back, _dice.Pick(0, 0, 0, 0, 0, 1, -3, 255, 256, 257));
    }

    private void Disorder(List<Draft> heap)
    {
        switch (_dice.Below(8))
        {
            case 0:
                _dice.Shuffle(heap, 0, heap.Count);
                break;
            case 1:
                heap.Reverse();
                break;
            case 2 or 3:
                int first = _dice.Below(heap.Count);
                _dice.Shuffle(heap, first, Math.Min(_dice.Between(2, 3), heap.Count - first));
                break;
            default:
                break;
        }
    }

    /// <summary>One after the other, or so many heaps at a time.</summary>
    private List<Draft> Merge(List<List<Draft>> heaps)
    {
        int atATime = _dice.Pick(1, 1, 2, 3, 5, heaps.Count);
        var waiting = new Queue<Queue<Draft>>(heaps.Select(heap => new Queue<Draft>(heap)));
        List<Queue<Draft>> active = [];
        List<Draft> merged = [];
        while (active.Count > 0 || waiting.Count > 0)
        {
            if (active.Count < atATime && waiting.TryDequeue(out Queue<Draft>? next))
            {
                active.Add(next);
                continue;
            }

            Queue<Draft> heap = active[_dice.Below(active.Count)];
            merged.Add(heap.Dequeue());
            if (heap.Count == 0)
            {
                active.Remove(heap);
            }
        }

        return merged;
    }

    /// <summary>Repeats packets at once or later, sometimes a whole stretch, and with a payload that tells.</summary>
    private void Repeat(List<Draft> packets)
    {
        for (int i = 0; i < packets.Count; i++)
        {
            if (_dice.Chance(_repetition))
            {
                int at = _dice.Chance(40) ? i + 1 : _dice.Between(i + 1, packets.Count);
                packets.Insert(at, Repetition(packets[i]));
                i += at == i + 1 ? 1 : 0;
            }
        }

        if (_dice.Chance(_repetition))
        {
            int first = _dice.Below(packets.Count);
            List<Draft> stretch = packets.GetRange(first, _dice.Between(1, Math.Min(12, packets.Count - first)));
            packets.InsertRange(_dice.Between(first, packets.Count), stretch.Select(Repetition));
        }
    }

    private Draft Repetition(Draft packet) =>
        _dice.Chance(50) ? packet : packet with { Payload = _dice.Bytes(packet.Payload.Length) };
}
