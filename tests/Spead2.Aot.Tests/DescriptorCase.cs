// SPDX-License-Identifier: MIT
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Fuzz.Items;
using Spead2.Items.Descriptors;
using Spead2.Send;

namespace Spead2.Aot.Tests;

/// <summary>A heap with DESCRIPTOR items, and what the C# reader finds in them.</summary>
internal sealed record DescriptorCase(BugCompat BugCompat, IReadOnlyList<byte[]> Items)
{
    /// <summary>Makes a case of descriptors that are nearly right, or not at all.</summary>
    public static DescriptorCase Random(int seed)
    {
        var random = new Random(seed);
        ItemCase items = new ItemCaseGenerator(random.Next()).Create();
        byte[][] descriptors =
        [
            .. from heap in items.Heaps
               from item in heap
               let bytes = item.Id == ItemId.Descriptor ? item.Bytes ?? [] : []
               where bytes.Length > 0
               select random.Next(4) == 0 ? Mutator.Mutate(random, bytes) : bytes,
        ];
        return new(items.Flavour.BugCompat, [.. descriptors.Where(bytes => bytes.Length > 0)]);
    }

    /// <summary>The heap as one packet.</summary>
    public byte[] Packet()
    {
        var heap = new HeapToSend();
        foreach (byte[] item in Items)
        {
            heap.AddDescriptor(item);
        }

        int size = 2 * PacketEncoder.SmallestMaxPacketSize + Items.Sum(item => item.Length + sizeof(ulong));
        var encoder = new PacketEncoder(new Flavour(48), size);
        encoder.Begin(heap, cnt: 1);
        byte[] packet = new byte[encoder.MaxPacketSize];
        packet = packet[..encoder.Write(packet)];
        Assert.That(encoder.IsFinished, "the heap is one packet");
        return packet;
    }

    /// <summary>What descriptor_lines prints.</summary>
    public string Lines()
    {
        var reader = new DescriptorReader(NullLogger.Instance);
        for (int i = 0; i < Items.Count && reader.Read(Items[i], BugCompat, ItemGroup.DefaultMaxItems);)
        {
            i++;
        }

        string count = reader.Descriptors.Count.ToString(CultureInfo.InvariantCulture);
        return $"case SP2_OK {count}\n{string.Concat(reader.Descriptors.Select(Line))}";
    }

    public override string ToString() =>
        $"{BugCompat}: {string.Join(", ", Items.Select(Convert.ToHexString))}";

    private static string Line(SentDescriptor sent) => string.Create(
        CultureInfo.InvariantCulture,
        $"{sent.Id} {Hex(sent.Name)} {Hex(sent.Description)} {Hex(sent.NumPyHeader)} "
        + $"({string.Join(',', sent.Format.Select(field => $"{field.Code}:{field.Bits}"))}) "
        + $"({string.Join(',', sent.Shape)}) {Hex(sent.Fault ?? "")} "
        + $"{(sent.Fault is null ? 0 : 1) | (sent.HasUtf8 ? 2 : 0) | Latin1(sent)}\n");

    private static int Latin1(SentDescriptor sent) => sent.TextEncoding == TextEncoding.Latin1 ? 4 : 0;

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
}
