// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>Rate, heaps and loss, shown while they change.</summary>
internal sealed class LiveView : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PeriodInterval = TimeSpan.FromSeconds(1);

    private readonly IReceiveStream _stream;
    private readonly HeapTally _tally;
    private readonly ManualResetEventSlim _done = new();
    private StreamStatistics _last;
    private long _lastTime = Stopwatch.GetTimestamp();
    private LossPeriod? _period;
    private long _periodTime = Stopwatch.GetTimestamp();

    public LiveView(IReceiveStream stream, HeapTally tally)
    {
        _stream = stream;
        _tally = tally;
        _last = stream.Statistics;
    }

    /// <summary>Runs an action, and keeps the display up to date meanwhile.</summary>
    public void DrawWhile(LiveScreen screen, Action action)
    {
        var display = new Thread(() => DrawUntilDone(screen)) { IsBackground = true, Name = "display" };
        display.Start();
        try
        {
            action();
        }
        finally
        {
            _done.Set();
            display.Join();
        }
    }

    public void Dispose() => _done.Dispose();

    /// <summary>The period of losses, which is looked for once a second, as often as there is something new.</summary>
    private LossPeriod? FindPeriod()
    {
        if (Stopwatch.GetElapsedTime(_periodTime) >= PeriodInterval)
        {
            _periodTime = Stopwatch.GetTimestamp();
            _period = LossPeriod.Find(_stream.LossSeconds);
        }

        return _period;
    }

    private void DrawUntilDone(LiveScreen screen)
    {
        do
        {
            StreamStatistics now = _stream.Statistics;
            TimeSpan time = Stopwatch.GetElapsedTime(_lastTime);
            screen.Draw(LiveTable.Lines(
                now,
                _tally,
                Readable.Rate(now.PayloadBytes - _last.PayloadBytes, time),
                (long)((now.Packets - _last.Packets) / time.TotalSeconds),
                FindPeriod(),
                LiveScreen.Width));
            _last = now;
            _lastTime = Stopwatch.GetTimestamp();
        }
        while (!_done.Wait(Interval));
    }
}
