// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spead2.Managed;
using Spead2.Managed.Linux;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Record;

/// <summary>`spead2 record`.</summary>
/// <param name="settings">What is recorded, and where to.</param>
/// <param name="terminal">Where it is told of.</param>
internal sealed class Recorder(RecordSettings settings, Terminal terminal) : IDisposable
{
    // Ctrl-C and signals are noticed after this time if nothing arrives.
    private const int PollMilliseconds = 50;

    // How often the kernel is asked what it has dropped.
    private static readonly TimeSpan CountInterval = TimeSpan.FromSeconds(1);

    // SIGUSR1 of Linux.
    private const PosixSignal TriggerSignal = (PosixSignal)10;

    private readonly List<RecordSocket> _sockets = [];
    private readonly MessageBatch _batch = new(
        settings.Coalesce ? MessageBatch.CoalescedSlots : DatagramSocket.Slots, MessageBatch.CoalescedSize)
    {
        AsksSenders = true,
    };

    private readonly Stopwatch _time = new();
    private ChunkFiller _filler = null!;
    private TimeSpan _counted;
    private int _errors;
    private volatile bool _isStopped;
    private volatile bool _isTriggered;

    /// <summary>Records until it is interrupted, or has what it was asked for.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using Interrupt interrupt = new(() => _isStopped = true);
        using PosixSignalRegistration? trigger = settings.Keep is null ? null : PosixSignalRegistration.Create(
            TriggerSignal,
            context =>
            {
                context.Cancel = true;
                _isTriggered = true;
            });
        using ChunkStore store = new(settings.Format, settings.Memory);
        using FileWriter writer = new(settings, store, ended: SayFile);
        _filler = new(settings, store, writer);
        Open();
        writer.Start(makeFile: settings.Keep is null);
        _time.Start();
        Receive(writer);
        ReceiveArrived();
        CountDrops();
        _time.Stop();
        _filler.End();
        writer.Finish();
        terminal.EndProgress();
        return new RecordReport(settings, _filler, writer, _time.Elapsed).Show(terminal);
    }

    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _batch.Dispose();
    }

    private bool IsEnough => _filler.Datagrams == settings.Datagrams;

    private void Open()
    {
        EngineLog log = EngineLog.For(new TerminalLogger(terminal));
        foreach (Listener listener in settings.Endpoints.Select(endpoint => new Listener(endpoint, settings.Udp)))
        {
            _sockets.AddRange(listener.Open(
                options =>
                {
                    Socket socket = UdpSocket.Open(options, UdpFieldNames.DotNet, log, out _);
                    RecordSocket opened = new(socket, _batch, settings.Coalesce);
                    return (opened, opened.Port);
                }));
            terminal.Say($"Listening {listener.Name}.");
        }
    }

    private unsafe void Receive(FileWriter writer)
    {
        Libc.PollDescriptor[] ready =
            [.. _sockets.Select(socket => new Libc.PollDescriptor { Descriptor = socket.Descriptor, Events = Libc.POLLIN })];
        while (!_isStopped && !IsEnough && writer.Failure is null && !(_time.Elapsed >= settings.Time))
        {
            fixed (Libc.PollDescriptor* descriptors = ready)
            {
                _ = Libc.poll(descriptors, (nuint)ready.Length, PollMilliseconds);
            }

            for (int i = 0; i < ready.Length; i++)
            {
                if (ready[i].Returned != 0)
                {
                    Receive(_sockets[i]);
                }
            }

            if (_isTriggered)
            {
                _isTriggered = false;
                ReceiveArrived();
                Trigger();
            }

            Tick(writer);
        }
    }

    /// <summary>Takes everything that has arrived until now.</summary>
    private void ReceiveArrived()
    {
        long endNs = NowNs;
        foreach (RecordSocket socket in _sockets)
        {
            while (!IsEnough && Receive(socket) is { } lastNs && _batch.IsFull && lastNs <= endNs)
            {
            }
        }
    }

    /// <summary>Takes some datagrams; gives when the last of them arrived.</summary>
    private long? Receive(RecordSocket socket)
    {
        int count = socket.Receive(out string? error);
        if (error is not null && _errors++ == 0)
        {
            terminal.Say($"warning: cannot receive on port {socket.Port}: {error}");
        }

        long? lastNs = null;
        for (int i = 0; i < count && !IsEnough; i++)
        {
            ReadOnlySpan<byte> rest = socket.Message(i, out int segment, out Datagram datagram);
            lastNs = datagram.TimeNs;
            do
            {
                int length = Math.Min(segment, rest.Length);
                if (_filler.Add(datagram, rest[..length]))
                {
                    Trigger();
                }

                rest = rest[length..];
            }
            while (!rest.IsEmpty && !IsEnough);
        }

        return lastNs;
    }

    private void Trigger()
    {
        TimeSpan missing = _filler.WriteKept();
        if (missing > TimeSpan.Zero)
        {
            terminal.Say(
                $"warning: the first {Readable.Seconds(missing)} of what was to be kept did not fit in --memory {settings.Memory}.");
        }
    }

    private void Tick(FileWriter writer)
    {
        _filler.Tick(NowNs);
        if (_time.Elapsed - _counted >= CountInterval)
        {
            _counted = _time.Elapsed;
            CountDrops();
        }

        terminal.ShowProgress(() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Readable.Seconds(_time.Elapsed)}: {Readable.Number(_filler.Datagrams)} datagrams, {Readable.Bytes(_filler.Bytes)}, {writer.Files} files, {Readable.Number(_filler.NoMemory + _filler.KernelDrops)} lost"));
    }

    private void CountDrops() => _filler.KernelDrops = _sockets.Sum(socket => socket.CountDrops());

    private static long NowNs => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private void SayFile(string path)
    {
        if (settings.HasSeveralFiles)
        {
            terminal.Say($"Wrote '{path}'.");
        }
    }
}
