// SPDX-License-Identifier: MIT

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
