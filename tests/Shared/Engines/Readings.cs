// SPDX-License-Identifier: MIT

using System.Threading.Channels;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>Every way to read heaps, until the stream has stopped or was disposed.</summary>
internal static class Readings
{
    public static Task Blocking(ReceiveStream stream) => UntilTheEnd(() => stream.Read().Dispose());

    public static Task BlockingWithToken(ReceiveStream stream)
    {
        using CancellationTokenSource source = new();
        return UntilTheEnd(() => stream.Read(source.Token).Dispose());
    }

    public static Task WithTimeout(ReceiveStream stream) => UntilTheEnd(() =>
    {
        if (stream.TryRead(out Heap? heap, Poll.Deadline))
        {
            heap.Dispose();
        }
    });

    public static Task WithoutWaiting(ReceiveStream stream) => UntilTheEnd(() =>
    {
        Heap[] heaps = new Heap[3];
        Array.ForEach(heaps[..stream.TryReadBatch(heaps)], heap => heap.Dispose());
        if (stream.TryRead(out Heap? heap))
        {
            heap.Dispose();
        }
    });

    public static Task Asynchronously(ReceiveStream stream)
    {
        return Task.WhenAll(UntilTheEndAsync(), UntilTheEndAsync(), UntilTheEndAsync());

        async Task UntilTheEndAsync()
        {
            try
            {
                while (true)
                {
                    using Heap heap = await stream.ReadAsync();
                }
            }
            catch (Exception exception) when (exception is StreamStoppedException or ObjectDisposedException)
            {
                // That is the end.
            }
        }
    }

    public static Task EnumeratingBlocking(ReceiveStream stream) => UntilTheEnd(() =>
    {
        foreach (Heap heap in stream.ReadAll())
        {
            heap.Dispose();
        }

        throw new StreamStoppedException();
    });

    public static async Task InBatches(ReceiveStream stream)
    {
        Heap[] heaps = new Heap[3];
        try
        {
            int count;
            while ((count = await stream.ReadBatchAsync(heaps)) != 0)
            {
                Array.ForEach(heaps[..count], heap => heap.Dispose());
            }
        }
        catch (ObjectDisposedException)
        {
            // The stream was disposed between two batches.
        }
    }

    public static async Task AsChannel(ReceiveStream stream)
    {
        try
        {
            ChannelReader<Heap> reader = stream.Reader;
            Task completion = reader.Completion;
            await foreach (Heap heap in reader.ReadAllAsync())
            {
                heap.Dispose();
            }

            await completion;
        }
        catch (ObjectDisposedException)
        {
            // The stream was disposed before anybody had its reader.
        }
    }

    public static async Task Enumerating(ReceiveStream stream)
    {
        try
        {
            await foreach (Heap heap in stream.ReadAllAsync())
            {
                heap.Dispose();
            }
        }
        catch (ObjectDisposedException)
        {
            // The stream was disposed before the enumeration began.
        }
    }

    public static async Task AfterWaiting(ReceiveStream stream)
    {
        try
        {
            while (await stream.WaitToReadAsync())
            {
                if (stream.TryRead(out Heap? heap))
                {
                    heap.Dispose();
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The stream was disposed between two waits.
        }
    }

    private static Task UntilTheEnd(Action read)
    {
        try
        {
            while (true)
            {
                read();
            }
        }
        catch (Exception exception) when (exception is StreamStoppedException or ObjectDisposedException)
        {
            return Task.CompletedTask;
        }
    }
}
