// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Formats.Tests;

/// <summary>What all writers of heaps have in common, and the folders of NumPy's files.</summary>
public sealed class HeapWriterTests
{
    [Test]
    public void Received_heaps_become_rows()
    {
        using TemporaryFolder folder = new();
        using ItemGroup sent = EveryKind.Make();
        HeapGenerator generator = new(sent, default);
        byte[] packets = [.. HeapOfItems.Packets(generator, 5), .. SecondHeap(generator, sent)];
        using ItemGroup items = [];
        NpyHeapWriter? writer = null;
        HeapOfItems.Receive(packets, items, (heap, updated) =>
        {
            writer ??= new(folder["x"], HeapWriter.DescriptorsOf(items));
            Assert.That(writer.Fits(updated), Is.True);
            writer.Write(heap.Cnt, updated);
        });
        long length = writer!.Length;
        writer.Dispose();
        writer.Dispose();

        Assert.That(writer.Heaps, Is.EqualTo(2));
        Assert.That(Directory.EnumerateFiles(folder["x"]).Sum(file => new FileInfo(file).Length), Is.EqualTo(length));
        using ItemGroup read = [];
        Item index = Read("heap_cnt");
        Assert.That(index.ToArray<ulong>("heap_cnt"), Is.EqualTo(new ulong[] { 5, 6 }));
        Assert.That(index.ToArray<long>("big"), Is.EqualTo(new long[] { 0, 1 }));
        Assert.That(index.ToArray<long>("single"), Is.EqualTo(new long[] { 0, -1 }));
        Assert.That(Read("big").ToArray<ushort>(), Is.EqualTo(new ushort[] { 1, 0x1234, 0xffff, 7, 9, 8, 7, 6 }));
        Assert.That(Read("big").Shape, Is.EqualTo(new ItemShape(2, 2, 2)));
        Assert.That(Read("variable").Shape, Is.EqualTo(new ItemShape(8)));
        Assert.That(Read("variable.shape").ToArray<long>(), Is.EqualTo(new long[] { 3, 2, 1, 2 }));
        Assert.That(Read("a%2fb%20c%25").ToArray<uint>(), Is.EqualTo(new uint[] { 6 }));

        Item Read(string name)
        {
            using FileStream file = File.OpenRead(folder[$"x/{name}.npy"]);
            return read.AddNpy(name, file);
        }
    }

    [Test]
    public void Item_of_unknown_type_is_written_as_bytes()
    {
        using TemporaryFolder folder = new();
        using ItemGroup sent = [];
        byte[] value = [.. Enumerable.Range(1, 20).Select(i => (byte)i)];
        sent.Add(ItemDescriptor.FromFormat(0x1005, "a", "", new ItemShape(20), new FormatField('u', 8))).SetValue(value);
        using ItemGroup items = [];
        HeapOfItems.Receive(HeapOfItems.PacketsOfUnknown(sent), items, (heap, updated) =>
        {
            using NpyHeapWriter writer = new(folder["x"], HeapWriter.DescriptorsOf(items));
            writer.Write(heap.Cnt, updated.Failed.Select(failed => failed.Item!).Distinct());
            Assert.That((writer.Heaps, writer.ValuesLeftOut), Is.EqualTo((1, 0)));
        });

        using ItemGroup read = [];
        using FileStream file = File.OpenRead(folder["x/a.npy"]);
        Assert.That(read.AddNpy("a", file).ToArray<byte>(), Is.EqualTo(value));
    }

    [Test]
    public void Value_that_does_not_fit_its_type_is_counted()
    {
        using TemporaryFolder folder = new();
        using ItemGroup sent = [];
        sent.Add(ItemDescriptor.FromFormat(0x1005, "a", "", new ItemShape(30), new FormatField('u', 8))).SetValue(new byte[30]);
        using ItemGroup items = [];
        items.Add(ItemDescriptor.FromFormat(0x1005, "a", "", new ItemShape(300), new FormatField('u', 8)));
        HeapOfItems.Receive(WithoutDescriptor(sent), items, (heap, updated) =>
        {
            using NpyHeapWriter writer = new(folder["x"], HeapWriter.DescriptorsOf(items));
            writer.Write(heap.Cnt, updated.Failed.Select(failed => failed.Item!));
            Assert.That((writer.Heaps, writer.ValuesLeftOut), Is.EqualTo((1, 1)));
        });
    }

    [Test]
    public void Item_that_was_described_otherwise_does_not_fit()
    {
        using TemporaryFolder folder = new();
        using ItemGroup items = EveryKind.Make();
        using NpzHeapWriter writer = new(folder.Path, HeapWriter.DescriptorsOf(items));
        Item big = items["big"];
        Item changed = items.Add(ItemDescriptor.FromNumPy(big.Id, "big", "", new(3), ItemType.FromNumPy(">u2")));
        changed.SetValue(new ushort[] { 1, 2, 3 });

        Assert.That(writer.Fits([items["u1"]]), Is.True);
        Assert.That(writer.Fits([items["u1"], changed]), Is.False);
        Assert.That(() => writer.Write(1, [changed]), Throws.ArgumentException.With.Message.Contains("'big'"));
        Assert.That(writer.Heaps, Is.Zero);
    }

    [Test]
    public void Writer_that_has_been_disposed_writes_nothing()
    {
        using TemporaryFolder folder = new();
        NpzHeapWriter writer = new(folder.Path, []);
        writer.Dispose();

        Assert.That(() => writer.Write(1, []), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Files_that_are_there_are_not_replaced()
    {
        using TemporaryFolder folder = new();
        using ItemGroup items = EveryKind.Make();
        File.WriteAllText(folder["heap_cnt.npy"], "mine");

        Assert.That(() => new NpyHeapWriter(folder.Path, HeapWriter.DescriptorsOf(items)), Throws.InstanceOf<IOException>());
        Assert.That(File.ReadAllText(folder["heap_cnt.npy"]), Is.EqualTo("mine"));
    }

    [Test]
    public void Names_in_files_differ()
    {
        ItemDescriptor[] descriptors =
        [
            .. ((string[])["heap_cnt", "x", "x", ""]).Select((name, i) =>
                ItemDescriptor.FromFormat(16 + i, name, "", ItemShape.Scalar, new FormatField('u', 8))),
        ];

        Assert.That(FieldNames.Of(descriptors), Is.EqualTo(new[] { "0x10", "x", "0x12", "0x13" }));
        Assert.That(
            () => FieldNames.Of([ItemDescriptor.FromFormat(1, "0x2", "", ItemShape.Scalar, new FormatField('u', 8)),
                ItemDescriptor.FromFormat(2, "", "", ItemShape.Scalar, new FormatField('u', 8))]),
            Throws.ArgumentException);
    }

    [TestCase("adc", "adc")]
    [TestCase("..", "%2e.")]
    [TestCase("a/b", "a%2fb")]
    [TestCase("é", "%c3%a9")]
    public void Name_is_no_path(string name, string escaped) => Assert.That(FieldNames.Escape(name), Is.EqualTo(escaped));

    private static byte[] SecondHeap(HeapGenerator generator, ItemGroup sent)
    {
        sent["big"].SetElements<ushort>([9, 8, 7, 6]);
        sent["variable"].SetElements<short>([11, 12]);
        return HeapOfItems.Packets(generator, 6);
    }

    private static byte[] WithoutDescriptor(ItemGroup items)
    {
        HeapGenerator generator = new(items, default);
        generator.Next();
        Item item = items.Single();
        item.SetElements<byte>(new byte[30]);
        return HeapOfItems.Packets(generator, 2);
    }
}
