// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Datagrams from a UDP socket. What one look at the socket delivers is one batch.</summary>
internal sealed unsafe class UdpReader(StreamCore stream, IoThread thread, UdpSource source, int maxSize)
    : Reader(stream, thread)
{
    private bool _sourcePaused;
    private long _dropped;
    private long _unused;
    private int _messageCount;

    // Messages that have been handed over, the one under way, and bytes of it that have been handed over.
    private int _messageIndex;
    private UdpMessage _message;
    private int _messagePosition;

    public override bool IsLossy => true;

    public override long Dropped => Volatile.Read(ref _dropped);

    public override long Unused => Volatile.Read(ref _unused);

    /// <summary>The reader of a stream that has not started starts with its socket paused.</summary>
    /// <exception cref="Spead2Exception">The operating system refuses.</exception>
    public void Watch()
    {
        _sourcePaused = Stream.IsHeld;
        source.Watch(this, _sourcePaused);
    }

    public override void Pause() => _sourcePaused = source.TryPause();

    protected override ReaderTurn Turn()
    {
        if (_sourcePaused)
        {
            _sourcePaused = false;
            LogError(source.Resume(), "wait for");
        }

        if (_messageIndex == _messageCount)
        {
            TakeBatch();
            if (_messageCount == 0)
            {
                return ReaderTurn.Wait;
            }
        }

        Flow flow = Stream.Enter();
        try
        {
            flow = AddBatch(flow);
            if (flow == Flow.Ended || _messageIndex == _messageCount)
            {
                Stream.Intake.CountBatches(1, BatchPackets);
                BatchPackets = 0;
            }
        }
        finally
        {
            Stream.Leave();
        }

        return EndOfTurn(flow, source.AfterBatch);
    }

    protected override void CloseSource()
    {
        Volatile.Write(ref _unused, CountLeft());
        source.Close();
    }

    protected override void ReleaseSource() => source.Dispose();

    protected override void CountDrops() => Volatile.Write(ref _dropped, source.CountDrops());

    /// <summary>Datagrams of the batch that have not been handed over.</summary>
    private long CountLeft()
    {
        long left = 0;
        for (int i = _messageIndex; i < _messageCount; i++)
        {
            bool underWay = i == _messageIndex;
            UdpMessage message = underWay ? _message : source[i];
            int rest = message.Length - (underWay ? _messagePosition : 0);
            left += rest == 0 ? 1 : (rest + message.Segment - 1) / message.Segment;
        }

        return left;
    }

    private void TakeBatch()
    {
        _messageCount = source.Receive(out string? error);
        _messageIndex = 0;
        LogError(error, "receive from");
        TakeMessage();
    }

    private void TakeMessage()
    {
        if (_messageIndex < _messageCount)
        {
            _message = source[_messageIndex];
            _messagePosition = 0;
        }
    }

    private Flow AddBatch(Flow flow)
    {
        long packets = Stream.Tally[Statistic.Packets];
        while (flow == Flow.On && _messageIndex < _messageCount)
        {
            flow = AddMessage();
            if (_messagePosition == _message.Length)
            {
                _messageIndex++;
                TakeMessage();
            }
        }

        BatchPackets += Stream.Tally[Statistic.Packets] - packets;
        return flow;
    }

    /// <summary>Hands over the message under way from where it was left.</summary>
    private Flow AddMessage()
    {
        Flow flow;
        do
        {
            int rest = _message.Length - _messagePosition;
            int length = Math.Min(_message.Segment, rest);
            flow = AddDatagram(
                new(_message.Data + _messagePosition, length), _message.IsTruncated && length == rest);
            _messagePosition += length;
        }
        while (flow == Flow.On && _messagePosition < _message.Length);
        return flow;
    }

    private Flow AddDatagram(ReadOnlySpan<byte> datagram, bool truncated)
    {
        if (truncated || datagram.Length > maxSize)
        {
            Stream.Intake.AddTruncated(maxSize);
            return Flow.On;
        }

        return Stream.Intake.AddDatagram(datagram);
    }

    private void LogError(string? error, string what)
    {
        if (error is not null)
        {
            Stream.Log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (error, what),
                static x => string.Create(CultureInfo.InvariantCulture, $"cannot {x.what} a UDP socket: {x.error}"));
        }
    }
}
