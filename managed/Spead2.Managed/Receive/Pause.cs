// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>
/// Whether it is worth a warning that the sources of a stream pause, because its ring is full: when the kernel drops
/// messages meanwhile, or soon after, and when it lasts long. A pause of a moment is how a stream adapts to its consumer.
/// Under the stream's lock.
/// </summary>
/// <param name="sources">The stream's sources.</param>
/// <param name="log">The stream's messages.</param>
/// <param name="tooLong">How long is too long; infinite: no time.</param>
/// <param name="fillsChunks">Whether it is for a chunk that the sources pause, not for room in the ring.</param>
internal sealed class Pause(SourceList sources, EngineLog log, TimeSpan tooLong, bool fillsChunks)
{
    // The kernel is asked for its drops at most this often, as pauses may be many.
    private const long LookInterval = 10 * Clock.NanosecondsPerMillisecond;

    // After a pause the socket's buffer is full, and goes on to overflow until it has been read.
    private const long Aftermath = (long)Clock.NanosecondsPerSecond;

    private readonly bool _isNeverLong = tooLong == Timeout.InfiniteTimeSpan;
    private readonly long _long = (long)tooLong.TotalNanoseconds;

    // Times of the clock; null: there is none.
    private long? _began;
    private long? _ended;
    private long? _looked;

    // Drops when they were counted last.
    private long _dropped;

    // What the kernel had counted when drops were seen last; null: it does not tell why messages are dropped.
    private KernelUdpCounters? _causes;

    // It was said that the pause that is under way is long.
    private bool _isTold;

    /// <summary>Packets may be lost from now on.</summary>
    public void Watch() => _causes = log.IsEnabled(LogLevel.Warning) ? KernelCountersFile.Read() : null;

    /// <summary>A heap waits for room in the ring, which was not so before, and packets may be lost.</summary>
    public void Begin()
    {
        if (!log.IsEnabled(LogLevel.Warning))
        {
            return;
        }

        long now = Clock.Now;
        _began = now;
        _isTold = false;
        if (!HasLookedAt(now))
        {
            long dropped = Look(now);
            if (IsAftermath(now))
            {
                SayDropped(dropped);
            }
        }
    }

    /// <summary>No heap waits any more.</summary>
    public void End()
    {
        if (_began is not { } began)
        {
            return;
        }

        long now = Clock.Now;
        _began = null;
        _ended = now;
        if (IsLong(now - began) && !_isTold)
        {
            SayLong(now - began);
        }

        if (!HasLookedAt(now))
        {
            SayDropped(Look(now));
        }
    }

    /// <summary>
    /// Says that the pause that is under way is long, once it is. Gives how long after now this is to be called; null: not
    /// in this pause.
    /// </summary>
    public TimeSpan? Check()
    {
        if (_began is not { } began || _isTold || _isNeverLong)
        {
            return null;
        }

        long length = Clock.Now - began;
        if (!IsLong(length))
        {
            return TimeSpan.FromTicks((_long - length + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);
        }

        SayLong(length);
        return null;
    }

    /// <summary>The stream has ended.</summary>
    public void Finish()
    {
        End();
        long now = Clock.Now;
        if (_ended > _looked || IsAftermath(now))
        {
            SayDropped(Look(now));
        }
    }

    private bool HasLookedAt(long now) => now - _looked < LookInterval;

    private bool IsAftermath(long now) => now - _ended < Aftermath;

    private bool IsLong(long length) => !_isNeverLong && length >= _long;

    /// <summary>Counts the drops since this was last called.</summary>
    private long Look(long now)
    {
        long dropped = sources.CountDropped();
        long more = dropped - _dropped;
        _dropped = dropped;
        _looked = now;
        return more == 0 ? 0 : more - OthersOf(more);
    }

    /// <summary>
    /// Messages that no consumer could have saved, as their checksum was wrong or a filter refused them: as many as is sure.
    /// </summary>
    private long OthersOf(long messages)
    {
        if (_causes is not { } before || KernelCountersFile.Read() is not { } now)
        {
            return 0;
        }

        _causes = now;
        KernelDrops drops = (now - before).Explain(messages);
        return drops.WrongChecksums.Least + drops.Filtered.Least;
    }

    private void SayDropped(long messages)
    {
        if (messages != 0)
        {
            log.Write(
                MessageKind.RingFull,
                LogLevel.Warning,
                (messages, fillsChunks),
                static x => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(x.fillsChunks ? "no chunk was free" : "the ring was full")}: the consumer is too slow, and the kernel has dropped {x.messages} messages ") +
                    Advice(x.fillsChunks));
        }
    }

    private void SayLong(long length)
    {
        _isTold = true;
        log.Write(
            MessageKind.RingFull,
            LogLevel.Warning,
            (ms: length / Clock.NanosecondsPerMillisecond, fillsChunks),
            static x => string.Create(
                CultureInfo.InvariantCulture,
                $"{(x.fillsChunks ? "no chunk is free" : "the ring is full")}, for {x.ms} ms already: the consumer is too slow, and packets may be lost ") +
                Advice(x.fillsChunks));
    }

    private static string Advice(bool fillsChunks) =>
        $"({(fillsChunks ? "more free chunks help" : "a larger RingHeaps helps")} against bursts)";
}
