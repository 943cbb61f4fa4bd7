// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2;

/// <summary>
/// One field of an element that is described by a format (SPEAD document: type of an item descriptor): a kind and a
/// number of bits, for example <c>u10</c>. Fields are big-endian and follow each other without padding.
/// </summary>
public readonly record struct FormatField
{
    private const int MaxBits = int.MaxValue;

    /// <summary>Makes a field.</summary>
    /// <param name="code">
    /// <c>u</c> unsigned, <c>i</c> signed, <c>b</c> boolean: any number of bits. <c>f</c>: 32 or 64.
    /// <c>c</c>, a character: 8.
    /// </param>
    /// <param name="bits">Number of bits.</param>
    /// <exception cref="ArgumentException">There is no such field.</exception>
    public FormatField(char code, int bits)
    {
        if (FindFault(code, bits) is string fault)
        {
            throw new ArgumentException(fault);
        }

        Code = code;
        Bits = bits;
    }

    /// <summary>The letter of its kind.</summary>
    public char Code { get; }

    /// <summary>Number of bits.</summary>
    public int Bits { get; }

    /// <summary>The letter and the number of bits.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code}{Bits}");

    /// <summary>The field as NumPy writes it; null if NumPy has no such type.</summary>
    internal string? NumPyText => (Code, Bits) switch
    {
        ('u' or 'i', 8) => $"|{Code}1",
        ('u' or 'i', 16 or 32 or 64) or ('f', 32 or 64) => string.Create(CultureInfo.InvariantCulture, $">{Code}{Bits / 8}"),
        ('b', 8) => "|b1",
        ('c', 8) => "|S1",
        _ => null,
    };

    /// <summary>Makes a field of what a heap says.</summary>
    /// <exception cref="HeapFormatException">There is no such field.</exception>
    internal static FormatField FromHeap(byte code, long bits) => FindFault((char)code, bits) is string fault
        ? throw new HeapFormatException(fault)
        : new((char)code, (int)bits);

    private static string? FindFault(char code, long bits)
    {
        bool isKnown = code is 'u' or 'i' or 'b' or 'f' or 'c';
        if (isKnown && bits == 0)
        {
            return $"The format has a field '{code}' of 0 bits. The sender may write descriptors as PySPEAD 0.5.2 "
                + "does: try another bug compatibility.";
        }

        bool isValid = code switch
        {
            'u' or 'i' or 'b' => bits is > 0 and <= MaxBits,
            'f' => bits is 32 or 64,
            'c' => bits == 8,
            _ => false,
        };
        string name = char.IsAsciiLetterOrDigit(code) ? $"'{code}'" : $"0x{(int)code:x2}";
        return isValid
            ? null
            : $"The format has a field {name} of {bits} bits; supported are 'u', 'i' and 'b' of 1 to {MaxBits} bits, "
                + "'f' of 32 or 64, and 'c' of 8.";
    }
}
