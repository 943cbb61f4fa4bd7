// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What a sender does before its next packet.</summary>
internal enum RateStep
{
    Send,

    /// <summary>Looks at the clock until <see cref="RateLimiter.NotBefore"/>.</summary>
    Spin,

    /// <summary>Sleeps until <see cref="RateLimiter.Alarm"/>, and asks again.</summary>
    Sleep,
}

/// <summary>
/// When bursts of packets may go out. Packets are added up without a look at the clock until they are a burst; then two
/// schedules say when the next one may begin: the average rate, and, so that a late sender may catch up but not flood, a
/// slightly higher one from the time at which the last burst really went out. The average advances by the bytes' time
/// alone, so that a sender that is late catches all of it up; only when there was nothing to send it starts again.
/// Sleepers wake late: a sender asks to be woken earlier by what recent wake-ups were late by, and spins through what is
/// then left. Arithmetic only: it neither reads a clock nor waits.
/// </summary>
internal sealed class RateLimiter
{
    /// <summary>
    /// Most nanoseconds that a sender spins instead of sleeping, whatever wake-ups are late by.
    /// </summary>
    public const long MostSpin = 100_000;

    // Parts by which the lateness that is reckoned with follows that of a wake-up: fast to a greater one, slowly to a
    // lesser one, so that few wake-ups are later.
    private const double LatenessRise = 1 / 4.0;
    private const double LatenessFall = 1 / 64.0;

    private readonly double _nsPerByte;
    private readonly double _catchUpFactor;
    private readonly long _burstSize;
    private long _burstBytes;
    private double _burstNs;
    private long _burstStart;
    private bool _open;

    // There was nothing to send since the last packet.
    private bool _idle = true;
    private FineTime _average;

    /// <param name="rate">Bytes per second; 0 for no limit.</param>
    /// <param name="ratio">How much faster a late sender catches up; at least 1.</param>
    /// <param name="burstSize">Bytes of a burst.</param>
    public RateLimiter(double rate, double ratio, long burstSize)
    {
        _nsPerByte = rate == 0 ? 0 : Clock.NanosecondsPerSecond / rate;
        _catchUpFactor = 1 / ratio;
        _burstSize = burstSize;
    }

    /// <summary>Earliest time of the next burst; 0: at any time.</summary>
    public long NotBefore { get; private set; }

    /// <summary>When a sleeping sender wants to be woken; 0: it does not sleep.</summary>
    public long Alarm { get; private set; }

    /// <summary>Nanoseconds that most of the recent wake-ups were late by at most.</summary>
    public double Lateness { get; private set; }

    /// <summary>Whether <see cref="Step"/> says <see cref="RateStep.Send"/> at any time.</summary>
    public bool MaySend => _open || NotBefore == 0;

    /// <summary>Whether packets can be added without a look at the clock.</summary>
    public bool IsRunning => _open && !_idle;

    /// <summary>
    /// Whether no packet may join the burst. Packets without a rate fill a batch, whatever a burst is.
    /// </summary>
    public bool IsFull => _burstBytes >= _burstSize && _burstNs != 0;

    /// <summary>Time per byte at a rate of its own: negative is the stream's, 0 unlimited.</summary>
    public double NsPerByte(double rate) =>
        rate < 0 ? _nsPerByte
        : rate == 0 ? 0
        : Clock.NanosecondsPerSecond / rate;

    /// <summary>Says what comes next, at a time, before a packet is sent.</summary>
    public RateStep Step(long now)
    {
        bool woken = Alarm != 0 && now >= Alarm;
        if (woken)
        {
            NoteWakeUp(now);
        }

        if (_open || now >= NotBefore)
        {
            return RateStep.Send;
        }

        long early = (long)Lateness;
        if (woken || NotBefore - now <= early)
        {
            return RateStep.Spin;
        }

        Alarm = NotBefore - early;
        return RateStep.Sleep;
    }

    /// <summary>
    /// Packets are about to be sent at a time, where the burst is not running: opens a burst if none is open. Gives by
    /// how many nanoseconds it is late.
    /// </summary>
    public long Start(long now)
    {
        bool waited = !_open && !_idle && NotBefore != 0;
        if (_idle)
        {
            // The open burst's bytes have gone out already: their time counts from before now.
            FineTime latest = new(Math.Max(0, now - (long)_burstNs), 0);
            _average = _average.IsBefore(latest) ? latest : _average;
            _idle = false;
        }

        if (!_open)
        {
            _open = true;
            _burstStart = now;
        }

        return waited ? now - NotBefore : 0;
    }

    /// <summary>A packet joins the burst.</summary>
    public void Add(int bytes, double nsPerByte)
    {
        _burstBytes += bytes;
        _burstNs += bytes * nsPerByte;
    }

    /// <summary>All packets that were added are out: closes the burst if it has its bytes.</summary>
    public void Close()
    {
        if (_burstBytes < _burstSize)
        {
            return;
        }

        _open = false;
        _burstBytes = 0;
        if (_burstNs == 0)
        {
            // Unlimited: the next burst begins at once.
            return;
        }

        FineTime catchUp = new FineTime(_burstStart, 0).Add(_burstNs * _catchUpFactor);
        _average = _average.Add(_burstNs);
        _burstNs = 0;
        NotBefore = _average.IsBefore(catchUp) ? catchUp.Ns : _average.Ns;
    }

    /// <summary>There is nothing to send: time that is idle is not made up for.</summary>
    public void Rest() => _idle = true;

    /// <summary>A sleeper that asked for <see cref="Alarm"/> is awake.</summary>
    private void NoteWakeUp(long now)
    {
        double more = Math.Min(now - Alarm, MostSpin) - Lateness;
        Lateness += more * (more > 0 ? LatenessRise : LatenessFall);
        Alarm = 0;
    }

    /// <summary>A moment with what a nanosecond is too coarse for.</summary>
    private readonly record struct FineTime(long Ns, double Fraction)
    {
        public FineTime Add(double ns)
        {
            double sum = Fraction + ns;
            long whole = (long)sum;
            return new(Ns + whole, sum - whole);
        }

        public bool IsBefore(FineTime other) => Ns < other.Ns || (Ns == other.Ns && Fraction < other.Fraction);
    }
}
