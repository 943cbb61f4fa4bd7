// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Datagrams from a UDP socket. What one look at the socket delivers is one batch.</summary>
internal sealed unsafe class UdpSource : Source
{
    // A socket that fails so often in a row is left alone for a while. Errors that come in between (a peer that is not
    // there, an entry in the error queue) go away by being told.
    private const int FailuresInARow = 16;

    // Batches of which all senders are asked for once one was missed: some seconds of a fast stream.
    private const int BatchesWithSenders = 65536;

    private readonly DatagramSocket _socket;
    private readonly int _maxSize;
    private int _failures;
    private bool _shutDown;
    private long _dropped;
    private long _unused;
    private int _messageCount;

    // Messages that have been handed over, the one under way, and bytes of it that have been handed over.
    private int _messageIndex;
    private DatagramSocket.UdpMessage _message;
    private int _messagePosition;

    // That are left of those whose senders are all asked for.
    private int _senderBatches;

    /// <summary>Reads a socket, which is closed and disposed with the source.</summary>
    public UdpSource(StreamCore stream, IoThreads.IoThread thread, DatagramSocket socket, int maxSize)
        : base(stream, thread)
    {
        _socket = socket;
        _maxSize = maxSize;
        LocalEndPoint = socket.LocalEndPoint;
        socket.Owner = this;
        socket.AsksSenders = stream.Ingest.WantsSenders;
    }

    public override bool IsLossy => true;

    public override IPEndPoint LocalEndPoint { get; }

    /// <summary>What the socket is for; null if it was bound before.</summary>
    public UdpTarget? Target { get; init; }

    // Where groups are not bound to, the target has it.
    public override IPAddress? Group => UdpTarget.IsMulticast(LocalEndPoint.Address) ? LocalEndPoint.Address
        : Target is { IsGroup: true } ? Target.EndPoint.Address
        : null;

    public override string? InterfaceName => Target is { IsGroup: true } ? Target.InterfaceName : null;

    public override IPEndPoint? LastSender => _socket.LastSender;

    public override IPEndPoint? TellSender()
    {
        if (Steered is { IsStray: true })
        {
            // It is not of the message under way.
            return null;
        }

        IPEndPoint? sender = _socket.SenderOf(_messageIndex).ToEndPoint();
        if (sender is null)
        {
            _senderBatches = BatchesWithSenders;
        }

        return sender;
    }

    public override long Dropped => Volatile.Read(ref _dropped);

    public override long Unused => Volatile.Read(ref _unused);

    /// <summary>Adds a source to a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="names">What messages call the options.</param>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static UdpSource Add(StreamCore stream, UdpSourceOptions options, UdpFieldNames names)
    {
        Socket socket = UdpSocket.Open(options, names, stream.Log, out UdpTarget? target);
        IoThreads.IoThread thread = stream.Threads.Assign();
        UdpSource source;
        try
        {
            source = new(
                stream,
                thread,
                thread.Loop is EpollLoop loop
                    ? new LinuxDatagramSocket(loop, socket, options.MaxSize)
                    : new PortableDatagramSocket(thread.Loop, socket, options.MaxSize),
                options.MaxSize)
            {
                Dialect = DialectRules.Of(options.Dialect),
                Target = target,
            };
        }
        catch
        {
            thread.Unassign();
            throw;
        }

        try
        {
            source.WatchGroup(options.BufferSize);
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

    /// <summary>Adds sources to several streams that share a port.</summary>
    /// <param name="streams">The streams, all different.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="names">What messages call the options.</param>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static UdpSource[] Add(StreamCore[] streams, UdpSourceOptions options, UdpFieldNames names)
    {
        if (streams.Length == 1)
        {
            return [Add(streams[0], options, names)];
        }

        Steering steering = new(streams.Length);
        List<UdpSource> sources = [];
        try
        {
            PortShare share = new(streams.Length, 0, 0);
            Socket? first = null;
            bool shares = true;
            foreach (StreamCore stream in streams)
            {
                UdpTarget? target = sources.Count == 0 ? null : sources[0].Target;
                Socket? socket = shares ? UdpSocket.Open(options, names, stream.Log, share, out target, out shares) : null;
                first ??= socket;
                sources.Add(OfMember(stream, steering, options, socket, target, sources));
                share = share with { Member = sources.Count, Port = sources[0].LocalEndPoint.Port };
            }

            if (shares && OperatingSystem.IsLinux())
            {
                StartSteering(sources, first!);
            }

            foreach (UdpSource source in sources)
            {
                source.WatchGroup(options.BufferSize);
                source.ArmFirst();
            }
        }
        catch
        {
            sources.ForEach(source => source.Release());
            throw;
        }

        for (int i = 0; i < streams.Length; i++)
        {
            streams[i].Add(sources[i]);
        }

        return [.. sources];
    }

    public override bool MoveStrays()
    {
        do
        {
            for (; _messageIndex < _messageCount; _messageIndex++, TakeMessage())
            {
                if (!MoveMessage())
                {
                    return false;
                }
            }

            TakeBatch();
        }
        while (_messageCount != 0);
        return FoundEmpty;
    }

    public override void CountUnused(long datagrams) => Interlocked.Add(ref _unused, datagrams);

    /// <summary>A source of those that share a port; without a socket it gets what is handed over to it.</summary>
    private static UdpSource OfMember(
        StreamCore stream,
        Steering steering,
        UdpSourceOptions options,
        Socket? socket,
        UdpTarget? target,
        List<UdpSource> before)
    {
        SteeredMember member = steering.Members[before.Count];
        IoThreads.IoThread thread = stream.Threads.Assign();
        try
        {
            member.MaxSize = options.MaxSize;
            member.Buffered = socket is null ? 0 : OperatingSystem.IsLinux() ? socket.ReceiveBufferSize : long.MaxValue;
            UdpSource source = new(stream, thread, SocketOf(socket, thread, options, before), options.MaxSize)
            {
                Dialect = DialectRules.Of(options.Dialect),
                Target = target,
            };
            member.Join(source);
            return source;
        }
        catch
        {
            thread.Unassign();
            throw;
        }
    }

    private static DatagramSocket SocketOf(
        Socket? socket, IoThreads.IoThread thread, UdpSourceOptions options, List<UdpSource> before) =>
        socket is null ? new AbsentDatagramSocket(before[0].LocalEndPoint)
        : thread.Loop is EpollLoop loop ? new LinuxDatagramSocket(loop, socket, options.MaxSize) { Member = before.Count }
        : new PortableDatagramSocket(thread.Loop, socket, options.MaxSize);

    [SupportedOSPlatform("linux")]
    private static void StartSteering(List<UdpSource> sources, Socket first)
    {
        if (sources[0].Target is not { Members: not 0 })
        {
            PortFilter.TrySteer(first, sources.Count);
            return;
        }

        FilteredDrops filtered = new(sources.Count);
        foreach (UdpSource source in sources)
        {
            if (source._socket is LinuxDatagramSocket socket)
            {
                socket.Filtered = filtered;
            }
        }

        // Which begins.
        filtered.Count();
    }

    /// <summary>Moves the message under way from where it was left; false if there is no room.</summary>
    private bool MoveMessage()
    {
        SenderAddress sender = Stream.Ingest.WantsSenders ? _socket.SenderOf(_messageIndex) : default;
        do
        {
            int rest = _message.Length - _messagePosition;
            int length = Math.Min(_message.Segment, rest);
            bool isTruncated = (_message.IsTruncated && length == rest) || length > _maxSize;
            if (!Steered!.Move(new(_message.Data + _messagePosition, length), isTruncated, sender))
            {
                return false;
            }

            Counters.Datagrams++;
            Counters.Bytes += length;
            _messagePosition += length;
        }
        while (_messagePosition < _message.Length);
        return true;
    }

    protected override PollResult Poll()
    {
        if (_messageIndex == _messageCount)
        {
            DatagramSocket.Reception reception = TakeBatch();
            if (_messageCount == 0)
            {
                return reception.Error is not null ? AfterFailure()
                    : reception.IsMore ? PollResult.More
                    : PollResult.Idle;
            }
        }

        _failures = 0;
        PollResult result = Stream.Enter(this);
        try
        {
            result = AddBatch(result);
            if (result == PollResult.Ended || _messageIndex == _messageCount)
            {
                Stream.Ingest.CountBatches(1, BatchPackets);
                BatchPackets = 0;
            }
        }
        finally
        {
            Stream.Leave();
        }

        return result == PollResult.More && _messageIndex == _messageCount && _socket.IsDrained
            ? PollResult.Idle
            : result;
    }

    protected override Spead2Exception? Arm() => _socket.Arm();

    protected override void Disarm() => _socket.Disarm();

    protected override void CloseOrigin()
    {
        Interlocked.Add(ref _unused, CountLeft() + (Steered?.Close() ?? 0));
        _socket.Close();
    }

    protected override void ReleaseOrigin() => _socket.Dispose();

    protected override void CountDrops() => Volatile.Write(ref _dropped, _socket.CountDrops());

    /// <summary>Without it a group is received all the same, until its interface is deleted.</summary>
    private void WatchGroup(long? bufferSize)
    {
        if (Target is { IsGroup: true } && _socket.WatchGroup(Target, bufferSize, new NewsTask(this)) is { } error)
        {
            Stream.Log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (GroupText, error),
                static x => $"cannot watch the interface of the multicast group {x.GroupText}: {x.error}; if it is deleted " +
                    "and made again, the group is not joined again");
        }
    }

    /// <summary>Something has happened to interfaces.</summary>
    private void LookAtGroup()
    {
        DatagramSocket.GroupNews news = _socket.LookAtGroup(Stream.Log);
        if (news.IsGone)
        {
            Warn(x => $"the interface {x.Interface} of the multicast group {x.Group} is gone: nothing is received from it " +
                "until it is back");
        }

        if (news.Error != 0)
        {
            string error = Marshal.GetPInvokeErrorMessage(news.Error);
            Warn(x => $"cannot join the multicast group {x.Group} again on the interface {x.Interface}: {error}");
        }

        if (news.IsBack)
        {
            Counters.Rejoins++;
            Warn(x => $"joined the multicast group {x.Group} again: its interface {x.Interface} is back");
        }

        if (news.Replacement is not null)
        {
            Post();
        }
    }

    private void Warn(Func<(string Group, string? Interface), string> text) => Stream.Log.Write(
        MessageKind.Socket, LogLevel.Warning, (GroupText, _socket.WatchedInterface), text);

    private string GroupText => UdpTarget.TextOf(Group!, InterfaceName);

    /// <summary>There may be packets behind an error, but not forever.</summary>
    private PollResult AfterFailure()
    {
        if (++_failures < FailuresInARow)
        {
            return PollResult.More;
        }

        _failures = 0;
        PostBlindly();
        return PollResult.Idle;
    }

    /// <summary>Datagrams of the batch that have not been handed over.</summary>
    private long CountLeft()
    {
        long left = 0;
        for (int i = _messageIndex; i < _messageCount; i++)
        {
            bool underWay = i == _messageIndex;
            DatagramSocket.UdpMessage message = underWay ? _message : _socket[i];
            int rest = message.Length - (underWay ? _messagePosition : 0);
            left += rest == 0 ? 1 : (rest + message.Segment - 1) / message.Segment;
        }

        return left;
    }

    /// <summary>Takes what has arrived.</summary>
    private DatagramSocket.Reception TakeBatch()
    {
        if (_senderBatches != 0)
        {
            _senderBatches--;
            _socket.AsksSenders = _senderBatches != 0;
        }

        DatagramSocket.Reception reception = _socket.Receive();
        _messageCount = reception.Count;
        _messageIndex = 0;
        FoundEmpty = reception is { Count: 0, Error: null, IsMore: false };
        Counters.Messages += _messageCount;
        Counters.Errors += reception.QueuedErrors;
        if (reception.Error is not null)
        {
            Counters.Errors++;
            Stream.Log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (LocalEndPoint.Port, reception.Error),
                static x => string.Create(
                    CultureInfo.InvariantCulture, $"cannot receive from UDP port {x.Port}: {x.Error}"));
        }

        if (reception.IsShutDown && !_shutDown)
        {
            NoteShutDown();
        }

        TakeMessage();
        return reception;
    }

    /// <summary>Linux receives for a socket that was shut down as before, and so does this source.</summary>
    private void NoteShutDown()
    {
        _shutDown = true;
        Stream.Log.Write(
            MessageKind.Socket,
            LogLevel.Information,
            LocalEndPoint.Port,
            static port => string.Create(
                CultureInfo.InvariantCulture,
                $"the socket of UDP port {port} was shut down by its owner; it is received from as before"));
    }

    private void TakeMessage()
    {
        if (_messageIndex < _messageCount)
        {
            _message = _socket[_messageIndex];
            _messagePosition = 0;
        }
    }

    private PollResult AddBatch(PollResult result)
    {
        long packets = Stream.Tally[Statistic.Packets];
        while (result == PollResult.More && _messageIndex < _messageCount)
        {
            if (Stream.Ingest.WantsSenders)
            {
                Stream.Ingest.SetSender(_socket.SenderOf(_messageIndex));
            }

            result = AddMessage();
            if (result != PollResult.Yield && _messagePosition == _message.Length)
            {
                _messageIndex++;
                TakeMessage();
            }
        }

        BatchPackets += Stream.Tally[Statistic.Packets] - packets;
        return result;
    }

    /// <summary>Hands over the message under way from where it was left.</summary>
    private PollResult AddMessage()
    {
        PollResult result;
        do
        {
            int rest = _message.Length - _messagePosition;
            int length = Math.Min(_message.Segment, rest);
            result = AddDatagram(
                new(_message.Data + _messagePosition, length), _message.IsTruncated && length == rest);
            if (result == PollResult.Yield)
            {
                break;
            }

            Counters.Datagrams++;
            Counters.Bytes += length;
            _messagePosition += length;
        }
        while (result == PollResult.More && _messagePosition < _message.Length);
        return result;
    }

    private PollResult AddDatagram(ReadOnlySpan<byte> datagram, bool truncated)
    {
        if (truncated || datagram.Length > _maxSize)
        {
            Stream.Ingest.AddTruncated(datagram, _maxSize);
            return PollResult.More;
        }

        return Stream.Ingest.AddDatagram(datagram);
    }

    /// <summary>Runs when the kernel tells of interfaces.</summary>
    private sealed class NewsTask(UdpSource source) : LoopTask
    {
        public override void Run() => source.RunAside(source.LookAtGroup);
    }
}
