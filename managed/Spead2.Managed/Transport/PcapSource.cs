// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>The UDP datagrams of a capture file. Each is a batch of its own.</summary>
internal sealed unsafe class PcapSource : Source
{
    // What one system call reads: little enough to stay in the caches until it is copied.
    private const int Chunk = 256 << 10;

    // A record that is not complete, and a chunk behind it.
    private const int Capacity = CaptureReader.MaxRecord + Chunk;

    private readonly CaptureFile _file;
    private readonly string _path;
    private readonly bool _outgoing;
    private readonly byte[]? _address;
    private readonly int _port;
    private readonly CaptureReader _reader = new();
    private readonly byte* _buffer;

    // In the file, of what is read next.
    private long _position;

    // The bytes that have not been used, and whether more are needed.
    private int _start;
    private int _end;
    private bool _isUsedUp;

    // Nothing more can be read, and what there is to count at the end has been.
    private bool _hasEnded;
    private bool _isCounted;
    private Fragments? _parts;

    // What is left of the datagram that is being handed over, or null, and what is handed over of it at a time: a segment,
    // or all. It is in the buffer or in the fragments.
    private byte* _datagram;
    private int _length;
    private int _piece;
    private SenderAddress _sender;

    // What the statistics show of it: boxed, as it is read by other threads.
    private volatile IPEndPoint? _shown;
    private SenderAddress _told;

    private PcapSource(StreamCore stream, CaptureFile file, PcapSourceOptions options)
        : base(stream)
    {
        _file = file;
        _path = options.Path!;
        _outgoing = options.Outgoing;
        _address = options.GivenAddress is null ? null : PcapSourceOptions.ParseAddress(options.GivenAddress);
        _port = options.Port;
        _buffer = (byte*)NativeMemory.Alloc(Capacity);
    }

    public override IPEndPoint? LastSender => _shown;

    private int Rest => _end - _start;

    public override IPEndPoint? TellSender() => _sender.ToEndPoint();

    /// <summary>Adds a source to a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="option">What messages call the name of the file.</param>
    /// <exception cref="Spead2Exception">For example the file does not exist or is no capture.</exception>
    public static PcapSource Add(StreamCore stream, PcapSourceOptions options, string option)
    {
        CaptureFile file = CaptureFile.Open(options.Path!, option);
        PcapSource source;
        try
        {
            source = new(stream, file, options) { Dialect = DialectRules.Of(options.Dialect) };
        }
        catch (OutOfMemoryException)
        {
            file.Dispose();
            throw StatusException.NoMemory("the frames of a capture");
        }

        try
        {
            source.ReadStart(option);
        }
        catch
        {
            source.Release();
            throw;
        }

        stream.Add(source);
        return source;
    }

    protected override PollResult Poll()
    {
        if (_isUsedUp)
        {
            Fill();
        }

        if (_hasEnded && _datagram == null && !_isCounted)
        {
            CountRest();
        }

        PollResult result = Stream.Enter(this);
        try
        {
            result = AddDatagrams(result);
        }
        finally
        {
            Stream.Leave();
        }

        if (_sender != _told)
        {
            _told = _sender;
            _shown = _sender.ToEndPoint();
        }

        return result;
    }

    protected override void CloseOrigin() => _file.Dispose();

    protected override void ReleaseOrigin() => NativeMemory.Free(_buffer);

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);

    private static string ErrorText(IOException exception) => OperatingSystem.IsLinux()
        ? Marshal.GetPInvokeErrorMessage(exception.HResult)
        : exception.Message;

    /// <summary>Reads the start of the file, which says what it is.</summary>
    private void ReadStart(string option)
    {
        try
        {
            ReadBytes();
        }
        catch (IOException exception)
        {
            throw StatusException.Os($"cannot read the capture \"{_path}\": {ErrorText(exception)}", exception.HResult);
        }

        if (_reader.Next(new(_buffer, _end), out long size, out _) != CaptureEvent.Other)
        {
            throw StatusException.Argument(
                $"{option} is \"{_path}\", which is no capture: it does not begin as files of pcap and pcapng do");
        }

        Pass(size);
        if (!_reader.IsPcapng && !Frame.IsKnownLink(_reader.FirstLink))
        {
            throw new Spead2Exception(
                Text($"frames of link type {_reader.FirstLink}, as in the capture \"{_path}\", cannot be read"),
                Spead2Status.NotSupported);
        }
    }

    private void NoteEnd(bool isError, string what)
    {
        Counters.Errors += isError ? 1 : 0;
        Stream.Log.Write(
            MessageKind.Capture,
            LogLevel.Warning,
            (_path, what, At: _position - Rest),
            static x => Text($"the capture {x._path} {x.what}, so reading ends at byte {x.At}"));
    }

    /// <summary>Nothing more comes from the file.</summary>
    private void FinishFile()
    {
        _hasEnded = true;
        Counters.UnfinishedBytes += Rest;
        if (_position < _file.Length)
        {
            NoteEnd(isError: true, "has become shorter");
        }
        else if (Rest != 0 || _position > _file.Length)
        {
            NoteEnd(isError: false, "ends within a record");
        }

        _start = _end;
    }

    /// <summary>Puts more bytes behind those that have not been used; says how many.</summary>
    private int ReadBytes()
    {
        new Span<byte>(_buffer + _start, Rest).CopyTo(new(_buffer, Rest));
        _end = Rest;
        _start = 0;
        int count = _file.Read(new(_buffer + _end, Chunk), _position);
        _position += count;
        _end += count;
        return count;
    }

    private void Fill()
    {
        _isUsedUp = false;
        try
        {
            if (ReadBytes() == 0)
            {
                FinishFile();
            }
        }
        catch (IOException exception)
        {
            _hasEnded = true;
            NoteEnd(isError: true, $"cannot be read ({ErrorText(exception)})");
        }
    }

    private void CountRest()
    {
        Counters.FragmentsLost += _parts?.Waiting ?? 0;
        _isCounted = true;
    }

    /// <summary>Moves on in the file, by more than the buffer may have.</summary>
    private void Pass(long size)
    {
        int here = (int)Math.Min(size, Rest);
        _start += here;
        _position += size - here;
    }

    private bool SkipFrame(ref long counter, LogLevel level, string why)
    {
        counter++;
        Stream.Log.Write(
            MessageKind.Capture,
            level,
            (_path, why),
            static x => $"a frame of the capture {x._path} not used: {x.why}");
        return false;
    }

    private PollResult AddDatagrams(PollResult result)
    {
        Ingest ingest = Stream.Ingest;
        long packets = Stream.Tally[Statistic.Packets];
        long datagrams = Counters.Datagrams;
        long bytes = Counters.Bytes;
        SenderAddress known = default;
        while (result == PollResult.More && Counters.Datagrams - datagrams < SlicePackets &&
            Counters.Bytes - bytes < SliceBytes && (_datagram != null || FindDatagram()))
        {
            if (ingest.WantsSenders && known != _sender)
            {
                known = _sender;
                ingest.SetSender(known);
            }

            result = HandOver(ingest);
        }

        if (result == PollResult.More && _isCounted)
        {
            ingest.EndSource();
            result = PollResult.Ended;
        }

        ingest.CountBatches(Counters.Datagrams - datagrams, Stream.Tally[Statistic.Packets] == packets ? 0 : 1);
        return result;
    }

    private PollResult HandOver(Ingest ingest)
    {
        int length = Math.Min(_piece, _length);
        PollResult result = ingest.AddDatagram(new(_datagram, length));
        if (result != PollResult.Yield)
        {
            Counters.Datagrams++;
            Counters.Bytes += length;
            _length -= length;
            _datagram = _length == 0 ? null : _datagram + length;
        }

        return result;
    }

    /// <summary>Looks for the next datagram in the buffer.</summary>
    private bool FindDatagram()
    {
        while (!_hasEnded)
        {
            ReadOnlySpan<byte> window = new(_buffer + _start, Rest);
            CaptureEvent found = _reader.Next(window, out long size, out CaptureRecord record);
            if (found == CaptureEvent.More)
            {
                _isUsedUp = true;
                return false;
            }

            if (found == CaptureEvent.Damaged)
            {
                _hasEnded = true;
                NoteEnd(isError: true, "has bytes that are no record");
                return false;
            }

            Pass(size);
            if (found == CaptureEvent.Other)
            {
                continue;
            }

            Counters.Frames++;
            if (found == CaptureEvent.Frame
                ? UseFrame(record.Link, window.Slice(record.Offset, record.Length))
                : UseOther(found))
            {
                return true;
            }
        }

        return false;
    }

    private bool UseOther(CaptureEvent found) => found switch
    {
        CaptureEvent.Truncated => SkipFrame(
            ref Counters.FramesTruncated,
            LogLevel.Warning,
            "its end was not captured; capture with a larger snapshot length"),
        CaptureEvent.TooLong => SkipFrame(
            ref Counters.FramesUnreadable, LogLevel.Warning, "it is longer than any packet"),
        _ => SkipFrame(
            ref Counters.FramesUnreadable, LogLevel.Warning, "it is of an interface that the capture does not describe"),
    };

    /// <summary>Whether the frame is, or completes, a datagram to be handed over.</summary>
    private bool UseFrame(uint link, ReadOnlySpan<byte> bytes)
    {
        FrameKind kind = Frame.Decode(link, bytes, out Frame frame);
        if (kind is FrameKind.Udp or FrameKind.Empty or FrameKind.Fragment)
        {
            if (frame.IsOutgoing && !_outgoing)
            {
                Counters.FramesOutgoing++;
                return false;
            }

            if (_address is not null && !frame.Destination.SequenceEqual(_address))
            {
                Counters.FramesFiltered++;
                return false;
            }
        }

        return UseKind(kind == FrameKind.Fragment ? PutTogether(ref frame) : kind, frame, link);
    }

    private bool UseKind(FrameKind kind, in Frame frame, uint link)
    {
        switch (kind)
        {
            case FrameKind.Udp or FrameKind.Empty:
                return UseDatagram(frame);
            case FrameKind.Fragment:
                return false;
            case FrameKind.Short:
                return SkipFrame(ref Counters.FramesMalformed, LogLevel.Information, "it ends in a header");
            case FrameKind.IpLength:
                return SkipFrame(
                    ref Counters.FramesMalformed, LogLevel.Information, "the length of its IP packet is wrong");
            case FrameKind.UdpLength:
                return SkipFrame(
                    ref Counters.FramesMalformed, LogLevel.Information, "the length of its UDP datagram is wrong");
            case FrameKind.UnknownLink:
                return SkipFrame(
                    ref Counters.FramesUnreadable,
                    LogLevel.Warning,
                    Text($"frames of link type {link} cannot be read"));
            default:
                Counters.FramesOther++;
                return false;
        }
    }

    /// <summary>Adds a fragment; if its packet is complete, that is the frame.</summary>
    private FrameKind PutTogether(ref Frame frame)
    {
        Counters.Fragments++;
        try
        {
            _parts ??= new();
            long before = _parts.Lost;
            FrameKind kind = _parts.Add(ref frame);
            Counters.FragmentsLost += _parts.Lost - before;
            return kind;
        }
        catch (OutOfMemoryException)
        {
            Counters.FragmentsLost++;
            Stream.Log.Write(
                MessageKind.Memory,
                LogLevel.Warning,
                _path,
                static path => $"fragments of the capture {path} not used: there is no memory for them");
            return FrameKind.Fragment;
        }
    }

    private bool UseDatagram(in Frame frame)
    {
        if (_port != 0 && frame.DestinationPort != _port)
        {
            Counters.FramesFiltered++;
            return false;
        }

        _sender = SenderAddress.Of(frame.Source, frame.SourcePort);
        _datagram = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame.Payload));
        _length = frame.Payload.Length;
        _piece = Frame.SegmentOf(frame.Payload, Dialect);
        return true;
    }
}
