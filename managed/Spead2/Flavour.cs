// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2;

/// <summary>
/// How packets of a heap are laid out: the protocol version, the widths of an item pointer's parts,
/// and the bugs to be compatible with. <c>default</c> is SPEAD-64-40 without bugs.
/// </summary>
public readonly record struct Flavour
{
    /// <summary>Protocol version: there is only one.</summary>
    public const int Version = 4;

    /// <summary>Bits of an item pointer: there is only one width.</summary>
    public const int ItemPointerBits = 64;

    /// <summary>Heap address bits of the default flavour.</summary>
    public const int DefaultAddressBits = 40;

    /// <summary>Smallest number of heap address bits.</summary>
    public const int MinAddressBits = 8;

    /// <summary>Largest number of heap address bits.</summary>
    public const int MaxAddressBits = 56;

    // Relative to the default, so that default(Flavour) is the default flavour.
    private readonly int _extraAddressBits;

    /// <summary>Makes a flavour of version 4 with 64-bit item pointers.</summary>
    /// <param name="addressBits">Bits of a heap address: 8, 16, … 56.</param>
    /// <param name="bugCompat">Bugs to be compatible with.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value breaks its rule.</exception>
    public Flavour(int addressBits, BugCompat bugCompat = BugCompat.None)
        : this(Version, ItemPointerBits, addressBits, bugCompat)
    {
    }

    /// <summary>Makes a flavour.</summary>
    /// <param name="version">Protocol version: 4.</param>
    /// <param name="itemPointerBits">Bits of an item pointer: 64.</param>
    /// <param name="addressBits">Bits of a heap address: 8, 16, … 56.</param>
    /// <param name="bugCompat">Bugs to be compatible with.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value breaks its rule.</exception>
    public Flavour(int version, int itemPointerBits, int addressBits, BugCompat bugCompat)
    {
        if (version != Version)
        {
            throw new ArgumentOutOfRangeException(
                nameof(version), version, $"The SPEAD version must be {Version}.");
        }

        if (itemPointerBits != ItemPointerBits)
        {
            throw new ArgumentOutOfRangeException(
                nameof(itemPointerBits),
                itemPointerBits,
                $"Item pointers must have {ItemPointerBits} bits.");
        }

        if (addressBits is < MinAddressBits or > MaxAddressBits || addressBits % 8 != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(addressBits),
                addressBits,
                $"The address bits must be a multiple of 8 from {MinAddressBits} to {MaxAddressBits}.");
        }

        bugCompat.ThrowIfUndefined(nameof(bugCompat));
        _extraAddressBits = addressBits - DefaultAddressBits;
        BugCompat = bugCompat;
    }

    /// <summary>Bits of a heap address, and of an immediate value.</summary>
    public int AddressBits => DefaultAddressBits + _extraAddressBits;

    /// <summary>Bugs to be compatible with.</summary>
    public BugCompat BugCompat { get; }

    /// <summary>The flavour's usual name, for example <c>SPEAD-64-40</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"SPEAD-{ItemPointerBits}-{AddressBits}");
}
