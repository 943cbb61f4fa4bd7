// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>
/// Packets as senders write them that break a rule of SPEAD (docs/dialects.md): each heap is one packet, and the dialect
/// says which header pointers it has, and in which order.
/// </summary>
internal sealed class DialectEncoder : IHeapEncoder
{
    private const byte Magic = 0x53;
    private const int HeaderSize = 8;
    private const int PointerSize = 8;
    private const ulong Immediate = 1UL << 63;

    private readonly Kind _kind;
    private readonly Flavour _flavour;
    private readonly int _maxPacketSize;
    private readonly List<ulong> _pointers = [];
    private HeapToSend? _heap;
    private int _payloadLength;

    /// <summary>Makes an encoder.</summary>
    /// <param name="dialect">Name of the dialect.</param>
    /// <param name="flavour">Flavour of the packets.</param>
    /// <param name="maxPacketSize">Most bytes of a packet.</param>
    public DialectEncoder(string dialect, Flavour flavour, int maxPacketSize)
    {
        _kind = dialect switch
        {
            "ska-low-sps" => Kind.SkaLowSps,
            "ska-low-antenna-buffer" => Kind.SkaLowAntennaBuffer,
            "pyspead" => Kind.PySpead,
            "datagram-is-heap" => Kind.DatagramIsHeap,
            _ => throw new ArgumentOutOfRangeException(nameof(dialect), dialect, "There is no such dialect."),
        };
        _flavour = flavour;
        _maxPacketSize = maxPacketSize;
    }

    private enum Kind
    {
        SkaLowSps,
        SkaLowAntennaBuffer,
        PySpead,
        DatagramIsHeap,
    }

    public int MaxPacketSize => _maxPacketSize;

    public bool IsFinished => _heap is null;

    public void Begin(HeapToSend heap, ulong cnt)
    {
        List<ulong> items = [];
        _payloadLength = 0;
        foreach (ItemToSend item in heap.Items)
        {
            if (item.IsImmediate)
            {
                items.Add(Pointer(Immediate, item.Id, item.Value));
                continue;
            }

            // Nothing points to the payload of a station's beam.
            if (_kind != Kind.SkaLowSps)
            {
                items.Add(Pointer(0, item.Id, (ulong)_payloadLength));
            }

            _payloadLength += item.Data.Length;
        }

        _pointers.Clear();
        AddPointers(cnt, items, isControl: heap.Items is [{ Id: ItemId.StreamControl }]);
        int size = HeaderSize + (_pointers.Count * PointerSize) + _payloadLength;
        if (size > _maxPacketSize)
        {
            throw new UserErrorException(
                $"A heap of this dialect is one packet, and {size} bytes are more than the {_maxPacketSize} of "
                + "--packet-size: raise it, or lower --heap-size.");
        }

        _heap = heap;
    }

    public int Write(Span<byte> packet)
    {
        packet[0] = Magic;
        packet[1] = Flavour.Version;
        packet[2] = (byte)(PointerSize - (_flavour.AddressBits / 8));
        packet[3] = (byte)(_flavour.AddressBits / 8);
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], (ushort)_pointers.Count);
        int at = HeaderSize;
        foreach (ulong pointer in _pointers)
        {
            BinaryPrimitives.WriteUInt64BigEndian(packet[at..], pointer);
            at += PointerSize;
        }

        foreach (ItemToSend item in _heap!.Items)
        {
            if (!item.IsImmediate)
            {
                item.Data.Span.CopyTo(packet[at..]);
                at += item.Data.Length;
            }
        }

        _heap = null;
        return at;
    }

    private void AddPointers(ulong cnt, List<ulong> items, bool isControl)
    {
        ulong length = Pointer(Immediate, ItemId.PayloadLength, (ulong)_payloadLength);
        switch (_kind)
        {
            case Kind.PySpead:
                _pointers.AddRange([Pointer(Immediate, ItemId.HeapCnt, cnt), .. items]);
                if (_payloadLength != 0)
                {
                    _pointers.Add(length);
                }

                break;
            case Kind.DatagramIsHeap:
                // The heap is said to be as long as the packet's head, and to be heap 0.
                int headSize = HeaderSize + ((4 + items.Count) * PointerSize);
                _pointers.AddRange(
                [
                    Pointer(Immediate, ItemId.HeapCnt, 0),
                    Pointer(Immediate, ItemId.HeapLength, (ulong)(isControl ? 0 : headSize)),
                    Pointer(Immediate, ItemId.PayloadOffset, 0),
                    length,
                    .. items,
                ]);
                break;
            default:
                _pointers.AddRange([Pointer(Immediate, ItemId.HeapCnt, cnt), length, .. items]);
                break;
        }
    }

    private ulong Pointer(ulong mode, long id, ulong value) => mode | ((ulong)id << _flavour.AddressBits) | value;
}
