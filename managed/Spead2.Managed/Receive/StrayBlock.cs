// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Managed;

/// <summary>Datagrams one behind the other, which one thread writes and later another one reads.</summary>
internal sealed class StrayBlock(int capacity)
{
    /// <summary>Usual size, so that a packet costs no allocation.</summary>
    public const int UsualBytes = 65536;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(capacity);
    private int _size;
    private int _position;

    /// <summary>The block that was pushed before this one; in order, the next one.</summary>
    public StrayBlock? Next { get; set; }

    public int Capacity => _bytes.Length;

    public bool IsEmpty => _position == _size;

    /// <summary>Bytes that a datagram takes.</summary>
    public static int SizeOf(int length) => Unsafe.SizeOf<Head>() + length;

    /// <summary>Adds a datagram; false if there is no room.</summary>
    public bool TryAdd(ReadOnlySpan<byte> datagram, bool isTruncated, SenderAddress sender)
    {
        if (_bytes.Length - _size < SizeOf(datagram.Length))
        {
            return false;
        }

        Head head = new(datagram.Length, isTruncated, sender);
        MemoryMarshal.Write(_bytes.AsSpan(_size), in head);
        datagram.CopyTo(_bytes.AsSpan(_size + Unsafe.SizeOf<Head>()));
        _size += SizeOf(datagram.Length);
        return true;
    }

    /// <summary>The datagram that is to be taken next.</summary>
    public ReadOnlySpan<byte> Peek(out bool isTruncated, out SenderAddress sender)
    {
        Head head = MemoryMarshal.Read<Head>(_bytes.AsSpan(_position));
        isTruncated = head.IsTruncated;
        sender = head.Sender;
        return _bytes.AsSpan(_position + Unsafe.SizeOf<Head>(), head.Length);
    }

    /// <summary>Takes that datagram out.</summary>
    public void Skip() => _position += SizeOf(MemoryMarshal.Read<Head>(_bytes.AsSpan(_position)).Length);

    private readonly record struct Head(int Length, bool IsTruncated, SenderAddress Sender);
}

/// <summary>
/// Blocks on their way from one source to another: any thread pushes, one takes all. The one that came last is first.
/// </summary>
internal sealed class StrayQueue
{
    private StrayBlock? _pushed;
    private StrayBlock? _first;

    /// <summary>The giver's block that is not pushed yet.</summary>
    public StrayBlock? Open { get; set; }

    /// <summary>Pushes a block; whether no other one waits.</summary>
    public bool Push(StrayBlock block)
    {
        StrayBlock? latest;
        do
        {
            latest = Volatile.Read(ref _pushed);
            block.Next = latest;
        }
        while (Interlocked.CompareExchange(ref _pushed, block, latest) != latest);
        return latest is null;
    }

    /// <summary>The block that comes next, or null. The taker's.</summary>
    public StrayBlock? Peek()
    {
        if (_first is null && Volatile.Read(ref _pushed) is not null)
        {
            StrayBlock? block = Interlocked.Exchange(ref _pushed, null);
            while (block is not null)
            {
                StrayBlock? next = block.Next;
                block.Next = _first;
                _first = block;
                block = next;
            }
        }

        return _first;
    }

    /// <summary>Takes that block out. The taker's.</summary>
    public void Skip() => _first = _first!.Next;
}
