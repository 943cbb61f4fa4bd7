// SPDX-License-Identifier: MIT

using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Room for the messages of one system call, in native memory.</summary>
internal sealed unsafe class MessageBatch : IDisposable
{
    /// <summary>Bytes of a message where the kernel may coalesce datagrams.</summary>
    public const int CoalescedSize = 65536;

    /// <summary>Messages of that size which all stay in the processor's second-level cache.</summary>
    public const int CoalescedSlots = 16;

    // A control message begins with its length, level and type; its data and the next message are aligned.
    private const int ControlLevelOffset = 8;
    private const int ControlTypeOffset = 12;
    private const int ControlHeaderSize = 16;
    private const int ControlAlignment = 8;

    // User-supplied socket options bring further control messages: time stamp, drops, packet information take 112 bytes
    // with the segment size. The rest is for what else a socket may ask for.
    private const int ControlSize = 112 + 256;

    // struct sockaddr_in6, the longer of the two.
    private const int NameSize = 28;
    private const int PortOffset = 2;
    private const int AddressOffset = 4;
    private const int AddressV6Offset = 8;

    private readonly int _slots;
    private readonly Message* _messages;
    private readonly IoVec* _vectors;
    private readonly byte* _controls;
    private readonly byte* _names;
    private readonly byte* _bytes;
    private readonly nuint _size;
    private int _count;

    // Of the first message of the latest batch; under a lock of its own.
    private readonly Lock _senderLock = new();
    private readonly byte[] _sender = new byte[NameSize];
    private int _senderLength;

    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public MessageBatch(int slots, int slotSize)
    {
        _slots = slots;
        try
        {
            _messages = (Message*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(Message));
            _vectors = (IoVec*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(IoVec));
            _controls = (byte*)NativeMemory.AllocZeroed((nuint)slots, ControlSize);
            _names = (byte*)NativeMemory.AllocZeroed((nuint)slots, NameSize);

            // Mapped for itself, as malloc keeps more of all that is freed once such a large block has been.
            _size = (nuint)slots * (nuint)slotSize;
            _bytes = MappedMemory.Reserve(_size);
            if (_bytes is null)
            {
                throw new InsufficientMemoryException($"There is no memory for {slots} packets of {slotSize} bytes.");
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        for (int i = 0; i < slots; i++)
        {
            _vectors[i] = new() { Base = _bytes + (nint)i * slotSize, Length = (nuint)slotSize };
            _messages[i].Vectors = &_vectors[i];
            _messages[i].VectorCount = 1;
            _messages[i].Control = _controls + i * ControlSize;
            _messages[i].ControlLength = ControlSize;
            _messages[i].NameLength = NameSize;
        }

        // One sender for each call is enough to tell who sends; the kernel takes its time for each.
        _messages[0].Name = _names;
    }

    /// <summary>
    /// Whether the senders of all messages are to be known, not only of the first. Set before a call: of what came in the
    /// latest no sender is known afterwards.
    /// </summary>
    public bool AsksSenders
    {
        get;
        set
        {
            for (int i = 1; field != value && i < _slots; i++)
            {
                _messages[i].Name = value ? _names + i * NameSize : null;
            }

            field = value;
        }
    }

    /// <summary>Who sent a message of the last call; nobody if that was not asked for.</summary>
    public SenderAddress SenderOf(int index) =>
        Address(new(_messages[index].Name, _messages[index].Name is null ? 0 : NameSize));

    /// <summary>Whether the last call filled every slot, so that there may be more.</summary>
    public bool IsFull => _count == _slots;

    /// <summary>Who sent the first message of the latest batch; null if there was none. Any thread.</summary>
    public IPEndPoint? LastSender
    {
        get
        {
            lock (_senderLock)
            {
                return Address(_sender.AsSpan(0, _senderLength)).ToEndPoint();
            }
        }
    }

    /// <summary>A message of the last call.</summary>
    public DatagramSocket.UdpMessage this[int index]
    {
        get
        {
            ref Message message = ref _messages[index];
            int length = (int)message.Length;
            int segment = SegmentSize(message);
            return new(
                _vectors[index].Base,
                length,
                segment > 0 ? segment : length,
                (message.Flags & Libc.MSG_TRUNC) != 0);
        }
    }

    /// <summary>Finds what the kernel says of a message of the last call, where the socket was asked to tell it.</summary>
    public bool TryFindControl<T>(int index, int level, int type, out T value)
        where T : unmanaged => TryFindControl(_messages[index], level, type, out value);

    /// <summary>Takes what has arrived, without waiting; gives how many messages, and says what went wrong.</summary>
    public int Receive(int socket, out string? error)
    {
        int result = Take(socket, Libc.MSG_DONTWAIT);
        error = result < 0 && Marshal.GetLastPInvokeError() != Libc.EAGAIN ? Marshal.GetLastPInvokeErrorMessage() : null;
        if (result > 0)
        {
            lock (_senderLock)
            {
                _senderLength = (int)Math.Min(_messages[0].NameLength, NameSize);
                new ReadOnlySpan<byte>(_names, _senderLength).CopyTo(_sender);
            }
        }

        return _count;
    }

    /// <summary>
    /// Empties the queue of errors of a socket, at most as far as there is room here; gives how many entries it had. No
    /// message is kept.
    /// </summary>
    public int DropErrors(int socket)
    {
        Take(socket, Libc.MSG_DONTWAIT | Libc.MSG_ERRQUEUE);
        int count = _count;
        MakeReady();
        return count;
    }

    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_names);
        if (_bytes is not null)
        {
            MappedMemory.Unmap(_bytes, _size);
        }
    }

    /// <summary>Size of the datagrams that were coalesced into a message; 0 if none were.</summary>
    private static int SegmentSize(in Message message) =>
        TryFindControl(message, Libc.IPPROTO_UDP, Libc.UDP_GRO, out int segment) ? segment : 0;

    /// <summary>Finds what the kernel says of a message under a level and a type; false if it does not say it.</summary>
    private static bool TryFindControl<T>(in Message message, int level, int type, out T value)
        where T : unmanaged
    {
        byte* control = message.Control;
        byte* end = control + message.ControlLength;
        while (end - control >= ControlHeaderSize)
        {
            ulong length = Unsafe.ReadUnaligned<ulong>(control);
            if (length < ControlHeaderSize || length > (ulong)(end - control))
            {
                break;
            }

            if (Unsafe.ReadUnaligned<int>(control + ControlLevelOffset) == level &&
                Unsafe.ReadUnaligned<int>(control + ControlTypeOffset) == type &&
                length >= ControlHeaderSize + (ulong)sizeof(T))
            {
                value = Unsafe.ReadUnaligned<T>(control + ControlHeaderSize);
                return true;
            }

            control += (length + ControlAlignment - 1) / ControlAlignment * ControlAlignment;
        }

        value = default;
        return false;
    }

    private static SenderAddress Address(ReadOnlySpan<byte> name)
    {
        if (name.Length < AddressOffset)
        {
            return default;
        }

        int port = name[PortOffset] << 8 | name[PortOffset + 1];
        return MemoryMarshal.Read<ushort>(name) switch
        {
            Libc.AF_INET => SenderAddress.Of(name.Slice(AddressOffset, 4), port),
            Libc.AF_INET6 => SenderAddress.Of(name.Slice(AddressV6Offset, 16), port),
            _ => default,
        };
    }

    private int Take(int socket, int flags)
    {
        MakeReady();
        int result;
        do
        {
            result = Libc.recvmmsg(socket, _messages, (uint)_slots, flags, null);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
        _count = Math.Max(0, result);
        return result;
    }

    /// <summary>Undoes what the kernel wrote into the messages of the last call.</summary>
    private void MakeReady()
    {
        for (int i = 0; i < _count; i++)
        {
            _messages[i].ControlLength = ControlSize;
            _messages[i].NameLength = NameSize;
        }

        _count = 0;
    }

    /// <summary>Linux' <c>struct mmsghdr</c> on 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Message
    {
        public byte* Name;
        public uint NameLength;
        public IoVec* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
        private readonly int _endOfMsgHdr;

        /// <summary>Bytes that were received.</summary>
        public uint Length;

        private readonly uint _endOfMMsgHdr;
    }

    /// <summary>Linux' <c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVec
    {
        public byte* Base;
        public nuint Length;
    }
}
