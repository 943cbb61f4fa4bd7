// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>
/// One source of packets of a stream, on one thread of its pool. It lives as long as the stream.
/// </summary>
internal abstract class Reader : LoopTask
{
    // How much a reader may do in one turn, so that the other readers of its thread get theirs: well under a
    // millisecond. The end of a turn costs some microseconds.
    protected const int TurnPackets = 4096;
    protected const long TurnBytes = 16 << 20;

    // Held during a turn.
    private readonly Lock _lock = new();

    // Inside the other: keeps the source open while drops are counted.
    private readonly Lock _sourceLock = new();
    private readonly IoThread _thread;
    private bool _closed;

    /// <param name="stream">The stream.</param>
    /// <param name="thread">The thread that the reader was assigned to.</param>
    protected Reader(StreamCore stream, IoThread thread)
    {
        Stream = stream;
        _thread = thread;
    }

    protected Reader(StreamCore stream)
        : this(stream, stream.Threads.Assign())
    {
    }

    /// <summary>Whether packets are lost while the reader does not read.</summary>
    public virtual bool IsLossy => false;

    /// <summary>Whether the reader waits for room in the ring. Under the stream's lock.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Whether the source has been closed.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Whether the reader waits for the stream's start.</summary>
    public bool IsUnstarted => Stream.IsHeld;

    /// <summary>Packets that the kernel has dropped so far.</summary>
    public virtual long Dropped => 0;

    /// <summary>Packets that had been taken from the source, but not used, when it was closed.</summary>
    public virtual long Unused => 0;

    protected StreamCore Stream { get; }

    protected EventLoop Loop => _thread.Loop;

    /// <summary>Packets of the batch that is under way.</summary>
    protected long BatchPackets { get; set; }

    /// <summary>Asks for a turn.</summary>
    public void Post() => Loop.Post(this);

    /// <summary>One turn, on the loop's thread.</summary>
    public override void Run()
    {
        lock (_lock)
        {
            if (!_closed)
            {
                ReaderTurn turn = TakeTurn();
                if (turn == ReaderTurn.More || (turn == ReaderTurn.Blocked && Stream.Delivery.WaitForRoom(this)))
                {
                    Post();
                }
            }
        }

        Stream.Delivery.CallReadyIfDue();
        if (Stream.IsStopped)
        {
            Stream.Readers.Close();
        }
    }

    /// <summary>Closes the source, if it is open. Waits for a turn that is running on another thread.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            lock (_sourceLock)
            {
                CountDrops();
                _closed = true;
                CloseSource();
            }
        }
    }

    /// <summary>Gives up what a closed reader holds. Once, when the stream is disposed.</summary>
    public void Release()
    {
        try
        {
            ReleaseSource();
        }
        catch (Exception exception)
        {
            // Memory is the user's, and so is the code that unpins it. Everything else must be given up all the same.
            Stream.Log.Write(
                MessageKind.User,
                LogLevel.Warning,
                exception,
                static exception =>
                    $"memory that packets were read from cannot be unpinned: {ExceptionText.Of(exception)}");
        }

        _thread.Unassign();
    }

    /// <summary>Brings <see cref="Dropped"/> up to date, if the source is open.</summary>
    public void UpdateDropped()
    {
        lock (_sourceLock)
        {
            if (!_closed)
            {
                CountDrops();
            }
        }
    }

    /// <summary>Keeps the source from calling until the reader's next turn. At the end of a turn.</summary>
    public virtual void Pause()
    {
        // Sources that never call need not be kept from it.
    }

    /// <summary>Hands packets to the stream, for a limited time.</summary>
    protected abstract ReaderTurn Turn();

    /// <summary>Closes the source for good. Any thread.</summary>
    protected virtual void CloseSource()
    {
        // Memory need not be closed.
    }

    /// <summary>Gives up what the closed source holds.</summary>
    protected virtual void ReleaseSource()
    {
        // What the garbage collector sees to need not be given up.
    }

    /// <summary>Brings <see cref="Dropped"/> up to date. Any thread.</summary>
    protected virtual void CountDrops()
    {
        // From memory nothing is dropped.
    }

    /// <summary>How a turn ends after which packets may be handed over as <paramref name="flow"/> says.</summary>
    protected static ReaderTurn EndOfTurn(Flow flow, ReaderTurn on) => flow switch
    {
        Flow.On => on,
        Flow.Full => ReaderTurn.Blocked,
        _ => ReaderTurn.End,
    };

    private ReaderTurn TakeTurn()
    {
        try
        {
            return Turn();
        }
        catch (Exception exception)
        {
            // Whatever it is, the thread also serves other streams, and those who wait for heaps should not do so
            // for ever.
            Stream.Fail(exception);
            return ReaderTurn.End;
        }
    }
}
