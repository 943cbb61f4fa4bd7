// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Items;

/// <summary>An item of a heap.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Value">Value of an immediate.</param>
/// <param name="Bytes">Bytes in the payload; null for an immediate.</param>
internal sealed record FuzzItem(long Id, ulong Value, byte[]? Bytes)
{
    public override string ToString() =>
        $"0x{Id:x} = " + (Bytes is null ? $"0x{Value:x} immediate" : $"{Convert.ToHexString(Bytes)}");
}
