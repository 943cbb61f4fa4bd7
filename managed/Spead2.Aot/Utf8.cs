// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Spead2.Aot;

/// <summary>Strings of C.</summary>
internal static unsafe class Utf8
{
    /// <summary>A literal, which stays where it is and ends with a zero.</summary>
    public static sbyte* Literal(ReadOnlySpan<byte> literal) =>
        (sbyte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(literal));

    /// <summary>A copy that does not move and ends with a zero.</summary>
    public static byte[] Pinned(ReadOnlySpan<byte> text)
    {
        byte[] copy = GC.AllocateArray<byte>(text.Length + 1, pinned: true);
        text.CopyTo(copy);
        return copy;
    }

    /// <inheritdoc cref="Pinned(ReadOnlySpan{byte})"/>
    public static byte[] Pinned(string text) => Pinned(Encoding.UTF8.GetBytes(text));

    /// <summary>Where a pinned array is.</summary>
    public static sbyte* Pointer(byte[] pinned) => (sbyte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

    /// <summary>The bytes before the zero.</summary>
    public static ReadOnlySpan<byte> Bytes(sbyte* text) =>
        MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)text);

    public static string Text(sbyte* text) => Encoding.UTF8.GetString(Bytes(text));

    /// <summary>Null for NULL and for an empty string, where both say nothing.</summary>
    public static string? TextUnlessEmpty(sbyte* text) => text is null || *text == 0 ? null : Text(text);
}
