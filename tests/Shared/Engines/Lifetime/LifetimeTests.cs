// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>
/// A stream is given up in every state and in every way, while the garbage collector moves what it can: nothing breaks
/// or hangs, heaps that are kept stay as they are while others use the memory, and nothing is left behind.
/// </summary>
[NonParallelizable]
public sealed class LifetimeTests
{
    private static readonly StreamState[] WithoutUdpReader =
    [
        StreamState.Created, StreamState.Held, StreamState.RingFull, StreamState.StoppedByItem, StreamState.Stopped,
        StreamState.Drained, StreamState.Disposed,
    ];

    private static readonly StreamState[] WithWaitingReader =
    [
        StreamState.InTryRead, StreamState.InRead, StreamState.InReadAsync, StreamState.InWaitToRead,
        StreamState.InReadAll,
    ];

    private static IEnumerable<TestCaseData<StreamState, Ending, Keeping>> Cases =>
        from state in Enum.GetValues<StreamState>()
        from ending in Enum.GetValues<Ending>()
        where IsPossible(state, ending)
        select new TestCaseData<StreamState, Ending, Keeping>(state, ending, KeepingOf(state, ending));

    [TestCaseSource(nameof(Cases))]
    public async Task Stream_is_given_up(StreamState state, Ending ending, Keeping keeping)
    {
        Garbage.Collect();
        ProcessResources before = ProcessResources.Now;
        RecordingLogger? logger = ending == Ending.InLogger ? new() : null;
        await using (Situation situation = new(state, keeping, (ILogger?)logger ?? NullLogger.Instance))
        {
            using CancellationTokenSource end = new();
            Task checking = situation.CheckUntil(end.Token);
            Task collecting = Garbage.CompactMeanwhile();
            await GiveUp(situation, ending, logger).WaitAsync(Poll.Deadline);
            Garbage.Collect();
            await end.CancelAsync();
            await Task.WhenAll(checking, collecting).WaitAsync(Poll.Deadline);
            situation.GiveHeapsUp();
        }

        before.AwaitAgain();
    }

    // Nobody finalizes a stream for whose heaps somebody waits; and what nobody sends to logs nothing.
    private static bool IsPossible(StreamState state, Ending ending) => ending switch
    {
        Ending.Finalizer => state != StreamState.Disposed && !WithWaitingReader.Contains(state),
        Ending.InLogger => !WithoutUdpReader.Contains(state),
        _ => true,
    };

    // Each state meets each keeping, and so does each ending: all combinations would take several times as long.
    private static Keeping KeepingOf(StreamState state, Ending ending) =>
        (Keeping)(((int)state + (int)ending) % Enum.GetValues<Keeping>().Length);

    private static Task GiveUp(Situation situation, Ending ending, RecordingLogger? logger)
    {
        switch (ending)
        {
            case Ending.DisposeAsync:
                return situation.Stream.DisposeAsync().AsTask();
            case Ending.TwoThreads:
                return Both(situation.Stream.Dispose, situation.Stream.Dispose);
            case Ending.WhileStopping:
                return Both(situation.Stream.Dispose, situation.Stream.Stop);
            case Ending.WhileStatisticsAreRead:
                return DisposeWhileStatisticsAreRead(situation.Stream);
            case Ending.InContinuation:
                return DisposeInContinuation(situation);
            case Ending.InLogger:
                return DisposeInLogger(situation, logger!);
            case Ending.Finalizer:
                situation.Forget();
                return Task.CompletedTask;
            default:
                return Task.Run(situation.Stream.Dispose);
        }
    }

    /// <summary>Does two things at the same time, as nearly as threads can.</summary>
    private static async Task Both(Action first, Action second)
    {
        using Barrier start = new(2);
        await Task.WhenAll(InThread(first), InThread(second));

        Task InThread(Action action) => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                IgnoreDisposed(action);
            },
            TaskCreationOptions.LongRunning);
    }

    private static async Task DisposeWhileStatisticsAreRead(ReceiveStream stream)
    {
        using ManualResetEventSlim read = new();
        Task reading = Task.Factory.StartNew(
            () => IgnoreDisposed(() =>
            {
                while (true)
                {
                    read.Set();
                    _ = stream.Statistics;
                }
            }),
            TaskCreationOptions.LongRunning);
        read.Wait();
        stream.Dispose();
        await reading;
    }

    private static async Task DisposeInContinuation(Situation situation)
    {
        ReceiveStream stream = situation.Stream;
        Task<Heap> read;
        try
        {
            read = stream.ReadAsync().AsTask();
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Task disposing = read.ContinueWith(
            done =>
            {
                stream.Dispose();
                if (done.IsCompletedSuccessfully)
                {
                    done.Result.Dispose();
                }

                _ = done.Exception;
            },
            TaskScheduler.Default);
        if (!read.IsCompleted)
        {
            IgnoreDisposed(situation.EndRead);
        }

        await disposing;
    }

    private static Task DisposeInLogger(Situation situation, RecordingLogger logger)
    {
        ReceiveStream stream = situation.Stream;
        TaskCompletionSource disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        logger.OnMessage = () =>
        {
            stream.Dispose();
            disposed.TrySetResult();
        };
        situation.ProvokeLog();
        return disposed.Task;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void IgnoreDisposed(Action action)
    {
        try
        {
            action();
        }
        catch (ObjectDisposedException)
        {
            // Dispose came first.
        }
    }
}
