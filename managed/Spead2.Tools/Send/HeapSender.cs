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
    private readonly PacketEncoder _encoder;
    private readonly HeapCntSequence _cnts = new();
    private readonly byte[] _burst;
    private long _packets;
    private long _bytes;

    public HeapSender(SendSettings settings, PacketSocket socket)
    {
        _settings = settings;
        _socket = socket;
        _limiter = new RateLimiter(settings.BytesPerSecond);
        _encoder = new PacketEncoder(settings.Flavour, settings.PacketSize);
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
            SendHeap(_settings.Source.Next(cnt), cnt);
            progress(++sent);
        }

        if (_settings.Stop)
        {
            var end = new HeapToSend();
            end.AddEnd();
            SendHeap(end, _cnts.Take(_settings.Flavour));
        }

        return new SendTally(sent, _packets, _bytes, Stopwatch.GetElapsedTime(start));
    }

    private void SendHeap(HeapToSend heap, ulong cnt)
    {
        _encoder.Begin(heap, cnt);
        while (!_encoder.IsFinished)
        {
            int length = 0;
            while (length < _burst.Length && !_encoder.IsFinished)
            {
                length += _encoder.Write(_burst.AsSpan(length));
                _packets++;
            }

            _socket.Send(_burst.AsSpan(0, length));
            _bytes += length;
            _limiter.Sent(length);
        }
    }
}
