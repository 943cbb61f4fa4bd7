// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using Spead2.Bindings;
using Spead2.Send;

namespace Spead2.Aot;

/// <summary>Encodes descriptors of C programs as SPEAD packets.</summary>
internal static unsafe class NativeDescriptorWriter
{
    private const string Descriptor = nameof(sp2_descriptor);

    // There is one inner heap per descriptor, always with this heap cnt.
    private const ulong InnerCnt = 1;

    // Widths of the fields of PySPEAD 0.5.2, and of those that follow from the flavour the byte for kind or flags.
    private const int OldFormatWidth = 4;
    private const int OldShapeWidth = 8;
    private const int PointerSize = 8;

    /// <summary>The one packet that is the payload of an item with id 5.</summary>
    /// <exception cref="Spead2Exception">The descriptor breaks a rule.</exception>
    public static byte[] Write(sp2_descriptor* descriptor, Flavour flavour)
    {
        Check(descriptor, flavour);
        HeapToSend heap = new();
        heap.AddImmediate(ItemId.DescriptorId, descriptor->id);
        Add(ItemId.DescriptorName, Text(descriptor->name, descriptor->name_length));
        Add(ItemId.DescriptorDescription, Text(descriptor->description, descriptor->description_length));
        Add(ItemId.DescriptorFormat, Format(descriptor, flavour));
        Add(ItemId.DescriptorShape, Shape(descriptor, flavour));
        if (descriptor->numpy_header_length != 0)
        {
            Add(ItemId.DescriptorDtype, Text(descriptor->numpy_header, descriptor->numpy_header_length));
        }

        long payload = heap.Items.Sum(item => (long)item.Data.Length);
        if (payload >> flavour.AddressBits != 0)
        {
            throw Failure.Argument(
                $"{Descriptor}: {payload} bytes are more than SPEAD-64-{flavour.AddressBits} can address");
        }

        // The header, the four item pointers of every packet, those of the heap, and room for one that is not needed.
        long size = (PointerSize * (1 + 4 + heap.Items.Count + 2)) + payload;
        PacketEncoder encoder = new(flavour, checked((int)size));
        encoder.Begin(heap, InnerCnt);
        byte[] packet = new byte[encoder.MaxPacketSize];
        return packet[..encoder.Write(packet)];

        void Add(int id, byte[] bytes) => heap.AddItem(id, bytes, allowImmediate: false);
    }

    private static void Check(sp2_descriptor* descriptor, Flavour flavour)
    {
        int idBits = 63 - flavour.AddressBits;
        if (descriptor->id == 0 || descriptor->id >> idBits != 0)
        {
            throw Failure.Argument(
                $"{Descriptor}.id is 0x{descriptor->id:x}; it must not be 0 and has {idBits} bits in " +
                $"SPEAD-64-{flavour.AddressBits}");
        }

        if ((descriptor->name is null && descriptor->name_length != 0)
            || (descriptor->description is null && descriptor->description_length != 0)
            || (descriptor->numpy_header is null && descriptor->numpy_header_length != 0)
            || (descriptor->format is null && descriptor->format_fields != 0)
            || (descriptor->shape is null && descriptor->rank != 0))
        {
            throw Failure.Argument($"{Descriptor}: a text or list is NULL although its length is not 0");
        }

        if (descriptor->numpy_header_length != 0 && descriptor->format_fields != 0)
        {
            throw Failure.Argument($"{Descriptor}: the type is said by numpy_header or by format, not by both");
        }

        if (descriptor->numpy_header_length == 0 && descriptor->format_fields == 0)
        {
            throw Failure.Argument($"{Descriptor}: neither numpy_header nor format says the type");
        }
    }

    private static byte[] Text(sbyte* text, uint length) => new ReadOnlySpan<byte>(text, checked((int)length)).ToArray();

    private static byte[] Format(sp2_descriptor* descriptor, Flavour flavour)
    {
        bool isOld = (flavour.BugCompat & BugCompat.DescriptorWidths) != 0;
        int width = isOld ? OldFormatWidth : 1 + PointerSize - (flavour.AddressBits / 8);
        byte[] bytes = new byte[checked((int)descriptor->format_fields * width)];
        for (int i = 0; i < (int)descriptor->format_fields; i++)
        {
            sp2_format_field field = descriptor->format[i];
            if (field.kind > byte.MaxValue || !TryPut(bytes.AsSpan((i * width) + 1, width - 1), field.bits))
            {
                throw Failure.Argument(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Descriptor}.format[{i}] has the kind {field.kind} and {field.bits} bits, which the flavour cannot say"));
            }

            bytes[i * width] = (byte)field.kind;
        }

        return bytes;
    }

    private static byte[] Shape(sp2_descriptor* descriptor, Flavour flavour)
    {
        bool isOld = (flavour.BugCompat & BugCompat.DescriptorWidths) != 0;
        byte variable = (byte)((flavour.BugCompat & BugCompat.ShapeBit1) != 0 ? 2 : 1);
        int width = isOld ? OldShapeWidth : 1 + (flavour.AddressBits / 8);
        byte[] bytes = new byte[checked((int)descriptor->rank * width)];
        for (int i = 0; i < (int)descriptor->rank; i++)
        {
            long dimension = descriptor->shape[i];
            bool isVariable = dimension == NativeMethods.SP2_DIMENSION_VARIABLE;
            if (dimension < NativeMethods.SP2_DIMENSION_VARIABLE
                || !TryPut(bytes.AsSpan((i * width) + 1, width - 1), isVariable ? 0 : (ulong)dimension))
            {
                throw Failure.Argument(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Descriptor}.shape[{i}] is {dimension}, which the flavour cannot say"));
            }

            bytes[i * width] = isVariable ? variable : (byte)0;
        }

        return bytes;
    }

    /// <summary>Writes the last bytes of a number; false if it needs more.</summary>
    private static bool TryPut(Span<byte> destination, ulong value)
    {
        Span<byte> all = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(all, value);
        all[^destination.Length..].CopyTo(destination);
        return destination.Length == sizeof(ulong) || value >> (8 * destination.Length) == 0;
    }
}
