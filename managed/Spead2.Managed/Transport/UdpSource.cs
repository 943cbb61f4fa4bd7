// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>A bound UDP socket as readers use it: messages are taken in batches, without waiting.</summary>
internal abstract class UdpSource : IDisposable
{
    /// <summary>Messages that are taken at most where each has its own slot.</summary>
    public const int Slots = 64;

    /// <summary>How a turn ends that has used all messages taken.</summary>
    public abstract ReaderTurn AfterBatch { get; }

    /// <summary>A message of the batch taken last.</summary>
    public abstract UdpMessage this[int index] { get; }

    /// <summary>Lets the task run when messages can be taken. Once.</summary>
    /// <param name="task">What to run.</param>
    /// <param name="paused">Whether to wait for <see cref="Resume"/> first.</param>
    /// <exception cref="Spead2Exception">The operating system refuses.</exception>
    public abstract void Watch(LoopTask task, bool paused);

    /// <summary>Takes what has arrived; gives how many messages, and says what went wrong.</summary>
    public abstract int Receive(out string? error);

    /// <summary>Keeps the task from running; false if that does not work.</summary>
    public abstract bool TryPause();

    /// <summary>Lets the task run again; says what went wrong.</summary>
    public abstract string? Resume();

    /// <summary>Closes the socket. Any thread.</summary>
    public abstract void Close();

    /// <summary>Gives up the memory of messages. Nobody uses the source any more.</summary>
    public abstract void Dispose();

    /// <summary>Packets that the kernel has dropped since the socket was opened. While it is open, any thread.</summary>
    public abstract long CountDrops();
}
