// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>A UDP socket as .NET has it, for every operating system.</summary>
internal sealed unsafe class SocketUdpSource : UdpSource
{
    private readonly EventLoop _loop;
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _arrival = new();
    private readonly byte[] _bytes;
    private readonly byte* _first;
    private readonly int _slotSize;
    private readonly int[] _lengths = new int[Slots];
    private readonly bool[] _truncated = new bool[Slots];
    private LoopTask? _task;

    // A receive is under way, or has come to an end that nobody has seen.
    private volatile bool _armed;
    private volatile bool _arrived;

    /// <summary>Takes a bound socket over; closes it if that fails.</summary>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public SocketUdpSource(EventLoop loop, Socket socket, int maxSize)
    {
        _loop = loop;
        _socket = socket;
        _socket.Blocking = false;

        // One byte more than a packet may have shows that a datagram was longer.
        _slotSize = maxSize + 1;
        try
        {
            _bytes = GC.AllocateUninitializedArray<byte>(Slots * _slotSize, pinned: true);
        }
        catch (OutOfMemoryException)
        {
            socket.Dispose();
            throw StatusException.NoMemory("the packets of a UDP reader");
        }

        _first = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _arrival.SetBuffer(_bytes, 0, _slotSize);
        _arrival.Completed += (_, _) => Arrive();
    }

    // The socket calls only when it was found empty.
    public override ReaderTurn AfterBatch => ReaderTurn.More;

    public override UdpMessage this[int index] =>
        new(_first + (nint)index * _slotSize, _lengths[index], _lengths[index], _truncated[index]);

    public override void Watch(LoopTask task, bool paused)
    {
        // The first turn finds out whether something has arrived.
        _task = task;
    }

    public override int Receive(out string? error)
    {
        error = null;
        int count = 0;
        if (_armed)
        {
            if (!_arrived)
            {
                return 0;
            }

            _armed = false;
            count = Keep(0, _arrival.SocketError, _arrival.BytesTransferred, ref error);
        }

        while (count < Slots && error is null)
        {
            Span<byte> slot = _bytes.AsSpan(count * _slotSize, _slotSize);
            int length = _socket.Receive(slot, SocketFlags.None, out SocketError result);
            if (result is SocketError.WouldBlock or SocketError.IOPending)
            {
                break;
            }

            count += Keep(count, result, length, ref error);
        }

        return count == 0 && error is null ? Arm(ref error) : count;
    }

    // A receive that is under way takes one batch at most; then the reader, which waits for room, does not ask again.
    public override bool TryPause() => true;

    public override string? Resume() => null;

    public override void Close() => _socket.Dispose();

    public override void Dispose() => _arrival.Dispose();

    // Only Linux tells.
    public override long CountDrops() => 0;

    /// <summary>Asks to be called when something arrives; gives how many messages have done so already.</summary>
    private int Arm(ref string? error)
    {
        _arrived = false;
        _armed = true;
        if (_socket.ReceiveAsync(_arrival))
        {
            return 0;
        }

        _armed = false;
        return Keep(0, _arrival.SocketError, _arrival.BytesTransferred, ref error);
    }

    /// <summary>Keeps the result of a receive; gives how many messages it is.</summary>
    private int Keep(int slot, SocketError result, int length, ref string? error)
    {
        if (result is SocketError.Success or SocketError.MessageSize)
        {
            _truncated[slot] = result == SocketError.MessageSize;
            _lengths[slot] = length;
            return 1;
        }

        if (result is not (SocketError.OperationAborted or SocketError.Interrupted))
        {
            error = new SocketException((int)result).Message;
        }

        return 0;
    }

    private void Arrive()
    {
        _arrived = true;
        _loop.Post(_task!);
    }
}
