// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Receive;

/// <summary>The hash FNV-1a with 64 bits, for bytes that may come in several parts.</summary>
internal struct Fnv1a64
{
    private const ulong OffsetBasis = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3;

    private ulong _hash = OffsetBasis;

    public Fnv1a64()
    {
    }

    /// <summary>The hash of bytes, as text.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var hash = new Fnv1a64();
        hash.Add(bytes);
        return hash.ToString();
    }

    /// <summary>Goes on with these bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        ulong hash = _hash;
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * Prime;
        }

        _hash = hash;
    }

    /// <summary>16 hexadecimal digits in lower case.</summary>
    public override readonly string ToString() => _hash.ToString("x16", CultureInfo.InvariantCulture);
}
