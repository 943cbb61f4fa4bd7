// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Testing.Engines;

/// <summary>Where values are in memory: where the sender has put them, and where programs want them.</summary>
public sealed class AlignmentTests
{
    private const int Alignment = 64;

    [Test]
    public void Padded_values_are_aligned_without_a_copy()
    {
        using ItemGroup items = Receive(alignment: Alignment);
        foreach (Item item in items.Where(item => item.Id != 0x1001))
        {
            ReadOnlySpan<float> span = item.AsSpan<float>(alignment: Alignment);
            Assert.That(AddressOf(span) % Alignment, Is.Zero, item.Name);
            Assert.That(AddressOf(span), Is.EqualTo(AddressOf(item.RawBytes)), "it is where it was received");
            Assert.That(span.ToArray(), Is.EqualTo(Values(item)));
        }
    }

    [Test]
    public void Values_elsewhere_are_copied_once()
    {
        using ItemGroup items = Receive(alignment: 1);
        int copies = 0;
        foreach (Item item in items)
        {
            if (item.Id == 0x1001)
            {
                continue;
            }

            foreach (int alignment in (int[])[1, 2, 4, 8, 16, 64, 4096, 8])
            {
                ReadOnlySpan<float> span = item.AsSpan<float>(alignment: alignment);
                Assert.That(AddressOf(span) % alignment, Is.Zero, $"{item.Name} {alignment}");
                Assert.That(span.ToArray(), Is.EqualTo(Values(item)));
            }

            long at = AddressOf(item.AsSpan<float>(alignment: Alignment));
            copies += at == AddressOf(item.RawBytes) ? 0 : 1;
            Assert.That(AddressOf(item.AsSpan<float>(alignment: Alignment)), Is.EqualTo(at), "one copy");
            Assert.That(AddressOf(item.AsSpan<float>()), Is.EqualTo(AddressOf(item.RawBytes)), "no copy unless asked");
            Assert.That(item.AsTensor<float>(alignment: Alignment).FlattenedLength, Is.EqualTo((nint)item.Count));
        }

        Assert.That(copies, Is.GreaterThan(0), "not all happen to be aligned");
    }

    [Test]
    public void Converted_and_immediate_values_are_aligned()
    {
        using ItemGroup items = Receive(alignment: 1);
        Item immediate = items[0x1001];
        Assert.That(immediate.ToScalar<byte>(), Is.EqualTo(7));
        ReadOnlySpan<byte> scalar = immediate.AsSpan<byte>(alignment: Alignment);
        Assert.That(AddressOf(scalar) % Alignment, Is.Zero);
        Assert.That(scalar[0], Is.EqualTo(7));
        ReadOnlySpan<float> swapped = items[0x1000].AsSpan<float>(ByteOrder.BigEndian, alignment: 128);
        Assert.That(AddressOf(swapped) % 128, Is.Zero);
        Assert.That(() => items[0x1000].AsSpan<float>(alignment: 3).Length, Throws.InstanceOf<ArgumentException>());
        Assert.That(() => items[0x1000].AsSpan<float>(alignment: 0).Length, Throws.InstanceOf<ArgumentException>());
    }

    private static float[] Values(Item item) =>
        [.. Enumerable.Range(0, item.Count).Select(i => (float)(item.Id + i))];

    private static unsafe long AddressOf<T>(ReadOnlySpan<T> span)
        where T : unmanaged => (long)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span));

    private static ItemGroup Receive(int alignment)
    {
        using ItemGroup sent = new();
        for (int i = 0; i < 6; i++)
        {
            ItemType type = ItemType.FromNumPy(i == 1 ? "|u1" : BitConverter.IsLittleEndian ? "<f4" : ">f4");
            Item item = sent.Add(ItemDescriptor.FromNumPy(
                0x1000 + i, new string('x', i + 1), "", i == 1 ? ItemShape.Scalar : new ItemShape(5 + (7 * i)), type));
            item.SetValue(i == 1 ? (byte)7 : Enumerable.Range(0, 5 + (7 * i)).Select(k => (float)(item.Id + k)).ToArray());
        }

        var flavour = new Flavour(48);
        var encoder = new PacketEncoder(flavour, 1 << 15);
        encoder.Begin(new HeapGenerator(sent, flavour, alignment: alignment).Next(), cnt: 1);
        byte[] packet = new byte[encoder.MaxPacketSize];
        packet = packet[..encoder.Write(packet)];
        Assert.That(encoder.IsFinished, Is.True);

        using ReceiveStream stream = new(new ReceiveStreamOptions());
        stream.AddDatagramReader([packet]);
        using Heap heap = stream.Read();
        ItemGroup items = new();
        Assert.That(items.Update(heap).Failed, Is.Empty);
        return items;
    }
}
