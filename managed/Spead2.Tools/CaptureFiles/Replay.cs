// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Tools.Output;

namespace Spead2.Tools.CaptureFiles;

/// <summary>`spead2 replay`.</summary>
/// <param name="settings">What is replayed, to where and when.</param>
/// <param name="terminal">Where it is told of.</param>
internal sealed class Replay(ReplaySettings settings, Terminal terminal) : IDisposable
{
    private const double NsPerSecond = 1e9;
    private const int BufferSize = 4 << 20;

    // Latenesses are counted by microsecond; later ones count as the last.
    private const int MostLateness = 1_000_000;

    private readonly long[] _lateness = new long[MostLateness + 1];
    private readonly Dictionary<AddressFamily, Socket> _sockets = [];
    private long _start;
    private long? _firstNs;
    private long _bytes;
    private long _failed;
    private volatile bool _isStopped;

    /// <summary>Sends all datagrams.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using CaptureWalk walk = new(settings.Capture);
        using Interrupt interrupt = new(() => _isStopped = true);
        _start = Stopwatch.GetTimestamp();
        while (!_isStopped && walk.Next())
        {
            Await(walk.TimeNs);
            Send(walk.Payload.Span, settings.To);
        }

        TimeSpan time = Stopwatch.GetElapsedTime(_start);
        Report(walk, time);
        return _failed == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets.Values)
        {
            socket.Dispose();
        }
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
            double due = (ns - _firstNs.Value) / NsPerSecond / settings.Speed;
            _lateness[(int)Math.Clamp((WaitUntil(due) - due) * 1e6, 0, MostLateness)]++;
        }
    }

    /// <summary>Waits for a time in seconds; gives the time then.</summary>
    private double WaitUntil(double due)
    {
        double now = Now;
        while (now < due && !_isStopped)
        {
            PreciseSleep.AtMost(TimeSpan.FromSeconds(due - now));
            now = Now;
        }

        return now;
    }

    private double Now => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    private void Send(ReadOnlySpan<byte> datagram, IPEndPoint to)
    {
        if (!_sockets.TryGetValue(to.AddressFamily, out Socket? socket))
        {
            socket = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = BufferSize };
            _sockets.Add(to.AddressFamily, socket);
        }

        try
        {
            socket.SendTo(datagram, to);
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

    private void Report(CaptureWalk walk, TimeSpan time)
    {
        bool isTimed = settings.Speed != 0;
        if (settings.Json)
        {
            using JsonLines lines = new(terminal.Output);
            lines.Json.WriteStartObject();
            lines.Json.WriteNumber("datagrams", walk.Datagrams);
            lines.Json.WriteNumber("failed", _failed);
            lines.Json.WriteNumber("bytes", _bytes);
            lines.Json.WriteNumber("frames", walk.Frames);
            lines.Json.WriteNumber("unused_frames", walk.Unused);
            lines.Json.WriteNumber("seconds", Math.Round(time.TotalSeconds, digits: 6));
            if (isTimed)
            {
                lines.Json.WriteNumber("late_median_us", Lateness(0.5));
                lines.Json.WriteNumber("late_p99_us", Lateness(0.99));
                lines.Json.WriteNumber("late_most_us", Lateness(1));
            }

            lines.Json.WriteEndObject();
            lines.EndLine();
            lines.Flush();
        }
        else
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Replayed {walk.Datagrams} datagrams, {Readable.Bytes(_bytes)}, in {Readable.Seconds(time)}, {Readable.GigabitsPerSecond(_bytes, time):0.000} Gb/s; {walk.Unused} of {walk.Frames} frames were not used."));
            if (isTimed)
            {
                terminal.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Late by {Lateness(0.5)} µs in the median, {Lateness(0.99)} µs at the 99th percentile, {Lateness(1)} µs at most."));
            }
        }

        if (_failed > 0)
        {
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{_failed} datagrams were not sent."));
        }

        if (walk.Problem is { } problem)
        {
            terminal.Say($"warning: '{settings.Capture.Path}' {problem}.");
        }
    }

    /// <summary>Microseconds that this share of the datagrams was late by at most.</summary>
    private long Lateness(double share)
    {
        long all = _lateness.Sum();
        long seen = 0;
        for (int i = 0; i < _lateness.Length; i++)
        {
            seen += _lateness[i];
            if (seen >= share * all)
            {
                return i;
            }
        }

        return MostLateness;
    }
}
