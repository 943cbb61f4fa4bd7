// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>
/// When bursts of packets may go out. Packets are added up without a look at the clock until they are a burst; then two
/// schedules say when the next one may begin: the average rate, and, so that a late sender may catch up but not flood, a
/// slightly higher one from the time at which the last burst really went out. Arithmetic only: it neither reads a clock
/// nor sleeps.
/// </summary>
internal sealed class RateLimiter
{
    private readonly double _nsPerByte;
    private readonly double _catchUpFactor;
    private readonly long _burstSize;
    private long _burstBytes;
    private double _burstNs;
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

    /// <summary>Whether the open burst takes no time at its rates, so that no clock is needed.</summary>
    public bool IsUnlimited => _burstNs == 0;

    /// <summary>Time per byte at a rate of its own: negative is the stream's, 0 unlimited.</summary>
    public double NsPerByte(double rate) =>
        rate < 0 ? _nsPerByte
        : rate == 0 ? 0
        : Clock.NanosecondsPerSecond / rate;

    /// <summary>A packet joins the open burst. Gives whether the burst is now full.</summary>
    public bool Add(int bytes, double nsPerByte)
    {
        _burstBytes += bytes;
        _burstNs += bytes * nsPerByte;
        return _burstBytes >= _burstSize;
    }

    /// <summary>Closes the burst, which is unlimited and out, if it is full.</summary>
    public bool TryCloseUnlimited()
    {
        bool full = _burstBytes >= _burstSize;
        _burstBytes = full ? 0 : _burstBytes;
        return full;
    }

    /// <summary>
    /// The burst, which began to be sent at a time, is out. Gives the time before which the next must not begin.
    /// </summary>
    public long Close(long began)
    {
        _average = _average.Add(_burstNs);
        FineTime catchUp = new FineTime(began, 0).Add(_burstNs * _catchUpFactor);
        _burstBytes = 0;
        _burstNs = 0;
        return _average.IsBefore(catchUp) ? catchUp.Ns : _average.Ns;
    }

    /// <summary>There is something to send again after there was nothing: time that was idle is not made up for.</summary>
    public void Resume(long now)
    {
        // The open burst's bytes have gone out already: their time counts from before now.
        FineTime latest = new(Math.Max(0, now - (long)_burstNs), 0);
        if (_average.IsBefore(latest))
        {
            _average = latest;
        }
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
