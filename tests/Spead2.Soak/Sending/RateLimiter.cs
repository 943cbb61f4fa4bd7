// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Tools.CaptureFiles;

namespace Spead2.Soak.Sending;

/// <summary>
/// Spaces bursts of packets so that a rate is kept. A burst goes out without a look at the clock; then two schedules
/// move on: the average one from where it was, and the catch-up one, which is a little faster, from the time at
/// which the burst before really went out. The next burst waits for the later of both, so a late start is made up for,
/// but never in a rush.
/// </summary>
internal sealed class RateLimiter
{
    private const int BurstSize = 65536;
    private const double BurstRateRatio = 1.05;

    private readonly double _secondsPerByte;
    private readonly long _start = Stopwatch.GetTimestamp();
    private double _average;
    private double _lastBurst;
    private long _burst;

    /// <summary>Makes a limiter.</summary>
    /// <param name="bytesPerSecond">Packet bytes per second; 0 does not limit.</param>
    public RateLimiter(double bytesPerSecond) => _secondsPerByte = bytesPerSecond == 0 ? 0 : 1 / bytesPerSecond;

    /// <summary>Takes note of packets that went out, and waits until the next may.</summary>
    public void Sent(int bytes)
    {
        if (_secondsPerByte == 0)
        {
            return;
        }

        _burst += bytes;
        if (_burst < BurstSize)
        {
            return;
        }

        double duration = _burst * _secondsPerByte;
        _average += duration;
        double catchUp = _lastBurst + (duration / BurstRateRatio);
        _burst = 0;
        WaitUntil(Math.Max(_average, catchUp));
        _lastBurst = Now;
    }

    private double Now => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    private void WaitUntil(double time)
    {
        for (double left = time - Now; left > 0; left = time - Now)
        {
            PreciseSleep.AtMost(TimeSpan.FromSeconds(left));
        }
    }
}
