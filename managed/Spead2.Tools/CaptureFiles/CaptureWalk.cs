// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Managed;
using Spead2.Tools.Output;

namespace Spead2.Tools.CaptureFiles;

/// <summary>
/// The UDP datagrams of a capture, one after the other. A record of a segmented send is as many datagrams as it has packets.
/// </summary>
internal sealed class CaptureWalk : IDisposable
{
    private const int Chunk = 1 << 20;

    private readonly CaptureInput _input;
    private readonly CaptureSettings _settings;
    private readonly CancellationToken _stop;
    private readonly CaptureReader _reader = new();
    private readonly byte[] _window = new byte[CaptureReader.MaxRecord + Chunk];
    private readonly byte[] _whole = new byte[ushort.MaxValue + 1];
    private Fragments? _fragments;
    private int _start;
    private int _end;

    // What is left of the frame that is being cut into datagrams, and how it is cut.
    private Memory<byte> _rest;
    private int _piece;

    /// <summary>Opens a capture.</summary>
    /// <param name="settings">Which, and what is looked at.</param>
    /// <param name="stop">Ends the walk early, without a problem.</param>
    /// <exception cref="UserErrorException">It cannot be read, or is none.</exception>
    public CaptureWalk(CaptureSettings settings, CancellationToken stop)
    {
        _settings = settings;
        _stop = stop;
        _input = new(settings.Path, stop);
        CaptureEvent first;
        long size;
        do
        {
            first = _reader.Next(_window.AsSpan(0, _end), out size, out _);
        }
        while (first == CaptureEvent.More && Fill());
        if (stop.IsCancellationRequested)
        {
            return;
        }

        if (first != CaptureEvent.Other)
        {
            string reason = (first == CaptureEvent.More ? _input.ProblemAtEnd() : null) ?? "is no capture of pcap or pcapng";
            _input.Dispose();
            throw new UserErrorException($"'{settings.Path}' {reason}.");
        }

        Pass(size);
    }

    /// <summary>Frames so far, used or not.</summary>
    public long Frames { get; private set; }

    /// <summary>Datagrams so far.</summary>
    public long Datagrams { get; private set; }

    /// <summary>Frames so far that hold nothing, are cut, or are not asked for.</summary>
    public long Unused { get; private set; }

    /// <summary>Where the capture ends within a record or has bytes that are none; null: it does not.</summary>
    public string? Problem { get; private set; }

    /// <summary>How far it is, for people.</summary>
    public string Progress => $"{Readable.Number(Datagrams)} datagrams, {_input.Progress}";

    /// <summary>Nanoseconds since 1970 at which the datagram was captured; null if the capture does not say.</summary>
    public long? TimeNs { get; private set; }

    /// <summary>Who sent the datagram.</summary>
    public SenderAddress Source { get; private set; }

    /// <summary>To whom it was sent.</summary>
    public SenderAddress Destination { get; private set; }

    /// <summary>The datagram, which may be changed; valid until the next call.</summary>
    public Memory<byte> Payload { get; private set; }

    /// <summary>Moves on to the next datagram; false at the end, or when it is to stop.</summary>
    public bool Next()
    {
        if (_stop.IsCancellationRequested)
        {
            return false;
        }

        while (_rest.IsEmpty)
        {
            if (!NextFrame())
            {
                return false;
            }
        }

        int length = Math.Min(_piece, _rest.Length);
        Payload = _rest[..length];
        _rest = _rest[length..];
        Datagrams++;
        return true;
    }

    public void Dispose() => _input.Dispose();

    private bool NextFrame()
    {
        while (true)
        {
            ReadOnlySpan<byte> window = _window.AsSpan(_start.._end);
            CaptureEvent found = _reader.Next(window, out long size, out CaptureRecord record);
            switch (found)
            {
                case CaptureEvent.More:
                    if (!Fill())
                    {
                        Problem = _stop.IsCancellationRequested
                            ? null
                            : _input.ProblemAtEnd() ?? (_end == _start ? null : "ends within a record");
                        return false;
                    }

                    continue;
                case CaptureEvent.Damaged:
                    Problem = string.Create(
                        CultureInfo.InvariantCulture, $"has bytes that are no record at byte {_input.Position - (_end - _start)}");
                    return false;
                case CaptureEvent.Other:
                    Pass(size);
                    continue;
            }

            int offset = _start + record.Offset;
            Pass(size);
            Frames++;
            if (found == CaptureEvent.Frame && Use(record, offset))
            {
                return true;
            }

            Unused++;
        }
    }

    /// <summary>Whether a frame is, or completes, a datagram that is asked for.</summary>
    private bool Use(in CaptureRecord record, int offset)
    {
        ReadOnlySpan<byte> bytes = _window.AsSpan(offset, record.Length);
        FrameKind kind = Frame.Decode(record.Link, bytes, out Frame frame);
        bool isWhole = kind != FrameKind.Fragment;
        if (!isWhole)
        {
            _fragments ??= new();
            kind = _fragments.Add(ref frame);
        }

        if (kind != FrameKind.Udp || (frame.IsOutgoing && !_settings.Outgoing) ||
            (_settings.Port != 0 && frame.DestinationPort != _settings.Port) ||
            (_settings.Address is { } address && !frame.Destination.SequenceEqual(address)))
        {
            return false;
        }

        TimeNs = record.TimeNs;
        Source = SenderAddress.Of(frame.Source, frame.SourcePort);
        Destination = SenderAddress.Of(frame.Destination, frame.DestinationPort);
        frame.Payload.CopyTo(_whole);
        _rest = _whole.AsMemory(0, frame.Payload.Length);
        _piece = Frame.SegmentOf(frame.Payload, default);
        return true;
    }

    private bool Fill()
    {
        _window.AsSpan(_start.._end).CopyTo(_window);
        _end -= _start;
        _start = 0;
        int count;
        try
        {
            count = _input.Read(_window.AsSpan(_end, Chunk));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"'{_settings.Path}' cannot be read: {exception.Message}");
        }

        _end += count;
        return count != 0;
    }

    private void Pass(long size)
    {
        int here = (int)Math.Min(size, _end - _start);
        _start += here;
        if (size > here)
        {
            _input.Skip(size - here);
        }
    }
}
