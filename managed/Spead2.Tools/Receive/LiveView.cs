// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>Rate, heaps and loss, shown while they change.</summary>
internal sealed class LiveView : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly IReceiveStream _stream;
    private readonly HeapTally _tally;
    private readonly ManualResetEventSlim _done = new();
    private StreamStatistics _last;
    private long _lastTime = Stopwatch.GetTimestamp();

    public LiveView(IReceiveStream stream, HeapTally tally)
    {
        _stream = stream;
        _tally = tally;
        _last = stream.Statistics;
        Table = new TextTable()
            .AddColumn("rate", isRight: true)
            .AddColumn("packets/s", isRight: true)
            .AddColumn("heaps", isRight: true)
            .AddColumn("incomplete", isRight: true)
            .AddColumn("missing", isRight: true)
            .AddColumn("bad", isRight: true)
            .AddColumn("drops", isRight: true)
            .AddRow("", "", "", "", "", "", "");
    }

    /// <summary>What is shown.</summary>
    public TextTable Table { get; }

    /// <summary>Runs an action, and keeps the display up to date meanwhile.</summary>
    public void RefreshWhile(Action refresh, Action action)
    {
        var display = new Thread(() => RefreshUntilDone(refresh)) { IsBackground = true, Name = "display" };
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

    private void RefreshUntilDone(Action refresh)
    {
        do
        {
            Update();
            refresh();
        }
        while (!_done.Wait(Interval));
    }

    private void Update()
    {
        StreamStatistics now = _stream.Statistics;
        TimeSpan time = Stopwatch.GetElapsedTime(_lastTime);
        long incomplete = now.IncompleteHeapsEvicted + now.IncompleteHeapsFlushed;
        Set(0, Readable.Rate(now.PayloadBytes - _last.PayloadBytes, time));
        Set(1, Readable.Number((long)((now.Packets - _last.Packets) / time.TotalSeconds)));
        Set(2, Readable.Number(_tally.Total));
        Set(3, Readable.Number(incomplete));
        Set(4, Readable.Number(now.HeapsMissing));
        Set(5, Readable.Number(now.Malformed + now.SizeMismatch + now.Truncated + now.Empty));
        Set(6, Readable.Number(now.KernelDropMessages));
        _last = now;
        _lastTime = Stopwatch.GetTimestamp();
    }

    private void Set(int column, string text) => Table.UpdateCell(0, column, text);
}
