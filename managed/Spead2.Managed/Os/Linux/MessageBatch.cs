// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Room for the messages of one system call, in native memory.</summary>
internal sealed unsafe class MessageBatch : IDisposable
{
    /// <summary>Bytes of a message where the kernel may join datagrams.</summary>
    public const int JoinedSize = 65536;

    /// <summary>Messages of that size which all stay in the processor's second-level cache.</summary>
    public const int JoinedSlots = 16;

    // A control message: its length, level and type; then an int, padded.
    private const int ControlLevelOffset = 8;
    private const int ControlTypeOffset = 12;
    private const int ControlDataOffset = 16;
    private const int ControlSize = 24;

    private readonly int _slots;
    private readonly MMsgHdr* _messages;
    private readonly IoVec* _vectors;
    private readonly byte* _controls;
    private readonly byte* _bytes;
    private readonly nuint _size;

    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public MessageBatch(int slots, int slotSize)
    {
        _slots = slots;
        try
        {
            _messages = (MMsgHdr*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(MMsgHdr));
            _vectors = (IoVec*)NativeMemory.AllocZeroed((nuint)slots, (nuint)sizeof(IoVec));
            _controls = (byte*)NativeMemory.AllocZeroed((nuint)slots, ControlSize);

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
        }
    }

    /// <summary>Takes what has arrived, without waiting; gives how many messages, and says what went wrong.</summary>
    public int Receive(int socket, out string? error)
    {
        error = null;
        int count;
        do
        {
            count = Libc.recvmmsg(socket, _messages, (uint)_slots, Libc.MSG_DONTWAIT, null);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
        if (count < 0 && Marshal.GetLastPInvokeError() != Libc.EAGAIN)
        {
            error = Marshal.GetLastPInvokeErrorMessage();
        }

        return Math.Max(0, count);
    }

    /// <summary>A message that was received; it can be asked for once.</summary>
    public UdpMessage Message(int index)
    {
        ref MMsgHdr message = ref _messages[index];
        int length = (int)message.Length;
        int joined = JoinedSegment(message);

        // The kernel has shortened it to what it wrote: made ready for the next call.
        message.ControlLength = ControlSize;
        return new(
            _vectors[index].Base, length, joined > 0 ? joined : length, (message.Flags & Libc.MSG_TRUNC) != 0);
    }

    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_controls);
        if (_bytes is not null)
        {
            MappedMemory.Unmap(_bytes, _size);
        }
    }

    /// <summary>Size of the datagrams that were joined into a message; 0 if none were.</summary>
    private static int JoinedSegment(in MMsgHdr message)
    {
        // Only one kind of control message is asked for, so there is at most one.
        byte* control = message.Control;
        bool isSegment = message.ControlLength >= ControlDataOffset + sizeof(int) &&
            Unsafe.ReadUnaligned<int>(control + ControlLevelOffset) == Libc.IPPROTO_UDP &&
            Unsafe.ReadUnaligned<int>(control + ControlTypeOffset) == Libc.UDP_GRO;
        return isSegment ? Unsafe.ReadUnaligned<int>(control + ControlDataOffset) : 0;
    }
}
