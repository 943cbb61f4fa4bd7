// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Spead2.Tools.Output;

namespace Spead2.Tools.CaptureFiles;

/// <summary>`spead2 replay`.</summary>
/// <param name="settings">What is replayed, to where and when.</param>
/// <param name="terminal">Where it is told of.</param>
internal sealed class Replay(ReplaySettings settings, Terminal terminal) : IDisposable
{
    private const double NsPerSecond = 1e9;

    // Times that a timer alone is tried with: 8 MiB.
    private const int MostCompared = 1 << 20;

    private readonly ReplayTargets _targets = new(settings.Maps, settings.To);
    private readonly PacketShift _shift = new(settings.TimeItem);
    private readonly Lateness _lateness = new();
    private readonly Lateness _timer = new();
    private readonly List<double> _compared = [];
    private readonly CancellationTokenSource _stop = new();
    private long _start;
    private long? _firstNs;
    private long _lastNs;
    private long _passDatagrams;
    private double _passSeconds;
    private int _pass;
    private long _frames;
    private long _unused;
    private long _sent;
    private long _bytes;
    private long _failed;
    private long _unmapped;
    private string? _problem;

    /// <summary>Sends all datagrams.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using Interrupt interrupt = new(_stop.Cancel);
        _start = Stopwatch.GetTimestamp();
        for (; !_stop.IsCancellationRequested && _pass != settings.Loops; _pass++)
        {
            SendCapture();
            if (_passDatagrams == 0)
            {
                break;
            }
        }

        settings.Faults?.Flush(Send);
        TimeSpan time = Stopwatch.GetElapsedTime(_start);
        if (settings.CompareTimer)
        {
            CompareTimer();
        }

        terminal.EndProgress();
        Report(time);
        return _failed == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    public void Dispose()
    {
        _targets.Dispose();
        _stop.Dispose();
    }

    private bool IsLastPass => _pass + 1 == settings.Loops;

    private void SendCapture()
    {
        using CaptureWalk walk = new(settings.Capture, _stop.Token);
        Func<string> progress = () => $"{(settings.Loops == 1 ? "" : $"{_pass + 1}. time: ")}{walk.Progress}";
        while (walk.Next())
        {
            Await(walk.TimeNs);
            Take(walk);
            terminal.ShowProgress(progress);
        }

        if (_pass == 0)
        {
            EndFirstPass(walk);
        }

        _frames += walk.Frames;
        _unused += walk.Unused;
        _problem = walk.Problem;
    }

    /// <summary>The next pass begins as long after the last datagram as there is between two, on average.</summary>
    private void EndFirstPass(CaptureWalk walk)
    {
        _passDatagrams = walk.Datagrams;
        double seconds = (_lastNs - (_firstNs ?? _lastNs)) / NsPerSecond;
        _passSeconds = _passDatagrams > 1 ? seconds * _passDatagrams / (_passDatagrams - 1) : seconds;
    }

    /// <summary>Waits until a datagram is due; one that was captured before another that has gone is due at once.</summary>
    private void Await(long? timeNs)
    {
        if (settings.BytesPerSecond != 0)
        {
            WaitUntil(_bytes / settings.BytesPerSecond);
        }
        else if (settings.Speed != 0 && timeNs is { } ns)
        {
            _firstNs ??= ns;
            _lastNs = _pass == 0 ? Math.Max(_lastNs, ns) : _lastNs;
            double due = (((ns - _firstNs.Value) / NsPerSecond) + (_pass * _passSeconds)) / settings.Speed;
            _lateness.Add(WaitUntil(due) - due);
            if (settings.CompareTimer && _compared.Count < MostCompared)
            {
                _compared.Add(due);
            }
        }
    }

    /// <summary>Waits for a time in seconds; gives the time then.</summary>
    private double WaitUntil(double due)
    {
        double now = Now;
        while (now < due && !_stop.IsCancellationRequested)
        {
            PreciseSleep.AtMost(TimeSpan.FromSeconds(due - now));
            now = Now;
        }

        return now;
    }

    private double Now => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Waits for the same times, and does nothing then.</summary>
    private void CompareTimer()
    {
        _start = Stopwatch.GetTimestamp();
        foreach (double due in _compared)
        {
            if (_stop.IsCancellationRequested)
            {
                break;
            }

            _timer.Add(WaitUntil(due) - due);
        }
    }

    private void Take(CaptureWalk walk)
    {
        int target = _targets.Of(walk.Destination);
        if (target < 0)
        {
            _unmapped++;
            return;
        }

        // A stream that stops in the middle would not see the rest.
        if (settings.Loops != 1 && _shift.Take(walk.Payload.Span, _pass) && !IsLastPass)
        {
            return;
        }

        if (settings.Faults is { } faults)
        {
            faults.Take(target, walk.Payload.Span, Send);
        }
        else
        {
            Send(target, walk.Payload.Span);
        }
    }

    private void Send(int target, ReadOnlySpan<byte> datagram)
    {
        try
        {
            _targets.Send(target, datagram);
            _sent++;
            _bytes += datagram.Length;
        }
        catch (SocketException exception)
        {
            if (_failed++ == 0)
            {
                terminal.Say($"warning: a datagram of {datagram.Length} bytes was not sent: {exception.Message}.");
            }
        }
    }

    private void Report(TimeSpan time)
    {
        if (settings.Json)
        {
            using JsonLines lines = new(terminal.Output);
            WriteJson(lines.Json, time);
            lines.EndLine();
            lines.Flush();
        }
        else
        {
            WriteText(time);
        }

        if (_failed > 0)
        {
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{_failed} datagrams were not sent."));
        }

        if (_unmapped > 0)
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture, $"{_unmapped} datagrams are to addresses that no --map has; --to would send them."));
        }

        if (_problem is { } problem)
        {
            terminal.Say($"warning: '{settings.Capture.Path}' {problem}.");
        }
    }

    private void WriteText(TimeSpan time)
    {
        terminal.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Replayed {_sent} datagrams, {Readable.Bytes(_bytes)}, in {Readable.Seconds(time)}, {Readable.GigabitsPerSecond(_bytes, time):0.000} Gb/s; {_unused} of {_frames} frames were not used."));
        if (settings.Faults is { } faults)
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"On purpose: {faults.Dropped} lost, {faults.Duplicated} sent twice, {faults.Reordered} reordered, {faults.Corrupted} damaged."));
        }

        if (settings.Speed != 0)
        {
            terminal.WriteLine($"Datagrams were {_lateness.Text}.");
        }

        if (settings.CompareTimer)
        {
            terminal.WriteLine($"A timer alone was {_timer.Text}.");
        }
    }

    private void WriteJson(Utf8JsonWriter json, TimeSpan time)
    {
        json.WriteStartObject();
        json.WriteNumber("datagrams", _sent);
        json.WriteNumber("failed", _failed);
        json.WriteNumber("unmapped", _unmapped);
        json.WriteNumber("bytes", _bytes);
        json.WriteNumber("frames", _frames);
        json.WriteNumber("unused_frames", _unused);
        json.WriteNumber("seconds", Math.Round(time.TotalSeconds, digits: 6));
        if (settings.Faults is { } faults)
        {
            json.WriteNumber("dropped", faults.Dropped);
            json.WriteNumber("duplicated", faults.Duplicated);
            json.WriteNumber("reordered", faults.Reordered);
            json.WriteNumber("corrupted", faults.Corrupted);
        }

        if (settings.Speed != 0)
        {
            _lateness.Write(json, "late");
        }

        if (settings.CompareTimer)
        {
            _timer.Write(json, "timer");
        }

        json.WriteEndObject();
    }
}
