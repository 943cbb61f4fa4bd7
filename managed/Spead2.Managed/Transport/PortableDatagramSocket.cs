// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>A UDP socket as .NET has it, for every operating system.</summary>
internal sealed unsafe class PortableDatagramSocket : DatagramSocket
{
    private readonly EventLoop _loop;
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _arrival = new();
    private readonly byte[] _bytes;
    private readonly byte* _first;
    private readonly int _slotSize;
    private readonly int[] _lengths = new int[Slots];
    private readonly bool[] _truncated = new bool[Slots];
    private readonly IPEndPoint _anySender;
    private readonly SenderAddress[] _senders = new SenderAddress[Slots];

    // A receive is under way, or has come to an end that nobody has seen. It is the only one that tells the sender, and
    // brings the first message of a batch.
    private volatile bool _armed;
    private volatile bool _arrived;
    private volatile IPEndPoint? _lastSender;

    /// <summary>Takes a bound socket over; closes it if that fails.</summary>
    /// <exception cref="Spead2Exception">There is not enough memory.</exception>
    public PortableDatagramSocket(EventLoop loop, Socket socket, int maxSize)
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
            throw StatusException.NoMemory("the packets of a UDP source");
        }

        _first = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _arrival.SetBuffer(_bytes, 0, _slotSize);
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _anySender = new(
            socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        _arrival.Completed += (_, _) => Arrive();
    }

    public override IPEndPoint LocalEndPoint { get; }

    // The socket calls only when it was found empty.
    public override bool IsDrained => _armed;

    public override IPEndPoint? LastSender => _lastSender;

    public override bool AsksSenders { get; set; }

    public override SenderAddress SenderOf(int index) => _senders[index];

    public override UdpMessage this[int index] =>
        new(_first + (nint)index * _slotSize, _lengths[index], _lengths[index], _truncated[index]);

    // The thread that finds the socket empty arms it.
    public override Spead2Exception? Arm() => null;

    // A receive that is under way takes one message at most; then nobody asks again before the next look.
    public override void Disarm()
    {
    }

    public override Reception Receive()
    {
        string? error = null;
        int count = 0;
        if (_armed)
        {
            if (!_arrived)
            {
                return default;
            }

            _armed = false;
            count = KeepArrived(ref error);
        }

        while (count < Slots && error is null)
        {
            SocketError result = Take(count, out int length);
            if (result is SocketError.WouldBlock or SocketError.IOPending)
            {
                break;
            }

            count += Keep(count, result, length, ref error);
        }

        if (count == 0 && error is null)
        {
            count = Listen(ref error);
        }

        return new(count, error);
    }

    public override void Close() => _socket.Dispose();

    public override void Dispose() => _arrival.Dispose();

    // Only Linux tells.
    public override long CountDrops() => 0;

    private static SenderAddress AddressOf(IPEndPoint sender) =>
        SenderAddress.Of(sender.Address.GetAddressBytes(), sender.Port);

    /// <summary>Takes a message if there is one; its sender, too, if that is asked for.</summary>
    private SocketError Take(int slot, out int length)
    {
        Span<byte> bytes = _bytes.AsSpan(slot * _slotSize, _slotSize);
        _senders[slot] = default;
        if (!AsksSenders)
        {
            length = _socket.Receive(bytes, SocketFlags.None, out SocketError result);
            return result;
        }

        length = 0;
        try
        {
            if (!_socket.Poll(0, SelectMode.SelectRead))
            {
                return SocketError.WouldBlock;
            }

            EndPoint sender = _anySender;
            length = _socket.ReceiveFrom(bytes, ref sender);
            _senders[slot] = AddressOf((IPEndPoint)sender);
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            // What does not fit has filled its slot.
            length = exception.SocketErrorCode == SocketError.MessageSize ? bytes.Length : 0;
            return exception.SocketErrorCode;
        }
    }

    /// <summary>Asks to be called when something arrives; gives how many messages have done so already.</summary>
    private int Listen(ref string? error)
    {
        _arrived = false;
        _armed = true;
        _arrival.RemoteEndPoint = _anySender;
        if (_socket.ReceiveFromAsync(_arrival))
        {
            return 0;
        }

        _armed = false;
        return KeepArrived(ref error);
    }

    /// <summary>Keeps the result of the receive that was under way; gives how many messages it is.</summary>
    private int KeepArrived(ref string? error)
    {
        int count = Keep(0, _arrival.SocketError, _arrival.BytesTransferred, ref error);
        if (count != 0)
        {
            IPEndPoint sender = (IPEndPoint)_arrival.RemoteEndPoint!;
            _lastSender = new(new IPAddress(sender.Address.GetAddressBytes()), sender.Port);
            _senders[0] = AddressOf(sender);
        }

        return count;
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
        _loop.Post(Owner!);
    }
}
