// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>A stream that has been brought into a state, heaps that were read from it, and who else uses it.</summary>
internal sealed class Situation : IAsyncDisposable
{
    private const int HeapSize = 20_000;
    private const int HeapCount = 3;
    private const int RingHeaps = 2;

    private static readonly IReadOnlyList<ReadOnlyMemory<byte>> NoPacket = [new byte[1]];

    private readonly KeptHeaps _kept;
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _users = [];
    private UdpSender? _sender;
    private ReceiveStream? _stream;

    /// <summary>Makes a stream and brings it into a state.</summary>
    public Situation(StreamState state, Keeping keeping, ILogger logger)
    {
        _kept = new(keeping);
        _stream = new(
            new ReceiveStreamOptions
            {
                // So that nothing holds up the packets that come in all the time.
                RingHeaps = state == StreamState.Receiving ? 100_000 : RingHeaps,
                ExplicitStart = state == StreamState.Held,
            },
            logger);
        Bring(_stream, state);
    }

    /// <summary>The stream, until it is forgotten.</summary>
    public ReceiveStream Stream => _stream!;

    /// <summary>Lets the garbage collector have the stream.</summary>
    public void Forget() => _stream = null;

    /// <summary>Makes a read end, with a heap or without.</summary>
    public void EndRead()
    {
        if (_sender is null)
        {
            Stream.Stop();
            return;
        }

        try
        {
            // One for each who waits already.
            _sender.Send(Enumerable.Range(1, 5).SelectMany(cnt => Packets.OfHeap((ulong)cnt)));
        }
        catch (SocketException)
        {
            // The first ones were enough: the stream is gone.
        }
    }

    /// <summary>Makes the stream log something.</summary>
    public void ProvokeLog() => _sender!.Send(NoPacket);

    /// <summary>Reads the bytes of the heaps again and again until told to end.</summary>
    public Task CheckUntil(CancellationToken end) => Task.Factory.StartNew(
        () =>
        {
            do
            {
                _kept.Check();
                Thread.Yield();
            }
            while (!end.IsCancellationRequested);
        },
        TaskCreationOptions.LongRunning);

    /// <summary>Has another stream use what memory there is, then gives the heaps up. Once, after the checks.</summary>
    public void GiveHeapsUp()
    {
        ReceiveFromOther();
        _kept.Check();
        _kept.Release();
    }

    /// <summary>Waits for those who used the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        _stream?.Dispose();
        await _end.CancelAsync();
        await Task.WhenAll(_users).WaitAsync(Poll.Deadline);
        _sender?.Dispose();
        _end.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReceiveFromOther()
    {
        using ReceiveStream other = new(new ReceiveStreamOptions { RingHeaps = HeapCount });
        other.AddDatagramReader(
            [.. Enumerable.Range(101, HeapCount).SelectMany(cnt => Packets.OfHeap((ulong)cnt, HeapSize))]);
        KeptHeaps others = new(Keeping.Heaps);
        for (int i = 0; i < HeapCount; i++)
        {
            others.Add(other.Read());
        }

        others.Check();
        others.Release();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Bring(ReceiveStream stream, StreamState state)
    {
        switch (state)
        {
            case StreamState.Created:
                break;
            case StreamState.RingFull:
                stream.AddDatagramReader(Packets.OfHeaps(40, HeapSize));
                Keep(stream);
                Poll.Until(() => stream.Statistics.Heaps > HeapCount + RingHeaps, "the ring is full");
                break;
            case StreamState.StoppedByItem:
                stream.AddDatagramReader(
                    [.. Packets.OfHeaps(HeapCount + 2, HeapSize), .. Packets.OfStop(HeapCount + 3)]);
                Keep(stream);
                Poll.Until(() => stream.Statistics.StopHeaps == 1, "the stop item has come");
                break;
            case StreamState.Drained:
                stream.AddDatagramReader(Packets.OfHeaps(HeapCount, HeapSize));
                Keep(stream);
                Assert.That(() => stream.Read(), Throws.InstanceOf<StreamStoppedException>());
                break;
            case StreamState.Held:
                stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0));
                break;
            default:
                _sender = new(stream.AddUdpReader(new IPEndPoint(IPAddress.Loopback, 0)));
                _sender.Send(Packets.OfHeaps(HeapCount, HeapSize));
                Keep(stream);
                Use(stream, state);
                break;
        }
    }

    private void Keep(ReceiveStream stream)
    {
        for (int i = 0; i < HeapCount; i++)
        {
            _kept.Add(stream.Read());
        }
    }

    private void Use(ReceiveStream stream, StreamState state)
    {
        switch (state)
        {
            case StreamState.Receiving:
                _users.Add(Task.Factory.StartNew(Fire, TaskCreationOptions.LongRunning));
                Poll.Until(() => stream.Statistics.Heaps > 2 * HeapCount, "packets come in");
                break;
            case StreamState.InTryRead:
                UseInThread(() => Readings.WithTimeout(stream));
                break;
            case StreamState.InRead:
                UseInThread(() => Readings.BlockingWithToken(stream));
                break;
            case StreamState.InReadAsync:
                _users.Add(Readings.Asynchronously(stream));
                break;
            case StreamState.InWaitToRead:
                _users.Add(Readings.AfterWaiting(stream));
                break;
            case StreamState.InReadAll:
                _users.Add(Readings.Enumerating(stream));
                break;
            case StreamState.Stopped:
                stream.Stop();
                CloseSender();
                break;
            case StreamState.Disposed:
                stream.Dispose();
                CloseSender();
                break;
        }
    }

    /// <summary>Returns when the thread has begun; it will wait in a moment, if it does not already.</summary>
    private void UseInThread(Func<Task> read)
    {
        using ManualResetEventSlim begun = new();
        _users.Add(Task.Factory.StartNew(
            () =>
            {
                begun.Set();
                return read();
            },
            TaskCreationOptions.LongRunning).Unwrap());
        begun.Wait();
    }

    private void Fire()
    {
        IReadOnlyList<ReadOnlyMemory<byte>> packets = Packets.OfHeaps(3, size: 5000);
        while (!_end.IsCancellationRequested)
        {
            try
            {
                _sender!.Send(packets);
            }
            catch (SocketException)
            {
                // Nobody receives any more.
            }
        }
    }

    private void CloseSender()
    {
        _sender!.Dispose();
        _sender = null;
    }
}
