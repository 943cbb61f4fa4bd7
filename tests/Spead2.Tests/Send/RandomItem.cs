// SPDX-License-Identifier: MIT

using FsCheck;
using FsCheck.Fluent;
using Spead2.Send;

namespace Spead2.Tests.Send;

/// <summary>A random item: a value, or bytes (which are not null).</summary>
internal sealed record RandomItem(ulong Value, byte[]? Bytes, bool AllowImmediate)
{
    public static Gen<RandomItem> Generator { get; } = Gen.OneOf(
        from value in Gen.Choose(0, (1 << 24) - 1)
        select new RandomItem((ulong)value, null, AllowImmediate: true),
        from length in Gen.Frequency((4, Gen.Choose(0, 10)), (1, Gen.Choose(11, 600)))
        from first in Gen.Choose(0, 255)
        from allow in Gen.Elements(false, true)
        select new RandomItem(0, [.. Enumerable.Range(first, length).Select(b => (byte)b)], allow));

    /// <summary>Whether the item travels in its item pointer.</summary>
    public bool IsImmediate(int addressBits) => Bytes is null || (AllowImmediate && Bytes.Length <= addressBits / 8);

    /// <summary>The value that its item pointer has then.</summary>
    public ulong ImmediateValue => Bytes?.Aggregate(0UL, (value, b) => (value << 8) | b) ?? Value;

    public void AddTo(HeapToSend heap, long id)
    {
        if (Bytes is null)
        {
            heap.AddImmediate(id, Value);
        }
        else
        {
            heap.AddItem(id, Bytes, AllowImmediate);
        }
    }

    public override string ToString() =>
        Bytes is null ? $"={Value}" : Convert.ToHexString(Bytes) + (AllowImmediate ? " (may be immediate)" : "");
}
