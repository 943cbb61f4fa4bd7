// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Spead2.Managed;

/// <summary>A bound UDP socket as its source uses it: messages are taken in batches, without waiting.</summary>
internal abstract class DatagramSocket : IDisposable
{
    /// <summary>Messages that are taken at most where each has its own slot.</summary>
    public const int Slots = 64;

    /// <summary>Where the socket is bound.</summary>
    public abstract IPEndPoint LocalEndPoint { get; }

    /// <summary>
    /// Whether the batch taken last was all that there was. If not, the socket says nothing more by itself.
    /// </summary>
    public abstract bool IsDrained { get; }

    /// <summary>
    /// Who sent the first message of the latest batch, without a scope; null if that is not known. Any thread.
    /// </summary>
    public abstract IPEndPoint? LastSender { get; }

    /// <summary>
    /// Whether the senders of all messages are to be known from the next batch on; else only that of the first message of
    /// a batch is.
    /// </summary>
    public abstract bool AsksSenders { get; set; }

    /// <summary>Who sent a message of the batch taken last, without a scope; nobody if that is not known.</summary>
    public abstract SenderAddress SenderOf(int index);

    /// <summary>A message of the batch taken last.</summary>
    public abstract UdpMessage this[int index] { get; }

    /// <summary>What is to run when messages can be taken. Set once, before anything else.</summary>
    public LoopTask? Owner { get; set; }

    /// <summary>Has the owner run when messages can be taken, and at once if some can. If armed it does nothing.</summary>
    /// <returns>Null, or why that fails.</returns>
    public abstract Spead2Exception? Arm();

    /// <summary>Undoes <see cref="Arm"/>, if the socket is armed.</summary>
    public abstract void Disarm();

    /// <summary>Takes what has arrived, without waiting.</summary>
    public abstract Reception Receive();

    /// <summary>
    /// Watches the interface of the group that the socket has joined, where the system tells of interfaces: the task is
    /// run when it is time to <see cref="LookAtGroup"/>. Once.
    /// </summary>
    /// <returns>Null, or why that fails.</returns>
    public virtual string? WatchGroup(UdpTarget target, long? bufferSize, LoopTask task) => null;

    /// <summary>The interface that is watched; null if none is.</summary>
    public virtual string? WatchedInterface => null;

    /// <summary>Looks what has become of the interface, and joins the group again if it is back. On the loop.</summary>
    public virtual GroupNews LookAtGroup(EngineLog log) => default;

    /// <summary>Closes the socket. Any thread.</summary>
    public abstract void Close();

    /// <summary>Gives up the memory of messages. Nobody uses the socket any more.</summary>
    public abstract void Dispose();

    /// <summary>Messages that the kernel has dropped since the socket was opened. While it is open, any thread.</summary>
    public abstract long CountDrops();

    /// <summary>What has become of a group.</summary>
    /// <param name="IsGone">Its interface was deleted.</param>
    /// <param name="IsBack">It was joined again.</param>
    /// <param name="Error">Number of the error for which it could not be, this time; 0: none.</param>
    /// <param name="Replacement">A new socket, which takes the place of the old one; null: none.</param>
    internal readonly record struct GroupNews(
        bool IsGone = false, bool IsBack = false, int Error = 0, Socket? Replacement = null);

    /// <summary>What became of an attempt to receive.</summary>
    /// <param name="Count">Messages that there are now.</param>
    /// <param name="Error">What the socket told; null if nothing went wrong.</param>
    /// <param name="QueuedErrors">Entries that were taken out of the socket's queue of errors.</param>
    /// <param name="IsMore">Nothing has arrived, but the socket is to be looked at once more.</param>
    /// <param name="IsShutDown">Nothing has arrived, but the socket is readable forever.</param>
    internal readonly record struct Reception(
        int Count, string? Error = null, int QueuedErrors = 0, bool IsMore = false, bool IsShutDown = false);

    /// <summary>A message: one datagram, or several of one sender in a row that the kernel has coalesced (GRO).</summary>
    internal readonly unsafe struct UdpMessage(byte* data, int length, int segment, bool isTruncated)
    {
        /// <summary>The bytes, which stay until the next messages are taken.</summary>
        public byte* Data { get; } = data;

        /// <summary>Number of bytes.</summary>
        public int Length { get; } = length;

        /// <summary>Bytes of each datagram but the last; 0 if and only if the length is.</summary>
        public int Segment { get; } = segment;

        /// <summary>The message did not fit, so its end is missing.</summary>
        public bool IsTruncated { get; } = isTruncated;
    }
}
