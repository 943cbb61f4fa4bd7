// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Bindings;
using Spead2.Items.Descriptors;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>The descriptors of a heap as a C program gets them, in one block of memory.</summary>
internal sealed unsafe class NativeDescriptors
{
    private readonly void* _block;

    private NativeDescriptors(void* block, int count)
    {
        _block = block;
        Count = count;
    }

    public int Count { get; }

    /// <summary>As many as <see cref="Count"/> says; null if there are none.</summary>
    public sp2_descriptor* List => Count == 0 ? null : (sp2_descriptor*)_block;

    /// <summary>Reads the descriptors of a frozen heap.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public static NativeDescriptors Read(LiveHeap heap)
    {
        DescriptorReader reader = new(NullLogger.Instance);
        bool goesOn = true;
        for (FrozenItems items = new(heap); goesOn && items.MoveNext();)
        {
            if (items.Id == ItemId.Descriptor && !items.IsImmediate)
            {
                goesOn = reader.Read(
                    BytesOf(heap, items.Value, items.Length), (BugCompat)heap.BugCompat, ItemGroup.DefaultMaxItems);
            }
        }

        return Copy(reader.Descriptors);
    }

    public void Free() => NativeMemory.Free(_block);

    private static ReadOnlySpan<byte> BytesOf(LiveHeap heap, ulong offset, ulong length) => length <= int.MaxValue
        ? new(heap.Payload + offset, (int)length)
        : throw new PlatformNotSupportedException(
            $"a descriptor item has {length} bytes, but descriptors are read from items of less than 2 GiB only");

    // The structs come first, then the arrays of numbers, then the texts: so all of them are aligned.
    private static NativeDescriptors Copy(IReadOnlyList<SentDescriptor> descriptors)
    {
        nuint structs = (nuint)descriptors.Count * (nuint)sizeof(sp2_descriptor);
        nuint numbers = 0;
        nuint texts = 0;
        foreach (SentDescriptor sent in descriptors)
        {
            numbers += ((nuint)sent.Format.Length * (nuint)sizeof(sp2_format_field))
                + ((nuint)sent.Shape.Length * sizeof(long));
            texts += SizeOf(sent.Name) + SizeOf(sent.Description) + SizeOf(sent.NumPyHeader) + SizeOf(sent.Fault);
        }

        byte* block = (byte*)NativeMemory.Alloc(structs + numbers + texts);
        byte* number = block + structs;
        byte* text = number + numbers;
        for (int i = 0; i < descriptors.Count; i++)
        {
            SentDescriptor sent = descriptors[i];
            sp2_format_field* format = (sp2_format_field*)number;
            long* shape = (long*)(format + sent.Format.Length);
            number = (byte*)(shape + sent.Shape.Length);
            for (int field = 0; field < sent.Format.Length; field++)
            {
                format[field] = new() { bits = (ulong)sent.Format[field].Bits, kind = sent.Format[field].Code };
            }

            sent.Shape.CopyTo(new Span<long>(shape, sent.Shape.Length));
            ((sp2_descriptor*)block)[i] = new()
            {
                id = (ulong)sent.Id,
                name = CopyText(sent.Name, ref text, out uint nameLength),
                description = CopyText(sent.Description, ref text, out uint descriptionLength),
                numpy_header = CopyText(sent.NumPyHeader, ref text, out uint headerLength),
                fault = CopyText(sent.Fault, ref text, out _),
                format = sent.Format.Length == 0 ? null : format,
                shape = sent.Shape.Length == 0 ? null : shape,
                name_length = nameLength,
                description_length = descriptionLength,
                numpy_header_length = headerLength,
                format_fields = (uint)sent.Format.Length,
                rank = (uint)sent.Shape.Length,
                flags = (uint)FlagsOf(sent),
            };
        }

        return new(block, descriptors.Count);
    }

    private static sp2_descriptor_flags FlagsOf(SentDescriptor sent) =>
        (sent.Fault is null ? 0 : sp2_descriptor_flags.SP2_DESCRIPTOR_BROKEN)
        | (sent.HasUtf8 ? sp2_descriptor_flags.SP2_DESCRIPTOR_UTF_8 : 0)
        | (sent.TextEncoding == TextEncoding.Latin1 ? sp2_descriptor_flags.SP2_DESCRIPTOR_LATIN_1 : 0);

    // Bytes of a copy.
    private static nuint SizeOf(string? text) => text is null ? 0 : (nuint)Encoding.UTF8.GetByteCount(text) + 1;

    // Copies a text as UTF-8 with a final zero, and moves the position on.
    private static sbyte* CopyText(string? text, ref byte* at, out uint length)
    {
        length = 0;
        if (text is null)
        {
            return null;
        }

        byte* copy = at;
        length = (uint)SizeOf(text) - 1;
        Encoding.UTF8.GetBytes(text, new Span<byte>(copy, (int)length));
        copy[length] = 0;
        at += length + 1;
        return (sbyte*)copy;
    }
}
