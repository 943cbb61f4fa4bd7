// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Sends heaps of known content.</summary>
internal sealed class HeapSender
{
    private readonly SendSettings _settings;
    private readonly PacketSocket _socket;
    private readonly RateLimiter _limiter;
    private readonly IHeapEncoder _encoder;
    private readonly HeapCntSequence _cnts = new();
    private readonly byte[] _burst;
    private int _length;
    private long _packets;
    private long _bytes;

    public HeapSender(SendSettings settings, PacketSocket socket)
    {
        _settings = settings;
        _socket = socket;
        _limiter = new RateLimiter(settings.BytesPerSecond);
        _encoder = settings.Dialect is null
            ? new StandardEncoder(settings.Flavour, settings.PacketSize, settings.RepeatPointers)
            : new DialectEncoder(settings.Dialect, settings.Flavour, settings.PacketSize);
        _burst = new byte[socket.PacketsPerBurst * _encoder.MaxPacketSize];
    }

    /// <summary>Sends all heaps, and the stop heap if it is wanted.</summary>
    /// <param name="progress">Is told how many heaps have been sent.</param>
    /// <param name="cancellation">Ends it early; the stop heap is sent all the same.</param>
    public SendTally Send(Action<long> progress, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        long sent = 0;
        while (sent < _settings.Heaps && !cancellation.IsCancellationRequested)
        {
            ulong cnt = _cnts.Take(_settings.Flavour);
            SendHeap(_settings.Source.Next(cnt), _settings.Source.CntOf(cnt));
            progress(++sent);
        }

        if (_settings.Stop)
        {
            var end = new HeapToSend();
            end.AddEnd();
            SendHeap(end, _settings.Source.CntOf(_cnts.Take(_settings.Flavour)));
        }

        SendBurst();

        return new SendTally(sent, _packets, _bytes, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Adds the heap's packets to the burst, which goes out when it is full, or with a packet that is shorter than the
    /// others: only the last of a burst may be.
    /// </summary>
    private void SendHeap(HeapToSend heap, ulong cnt)
    {
        _encoder.Begin(heap, cnt);
        while (!_encoder.IsFinished)
        {
            int size = _encoder.Write(_burst.AsSpan(_length));
            _length += size;
            _packets++;
            if (size != _settings.PacketSize || _burst.Length - _length < _encoder.MaxPacketSize)
            {
                SendBurst();
            }
        }
    }

    private void SendBurst()
    {
        if (_length == 0)
        {
            return;
        }

        _socket.Send(_burst.AsSpan(0, _length));
        _bytes += _length;
        _limiter.Sent(_length);
        _length = 0;
    }
}
