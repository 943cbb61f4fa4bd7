// SPDX-License-Identifier: MIT

using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Spead2.Chunks;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Formats.Tests;

/// <summary>Heaps and chunks as Arrow streams.</summary>
public sealed class ArrowTests
{
    private static IEnumerable<TestCaseData> Compressions()
    {
        yield return new TestCaseData(null).SetArgDisplayNames("plain");
        yield return new TestCaseData(CompressionCodecType.Lz4Frame);
        yield return new TestCaseData(CompressionCodecType.Zstd);
    }

    [TestCaseSource(nameof(Compressions))]
    public void Every_kind_of_item_survives(CompressionCodecType? codec)
    {
        using ItemGroup items = EveryKind.Make();
        using MemoryStream stream = new();
        IpcOptions? options = codec is null
            ? null
            : new() { CompressionCodec = codec, CompressionCodecFactory = new CompressionCodecFactory() };
        using (ArrowHeapWriter writer = new(stream, HeapWriter.DescriptorsOf(items), options, leaveOpen: true))
        {
            writer.Write(7, items);
            writer.Write(ulong.MaxValue, items);
            Assert.That((writer.Heaps, writer.Length, writer.ValuesLeftOut), Is.EqualTo((2, stream.Length, 0)));
        }

        stream.Position = 0;
        using ArrowStreamReader reader = new(stream, new CompressionCodecFactory(), leaveOpen: true);
        foreach (ulong cnt in (ulong[])[7, ulong.MaxValue])
        {
            using RecordBatch batch = reader.ReadNextRecordBatch();
            ArrowReading.AssertIsHeap(batch, cnt, items);
        }

        Assert.That(reader.ReadNextRecordBatch(), Is.Null);
    }

    [Test]
    public void Schema_says_what_items_are()
    {
        using ItemGroup items = EveryKind.Make();
        Schema schema = SchemaOf(items);

        Field big = schema.GetFieldByName("big");
        Assert.That(big.Metadata, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["spead_id"] = $"0x{items["big"].Id:x}",
            ["description"] = "of big",
            ["dtype"] = ">u2",
            ["shape"] = "(2, 2)",
        }));
        Assert.That(big.DataType, Is.InstanceOf<FixedSizeListType>());
        Assert.That(((FixedSizeListType)big.DataType).ListSize, Is.EqualTo(2));
        Assert.That(schema.GetFieldByName("variable").DataType, Is.InstanceOf<ListType>());
        Assert.That(schema.GetFieldByName("text").DataType, Is.InstanceOf<StringType>());
        Assert.That(((TimestampType)((FixedSizeListType)schema.GetFieldByName("time").DataType).ValueDataType).Unit, Is.EqualTo(TimeUnit.Nanosecond));
        Assert.That(schema.GetFieldByName($"0x{items.Single(item => item.Name.Length == 0).Id:x}"), Is.Not.Null, "the item without a name");
    }

    [Test]
    public void Item_that_a_heap_has_not_is_null()
    {
        using ItemGroup items = EveryKind.Make();
        using MemoryStream stream = new();
        using (ArrowHeapWriter writer = new(stream, HeapWriter.DescriptorsOf(items), leaveOpen: true))
        {
            writer.Write(1, []);
            writer.Write(2, [items["big"]]);
        }

        stream.Position = 0;
        using ArrowStreamReader reader = new(stream);
        using RecordBatch none = reader.ReadNextRecordBatch();
        using RecordBatch one = reader.ReadNextRecordBatch();
        Assert.That(none.Arrays.Skip(1).All(array => array.IsNull(0)), Is.True);
        Assert.That(none.Column(0).IsNull(0), Is.False);
        Assert.That(one.Arrays.Count(array => !array.IsNull(0)), Is.EqualTo(2));
        Assert.That(one.Column("big").IsNull(0), Is.False);
    }

    [Test]
    public void Stream_that_is_cut_short_is_read_up_to_there()
    {
        using ItemGroup items = EveryKind.Make();
        using MemoryStream stream = new();
        using ArrowHeapWriter writer = new(stream, HeapWriter.DescriptorsOf(items), leaveOpen: true);
        writer.Write(1, items);
        writer.Write(2, items);

        using ArrowStreamReader reader = new(new MemoryStream(stream.ToArray()));
        Assert.That(reader.ReadNextRecordBatch(), Is.Not.Null);
        Assert.That(reader.ReadNextRecordBatch(), Is.Not.Null);
        Assert.That(reader.ReadNextRecordBatch(), Is.Null);
    }

    [Test]
    public void Heap_that_is_not_written_whole_leaves_nothing()
    {
        using ItemGroup items = EveryKind.Make();
        using LimitedStream stream = new();
        using (ArrowHeapWriter writer = new(stream, HeapWriter.DescriptorsOf(items), leaveOpen: true))
        {
            writer.Write(1, items);
            stream.Room = stream.Length + 100;
            Assert.That(() => writer.Write(2, items), Throws.InstanceOf<IOException>());
            stream.Room = long.MaxValue;
            writer.Write(3, items);
            Assert.That((writer.Heaps, writer.Length), Is.EqualTo((2, stream.Length)));
        }

        using ArrowStreamReader reader = new(new MemoryStream(stream.ToArray()));
        using RecordBatch first = reader.ReadNextRecordBatch();
        using RecordBatch second = reader.ReadNextRecordBatch();
        Assert.That(((UInt64Array)second.Column(0)).GetValue(0), Is.EqualTo(3));
        Assert.That(reader.ReadNextRecordBatch(), Is.Null);
    }

    [Test]
    public void Stream_that_cannot_seek_takes_nothing_behind_a_part_of_a_heap()
    {
        using ItemGroup items = EveryKind.Make();
        using LimitedStream stream = new() { IsSeekable = false };
        using ArrowHeapWriter writer = new(stream, HeapWriter.DescriptorsOf(items), leaveOpen: true);
        stream.Room = stream.Length + 100;
        Assert.That(() => writer.Write(2, items), Throws.InstanceOf<IOException>());
        stream.Room = long.MaxValue;

        Assert.That(() => writer.Write(3, items), Throws.InstanceOf<IOException>().With.Message.Contains("in the middle of a heap"));
        Assert.That(writer.Heaps, Is.Zero);
    }

    [Test]
    public void Device_that_is_full_is_an_error()
    {
        if (!File.Exists("/dev/full"))
        {
            Assert.Ignore("There is no /dev/full here.");
        }

        using ItemGroup items = EveryKind.Make();
        FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        using (full)
        {
            Assert.That(() => new ArrowHeapWriter(full, HeapWriter.DescriptorsOf(items)), Throws.InstanceOf<IOException>());
        }
    }

    [Test]
    public void Chunk_is_a_batch_of_its_heaps()
    {
        const int heaps = 4;
        using ManagedChunkStream chunks = new(new ChunkGroupOptions { DataSize = heaps * 4, PresentSize = heaps }, new ChunkOptions
        {
            Layout = new() { Axes = [new() { ItemId = 0x1600, Count = heaps }], HeapSize = 4, Origin = 0 },
        });
        chunks.Add(new BufferSourceOptions { Packets = ThreeHeaps() });
        using MemoryStream stream = new();
        using (ArrowChunkWriter writer = new(stream, ItemType.FromNumPy(">i2"), new(1, 2), leaveOpen: true))
        {
            using Chunk chunk = chunks.Read();
            writer.Write(chunk);
            using ArrowChunkWriter wrong = new(new MemoryStream(), ItemType.FromNumPy(">i2"), new(3));
            Assert.That(() => wrong.Write(chunk), Throws.ArgumentException.With.Message.Contains("16 bytes for 4 heaps"));
        }

        stream.Position = 0;
        using ArrowStreamReader reader = new(stream);
        using RecordBatch batch = reader.ReadNextRecordBatch();
        FixedSizeListArray data = (FixedSizeListArray)batch.Column("data");
        Int16Array numbers = (Int16Array)((FixedSizeListArray)data.Values).Values;
        Assert.That(((Int64Array)batch.Column("chunk_id")).Values.ToArray(), Is.EqualTo(new long[] { 0, 0, 0, 0 }));
        Assert.That(((Int32Array)batch.Column("index")).Values.ToArray(), Is.EqualTo(new[] { 0, 1, 2, 3 }));
        Assert.That(Enumerable.Range(0, heaps).Select(data.IsNull), Is.EqualTo(new[] { false, true, false, false }));
        Assert.That(numbers.Values[..2].ToArray(), Is.EqualTo(new short[] { 0, 1 }));
        Assert.That(numbers.Values[6..].ToArray(), Is.EqualTo(new short[] { 3, -3 }));
    }

    [Test]
    public void Chunk_writer_refuses_a_variable_shape() =>
        Assert.That(
            () => new ArrowChunkWriter(new MemoryStream(), ItemType.FromNumPy(">i2"), ItemShape.Vector), Throws.ArgumentException);

    // Heaps 0, 2 and 3 of a value of two numbers.
    private static byte[] ThreeHeaps()
    {
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(0x1001, "x", "", new(2), ItemType.FromNumPy(">i2")));
        List<byte> packets = [];
        foreach ((ulong cnt, short[] value) in (ValueTuple<ulong, short[]>[])[(0, [0, 1]), (2, [2, -2]), (3, [3, -3])])
        {
            PacketEncoder encoder = new(default, maxPacketSize: 1472);
            HeapToSend heap = new();
            item.SetValue(value);
            heap.AddImmediate(0x1600, cnt);
            heap.AddItem(0x1001, item.RawBytes.ToArray(), allowImmediate: false);
            encoder.Begin(heap, cnt);
            byte[] buffer = new byte[encoder.MaxPacketSize];
            packets.AddRange(buffer.AsSpan(0, encoder.Write(buffer)));
        }

        return [.. packets];
    }

    private static Schema SchemaOf(ItemGroup items)
    {
        using MemoryStream stream = new();
        using (ArrowHeapWriter writer = new(stream, HeapWriter.DescriptorsOf(items), leaveOpen: true))
        {
        }

        stream.Position = 0;
        using ArrowStreamReader reader = new(stream);
        return reader.Schema;
    }
}
