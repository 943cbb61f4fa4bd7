// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Aot;

/// <summary>A finished heap in the hands of a C program. Any thread.</summary>
internal sealed unsafe class NativeHeap
{
    private readonly Lock _lock = new();
    private readonly LiveHeap _heap;
    private readonly sp2_heap_info _info;

    // Under the lock: made when they are asked for.
    private sp2_item* _items;
    private sp2_range* _ranges;
    private NativeDescriptors? _descriptors;
    private bool _released;

    // Of the C program, and of item groups.
    private int _holds = 1;

    /// <summary>Freezes a finished heap and takes it over.</summary>
    public NativeHeap(LiveHeap heap)
    {
        HeapState state = FrozenHeap.Freeze(heap, out int itemCount);
        bool hasPayload = heap.Payload is not null && heap.ReceivedEnd != 0;
        _heap = heap;
        _info = new()
        {
            size = (uint)sizeof(sp2_heap_info),
            flags = (uint)state,
            cnt = heap.Cnt,
            heap_length = Wire.Shown(heap.HeapLength),
            received_length = heap.ReceivedLength,
            payload = hasPayload ? heap.Payload : null,
            payload_length = hasPayload ? heap.ReceivedEnd : 0,
            item_count = (ulong)itemCount,
            range_count = (ulong)(heap.RangeCopies?.Length ?? 0),
            address_bits = (uint)heap.AddressBits,
            bug_compat = (uint)heap.BugCompat,
            sender_port = heap.Sender.Port,
        };
        fixed (byte* address = _info.sender_address)
        {
            _info.sender_length = (uint)heap.Sender.Write(new(address, SenderAddress.MostBytes));
        }
    }

    public ref readonly sp2_heap_info Info => ref _info;

    /// <summary>The raw items, as many as the information says; null if there are none or the heap was released.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public sp2_item* GetItems()
    {
        lock (_lock)
        {
            if (_items is null && _info.item_count != 0 && !_released)
            {
                _items = (sp2_item*)NativeMemory.Alloc((nuint)_info.item_count, (nuint)sizeof(sp2_item));
                WriteItems(_items);
            }

            return _items;
        }
    }

    /// <summary>The ranges, as many as the information says; null if there are none or the heap was released.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public sp2_range* GetRanges()
    {
        lock (_lock)
        {
            if (_ranges is null && _info.range_count != 0 && !_released)
            {
                _ranges = (sp2_range*)NativeMemory.Alloc((nuint)_info.range_count, (nuint)sizeof(sp2_range));
                for (int i = 0; i < _heap.RangeCopies!.Length; i++)
                {
                    PayloadRange range = _heap.RangeCopies[i];
                    _ranges[i] = new() { start = (ulong)range.Start, end = (ulong)range.End };
                }
            }

            return _ranges;
        }
    }

    /// <summary>The descriptors; null if the heap was released.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public NativeDescriptors? GetDescriptors()
    {
        lock (_lock)
        {
            return _released ? null : _descriptors ??= NativeDescriptors.Read(_heap);
        }
    }

    public LiveHeap Live => _heap;

    /// <summary>The heap for an item group, whose memory it keeps.</summary>
    /// <exception cref="Spead2Exception">The heap is too large, or has just been released.</exception>
    public HeapOfGroup HoldForGroup()
    {
        if (_info.payload_length > int.MaxValue)
        {
            throw new Spead2Exception(
                $"the heap has {_info.payload_length} bytes, but items are read from heaps of less than 2 GiB only",
                Spead2Status.NotSupported);
        }

        lock (_lock)
        {
            if (_released)
            {
                throw Failure.Argument("the heap has been released");
            }

            Interlocked.Increment(ref _holds);
        }

        return new(this, new HeapInfo
        {
            Cnt = _info.cnt,
            Flavour = new((int)_info.address_bits, (BugCompat)_info.bug_compat),
            HeapLength = _info.heap_length,
            ReceivedLength = (long)_info.received_length,
            State = (HeapState)_info.flags,
            Payload = _info.payload,
            PayloadLength = (int)_info.payload_length,
        });
    }

    /// <summary>Releases a reference; with the last one the memory is released.</summary>
    public void Unhold()
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            _heap.Free();
        }
    }

    /// <summary>Gives up what the C program holds. Once.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _released = true;
            NativeMemory.Free(_items);
            NativeMemory.Free(_ranges);
            _descriptors?.Free();
            _items = null;
            _ranges = null;
            _descriptors = null;
        }

        Unhold();
    }

    private void WriteItems(sp2_item* item)
    {
        for (FrozenItems items = new(_heap); items.MoveNext(); item++)
        {
            *item = new()
            {
                id = items.Id,
                length = items.Length,
                value = items.Value,
                wire = BinaryPrimitives.ReverseEndianness(items.Pointer),
                flags = items.IsImmediate ? (uint)sp2_item_flags.SP2_ITEM_IMMEDIATE : 0,
            };

            // An immediate's bytes are the last of its pointer.
            item->data = items.IsImmediate
                ? (byte*)&item->wire + sizeof(ulong) - item->length
                : _heap.Payload + items.Value;
        }
    }
}
