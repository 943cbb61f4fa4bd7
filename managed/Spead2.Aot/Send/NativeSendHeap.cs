// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>A heap to send in the hands of a C program. What is added is checked here.</summary>
/// <param name="heap">The heap.</param>
/// <param name="flavour">Its flavour, with the bugs that descriptors are written with.</param>
internal sealed unsafe class NativeSendHeap(SendHeap heap, Flavour flavour)
{
    public SendHeap Heap => heap;

    private int Bits => flavour.AddressBits;

    /// <summary>Changes the heap.</summary>
    /// <exception cref="Spead2Exception">It is being sent, or the change breaks a rule.</exception>
    public void Change(string function, Action change)
    {
        lock (heap.Gate)
        {
            if (heap.IsBeingSent)
            {
                throw Failure.State(
                    $"{function}: the heap is being sent; wait for its completion, or use another one");
            }

            change();
        }
    }

    public void AddImmediate(string function, ulong id, ulong value)
    {
        CheckId(function, id);
        if (value >> Bits != 0)
        {
            throw Failure.Argument(
                $"{function}: value is 0x{value:x}, but an immediate has {Bits} bits in SPEAD-64-{Bits}");
        }

        heap.AddImmediate(id, value);
    }

    public void AddItem(string function, ulong id, byte* data, ulong length, uint flags)
    {
        CheckId(function, id);
        if (data is null && length != 0)
        {
            throw Failure.Null(function, "data");
        }

        uint unknown = flags & ~(uint)sp2_send_item_flags.SP2_SEND_ALLOW_IMMEDIATE;
        if (unknown != 0)
        {
            throw Failure.TooNew($"{function}: flags has 0x{unknown:x}, which this library does not know");
        }

        CheckRoom(function, flags == 0 || length > (ulong)Bits / 8 ? length : 0);
        heap.AddItem(id, data, length, flags != 0);
    }

    public void AddDescriptor(string function, sp2_descriptor* descriptor)
    {
        if (descriptor is null)
        {
            throw Failure.Null(function, "descriptor");
        }

        byte[] bytes = NativeDescriptorWriter.Write(descriptor, flavour);
        CheckRoom(function, (ulong)bytes.Length);
        heap.AddOwned(ItemId.Descriptor, bytes);
    }

    public void AddControl(string function, int control)
    {
        if (control is not ((int)sp2_stream_control.SP2_STREAM_CONTROL_START or (int)sp2_stream_control.SP2_STREAM_CONTROL_STOP))
        {
            throw Failure.Argument($"{function}: control is {control}, which is no sp2_stream_control");
        }

        heap.AddImmediate(ItemId.StreamControl, (ulong)control);
    }

    private void CheckId(string function, ulong id)
    {
        if (id >> (63 - Bits) != 0)
        {
            throw Failure.Argument(
                $"{function}: id is 0x{id:x}, but an identifier has {63 - Bits} bits in SPEAD-64-{Bits}");
        }

        if (id is >= ItemId.HeapCnt and <= ItemId.PayloadLength)
        {
            throw Failure.Argument(
                $"{function}: id is 0x{id:x}, an item that the stream itself writes into every packet");
        }
    }

    private void CheckRoom(string function, ulong length)
    {
        if (length > heap.LargestPayload - heap.PayloadLength)
        {
            throw Failure.Argument(
                $"{function}: with {length} bytes more the heap would be larger than the {heap.LargestPayload} bytes that " +
                $"SPEAD-64-{Bits} can address");
        }
    }
}
