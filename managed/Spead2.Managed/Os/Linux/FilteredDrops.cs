// SPDX-License-Identifier: MIT

using System.Net.Sockets;

namespace Spead2.Managed.Linux;

/// <summary>
/// What the kernel has dropped of a multicast group that several sockets share. Each of them gets all messages, and keeps
/// those that its filter lets through; what a filter rejects counts as dropped, too. Of M messages each socket has received
/// some, holds some, and has dropped all others, of which those that another socket keeps are not lost. So N sockets have
/// dropped N - 1 times M more than what was lost; and M is known whenever one of them holds nothing. Any thread.
/// </summary>
internal sealed class FilteredDrops(int count)
{
    // Attempts to find a moment in which nothing arrives.
    private const int MostAttempts = 16;

    private readonly Lock _lock = new();
    private readonly Counted[] _sockets = new Counted[count];
    private int _open;
    private bool _hasBegun;
    private bool _hasEnded;
    private long _earlier;
    private long _lost;

    /// <summary>One of the sockets is open, or another one takes its place.</summary>
    public void Open(int index, Socket socket)
    {
        lock (_lock)
        {
            if (_sockets[index].Socket is null)
            {
                _open++;
            }
            else
            {
                CountNow();
                _earlier = _lost;
                _hasBegun = false;
            }

            _sockets[index].Socket = socket;
            _sockets[index].Seen = 0;
        }
    }

    /// <summary>A socket is about to be received from. On its source's loop.</summary>
    public void BeginReceive(int index) => Interlocked.Increment(ref _sockets[index].Changes);

    /// <summary>So many messages came. On its source's loop.</summary>
    public void EndReceive(int index, int messages)
    {
        Interlocked.Add(ref _sockets[index].Received, messages);
        Interlocked.Increment(ref _sockets[index].Changes);
    }

    /// <summary>
    /// Messages that were lost so far: exact when nothing is under way, and never too many. What was lost before a moment
    /// without traffic does not count.
    /// </summary>
    public long Count()
    {
        lock (_lock)
        {
            CountNow();
            return _lost;
        }
    }

    /// <summary>A socket is about to be closed: the count stays as it is.</summary>
    public void Close()
    {
        lock (_lock)
        {
            CountNow();
            _hasEnded = true;
        }
    }

    private void CountNow()
    {
        if (_hasEnded || _open != _sockets.Length)
        {
            return;
        }

        for (int i = 0; i < MostAttempts && !_hasBegun; i++)
        {
            _hasBegun = Begin();
        }

        if (_hasBegun)
        {
            Measure();
        }
    }

    /// <summary>Counting begins at a moment in which nothing arrives: each socket is looked at twice.</summary>
    private bool Begin()
    {
        foreach (ref Counted socket in _sockets.AsSpan())
        {
            if (CountMessages(ref socket) is not { } messages)
            {
                return false;
            }

            socket.MessagesBefore = messages;
            socket.DropsBefore = socket.Drops;
        }

        foreach (ref Counted socket in _sockets.AsSpan())
        {
            if (CountMessages(ref socket) != socket.MessagesBefore)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The drops are looked at first: what is lost afterwards is counted next time.</summary>
    private void Measure()
    {
        long drops = 0;
        foreach (ref Counted socket in _sockets.AsSpan())
        {
            if (!Look(ref socket, out _))
            {
                return;
            }

            drops += socket.Drops - socket.DropsBefore;
        }

        foreach (ref Counted socket in _sockets.AsSpan())
        {
            if (CountMessages(ref socket) is { } messages)
            {
                long rejected = (_sockets.Length - 1) * (messages - socket.MessagesBefore);
                _lost = Math.Max(_lost, _earlier + drops - rejected);
            }
        }
    }

    /// <summary>Messages that came to the socket; null if some wait in it or are being received.</summary>
    private static long? CountMessages(ref Counted socket)
    {
        long changes = Interlocked.Read(ref socket.Changes);
        if (changes % 2 != 0 || !Look(ref socket, out bool isEmpty) || !isEmpty)
        {
            return null;
        }

        long messages = socket.Drops + Interlocked.Read(ref socket.Received);
        return Interlocked.Read(ref socket.Changes) == changes ? messages : null;
    }

    private static bool Look(ref Counted socket, out bool isEmpty)
    {
        if (SocketDrops.Read(socket.Socket!, out isEmpty) is not { } drops)
        {
            return false;
        }

        socket.Drops += drops - socket.Seen;
        socket.Seen = drops;
        return true;
    }

    private struct Counted
    {
        public long Received;

        // Odd: it is being received from.
        public long Changes;

        // Under the lock: the socket, the kernel's counter, what it has counted without wrapping, and both this and the
        // messages that had come when counting began.
        public Socket? Socket;
        public uint Seen;
        public long Drops;
        public long DropsBefore;
        public long MessagesBefore;
    }
}
