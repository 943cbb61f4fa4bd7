// SPDX-License-Identifier: MIT

using FsCheck;
using FsCheck.Fluent;
using Spead2.Send;

namespace Spead2.Tests.Send;

/// <summary>A random heap and the way in which it is to be sent.</summary>
internal sealed record RandomHeap(
    int AddressBits, ulong Cnt, int MaxPacketSize, bool RepeatPointers, IReadOnlyList<RandomItem> Items)
{
    private const int LeastAddressBits = 24;

    public static Gen<RandomHeap> Generator { get; } =
        from addressBytes in Gen.Choose(LeastAddressBits / 8, 7)
        from cnt in Gen.Choose(0, 1 << 20)
        from maxPacketSize in Gen.Frequency(
            (3, Gen.Choose(PacketEncoder.SmallestMaxPacketSize, 128)), (1, Gen.Choose(129, 1500)))
        from repeat in Gen.Elements(false, true)
        from items in Gen.ListOf(RandomItem.Generator)
        let canRepeat = items.Count < (maxPacketSize - 48) / 8
        select new RandomHeap(8 * addressBytes, (ulong)cnt, maxPacketSize, repeat && canRepeat, [.. items]);

    public HeapToSend ToHeap()
    {
        var heap = new HeapToSend();
        for (int i = 0; i < Items.Count; i++)
        {
            Items[i].AddTo(heap, IdOf(i));
        }

        return heap;
    }

    // Every item has an identifier of its own, from 7 up: behind the protocol's, and within the 7 bits that the
    // flavour with most address bits has for it.
    public static long IdOf(int index) => ItemId.StreamControl + 1 + index;

    public override string ToString() =>
        $"SPEAD-64-{AddressBits}, cnt {Cnt}, packets of {MaxPacketSize}, repeat {RepeatPointers}: "
        + string.Join(", ", Items);
}
