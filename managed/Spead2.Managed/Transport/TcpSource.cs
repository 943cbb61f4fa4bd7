// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Packets from a TCP connection. What one system call delivers is one batch.</summary>
internal sealed unsafe class TcpSource : Source
{
    // The buffer has room for so many packets of the largest size, and at least these bytes, for fewer system calls. A
    // packet that is not complete is moved to the front when there is less room behind it than it may need: at most one
    // packet's bytes for two packets' bytes that have been used.
    private const int PacketsInBuffer = 4;
    private const int SmallestBuffer = 256 << 10;

    private const int NoSocket = -1;

    private readonly EpollLoop _loop;
    private readonly TcpSocket _opened;
    private readonly bool _reaccepts;
    private readonly int _capacity;
    private readonly byte* _buffer;

    // The socket that the source waits for; while a connection is received from, the one that listens, if the next
    // connection is to be accepted.
    private int _socket;
    private int _listener = NoSocket;
    private TcpProgress _progress;
    private long _key;
    private bool _armed;

    // There is no connection any more, and will be none.
    private bool _hasEnded;
    private volatile IPEndPoint? _peer;
    private PacketSplitter _splitter;

    // The bytes that have not been used, whether they have been looked through, as far as they go, and where the first of
    // them stands in the connection.
    private int _start;
    private int _end;
    private bool _isLookedThrough = true;
    private ulong _position;

    private TcpSource(StreamCore stream, IoThreads.IoThread thread, EpollLoop loop, TcpSocket opened, TcpSourceOptions options)
        : base(stream, thread)
    {
        _loop = loop;
        _opened = opened;
        _reaccepts = options.Reaccept;
        _splitter = new(options.MaxSize);
        _capacity = Math.Max(PacketsInBuffer * options.MaxSize, SmallestBuffer);
        _socket = opened.Descriptor;
        _progress = opened.Progress;
        LocalEndPoint = LinuxTcpSocket.LocalOf(_socket);
        try
        {
            _buffer = (byte*)NativeMemory.Alloc((nuint)_capacity);
        }
        catch (OutOfMemoryException)
        {
            throw StatusException.NoMemory("the packets of a TCP source");
        }

        OpenDescriptors.Add(_socket);
        if (_progress == TcpProgress.Connected)
        {
            BeginConnection();
        }
    }

    public override IPEndPoint? LocalEndPoint { get; }

    public override IPEndPoint? LastSender => _peer;

    public override string Piece => "TCP packet";

    public override bool TakesDialects => false;

    public override IPEndPoint? TellSender() => _peer;

    /// <summary>Adds a source to a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="prefix">What comes before the names of options in messages.</param>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static TcpSource Add(StreamCore stream, TcpSourceOptions options, string prefix)
    {
        ThrowIfUnsupported();
        IoThreads.IoThread thread = stream.Threads.Assign();
        TcpSource source;
        int opened = NoSocket;
        try
        {
            TcpSocket socket = TcpSocket.Open(options, prefix, stream.Log);
            opened = socket.Descriptor;
            source = new(stream, thread, (EpollLoop)thread.Loop, socket, options);
        }
        catch
        {
            if (opened != NoSocket)
            {
                _ = Libc.close(opened);
            }

            thread.Unassign();
            throw;
        }

        try
        {
            source.ArmFirst();
        }
        catch
        {
            source.Release();
            throw;
        }

        stream.Add(source);
        return source;
    }

    /// <exception cref="Spead2Exception">There are no TCP sources here.</exception>
    public static void ThrowIfUnsupported()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new Spead2Exception(
                "TCP sources are not supported on this operating system yet", Spead2Status.NotSupported);
        }
    }

    protected override PollResult Poll()
    {
        if (_isLookedThrough && !_hasEnded)
        {
            PollResult taken = TakeBatch();
            if (_isLookedThrough && !_hasEnded)
            {
                return taken;
            }
        }

        bool isBatch = !_isLookedThrough;
        PollResult result = Stream.Enter(this);
        try
        {
            result = AddBatch(result);
            if (isBatch && (result == PollResult.Ended || _isLookedThrough))
            {
                Stream.Ingest.CountBatches(1, BatchPackets);
                BatchPackets = 0;
            }
        }
        finally
        {
            Stream.Leave();
        }

        // Epoll tells of what comes, not of what is there: until nothing is, the source looks again.
        return result;
    }

    protected override Spead2Exception? Arm()
    {
        if (_armed)
        {
            return null;
        }

        Interest interest = _progress == TcpProgress.Connecting ? Interest.Writable : Interest.Readable;
        int error = _loop.Watch(_socket, interest, this, out _key);
        _armed = error == 0;
        return _armed ? null : StatusException.Os(
            Text($"cannot wait for a TCP socket: {Marshal.GetPInvokeErrorMessage(error)}"), error);
    }

    protected override void Disarm()
    {
        if (_armed)
        {
            _armed = false;
            _loop.Unwatch(_socket, _key);
        }
    }

    protected override void CloseOrigin()
    {
        CountRest();
        Publish();
        Disarm();
        Close(_socket);
        if (_listener != NoSocket)
        {
            Close(_listener);
        }
    }

    protected override void ReleaseOrigin() => NativeMemory.Free(_buffer);

    private static void Close(int fd)
    {
        OpenDescriptors.Remove(fd);
        _ = Libc.close(fd);
    }

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);

    /// <summary>Waits for another socket from now on.</summary>
    private void TakeSocket(int socket, TcpProgress progress)
    {
        Disarm();
        _socket = socket;
        _progress = progress;
    }

    private void BeginConnection()
    {
        Counters.Connections++;
        _splitter = new(_splitter.MaxSize);
        _position = 0;
        _peer = LinuxTcpSocket.PeerOf(_socket) is { } peer ? SenderOf(peer).ToEndPoint() : null;
    }

    // Without a scope, as everywhere where senders are told.
    private static SenderAddress SenderOf(IPEndPoint peer) => SenderAddress.Of(peer.Address.GetAddressBytes(), peer.Port);

    /// <summary>
    /// Counts what is left in the buffer at the end of a connection: the start of a packet, or bytes that are none.
    /// </summary>
    private void CountRest()
    {
        if (_splitter.IsLost)
        {
            Counters.SkippedBytes += _end - _start;
        }
        else
        {
            Counters.UnfinishedBytes += _end - _start;
        }
    }

    private void NoteError(int error, string what)
    {
        Counters.Errors++;
        Stream.Log.Write(
            MessageKind.Socket,
            LogLevel.Warning,
            (what, _opened.Place, error),
            static x => Text($"{x.what} {x.Place}: {Marshal.GetPInvokeErrorMessage(x.error)}"));
    }

    /// <summary>The next connection is awaited, or there is none.</summary>
    private PollResult EndConnection()
    {
        CountRest();
        if (_end != _start)
        {
            Stream.Log.Write(
                MessageKind.Socket,
                LogLevel.Information,
                (_peer, Left: _end - _start),
                static x => Text(
                    $"the connection from {x._peer?.Address} ended within a packet, of which {x.Left} bytes had come"));
        }

        _start = 0;
        _end = 0;
        if (_listener == NoSocket)
        {
            _hasEnded = true;
            return PollResult.More;
        }

        int connection = _socket;
        TakeSocket(_listener, TcpProgress.Listening);
        _listener = NoSocket;
        Close(connection);
        return PollResult.More;
    }

    private PollResult AcceptConnection()
    {
        int listener = _socket;
        switch (LinuxTcpSocket.Accept(listener, out int connection, out int error))
        {
            case LinuxTcpSocket.Outcome.Done:
                break;
            case LinuxTcpSocket.Outcome.Nothing:
                return PollResult.Idle;
            case LinuxTcpSocket.Outcome.Hiccup:
                NoteError(error, "a connection failed before it was accepted at");
                return PollResult.More;
            case LinuxTcpSocket.Outcome.Shortage:
                NoteError(error, "cannot accept a connection at");
                PostBlindly();
                return PollResult.Idle;
            default:
                NoteError(error, "no connection can be accepted any more at");
                _hasEnded = true;
                return PollResult.More;
        }

        OpenDescriptors.Add(connection);
        TakeSocket(connection, TcpProgress.Connected);
        if (_reaccepts)
        {
            _listener = listener;
        }
        else
        {
            Close(listener);
        }

        BeginConnection();
        return PollResult.More;
    }

    private PollResult FinishConnecting()
    {
        switch (LinuxTcpSocket.FinishConnect(_socket, out int error))
        {
            case LinuxTcpSocket.Outcome.Done:
                TakeSocket(_socket, TcpProgress.Connected);
                BeginConnection();
                return PollResult.More;
            case LinuxTcpSocket.Outcome.Nothing:
                return PollResult.Idle;
            default:
                NoteError(error, "cannot connect to");
                _hasEnded = true;
                return PollResult.More;
        }
    }

    /// <summary>Sees to it that the largest packet has room.</summary>
    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = 0;
            _end = 0;
        }
        else if (_capacity - _end < _splitter.MaxSize)
        {
            new ReadOnlySpan<byte>(_buffer + _start, _end - _start).CopyTo(new(_buffer, _capacity));
            _end -= _start;
            _start = 0;
        }
    }

    private PollResult ReceiveBytes()
    {
        MakeRoom();
        int room = (int)Math.Min(_capacity - _end, SliceBytes);
        switch (LinuxTcpSocket.Receive(_socket, _buffer + _end, room, out int received, out int error))
        {
            case LinuxTcpSocket.Outcome.Done:
                break;
            case LinuxTcpSocket.Outcome.Nothing:
                return PollResult.Idle;
            case LinuxTcpSocket.Outcome.Shortage:
                NoteError(error, "cannot receive from");
                PostBlindly();
                return PollResult.Idle;
            default:
                NoteError(error, "the connection failed of");
                return EndConnection();
        }

        if (received == 0)
        {
            return EndConnection();
        }

        _end += received;
        _isLookedThrough = false;
        Counters.Messages++;
        Counters.Bytes += received;
        return PollResult.More;
    }

    /// <summary>Takes what has arrived; if that is nothing, says what is to be done.</summary>
    private PollResult TakeBatch() => _progress switch
    {
        TcpProgress.Listening => AcceptConnection(),
        TcpProgress.Connecting => FinishConnecting(),
        _ => ReceiveBytes(),
    };

    private PollResult AddBatch(PollResult result)
    {
        long packets = Stream.Tally[Statistic.Packets];
        if (Stream.Ingest.WantsSenders && _peer is { } peer)
        {
            Stream.Ingest.SetSender(SenderOf(peer));
        }

        bool isMore = true;
        while (result == PollResult.More && isMore)
        {
            isMore = UsePiece(ref result);
        }

        BatchPackets += Stream.Tally[Statistic.Packets] - packets;
        _isLookedThrough = result == PollResult.More;
        if (result == PollResult.More && _hasEnded)
        {
            Stream.Ingest.EndSource();
            result = PollResult.Ended;
        }

        return result;
    }

    /// <summary>Uses one piece of what is in the buffer; false if nothing can be used before more bytes come.</summary>
    private bool UsePiece(ref PollResult result)
    {
        ReadOnlySpan<byte> bytes = new(_buffer + _start, _end - _start);
        PacketSplitter.Piece piece = _splitter.Next(bytes);
        bytes = bytes[..piece.Length];
        switch (piece.Kind)
        {
            case PacketSplitter.PieceKind.Unknown:
                return false;
            case PacketSplitter.PieceKind.Packet:
                result = Stream.Ingest.AddDatagram(bytes);
                if (result == PollResult.Yield)
                {
                    return true;
                }

                _splitter.Take();
                break;
            case PacketSplitter.PieceKind.Lost:
                Stream.Ingest.AddLost(bytes, piece.Fault, _position);
                Counters.SkippedBytes += piece.Length;
                break;
            case PacketSplitter.PieceKind.Skipped:
                Counters.SkippedBytes += piece.Length;
                break;
            case PacketSplitter.PieceKind.TooLarge:
                Stream.Ingest.AddTruncated(bytes, _splitter.MaxSize);
                break;
        }

        _start += piece.Length;
        _position += (ulong)piece.Length;
        return true;
    }
}
