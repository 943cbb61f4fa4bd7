// SPDX-License-Identifier: MIT

using System.Text.Json.Nodes;
using Spead2.Hdf5;

namespace Spead2.Formats.Tests;

/// <summary>NumPy and h5py read bit-exact what was written of every kind of item. Needs their Debian packages.</summary>
[Category("Formats")]
public sealed class ReadBackTests
{
    [Test]
    public void Numpy_reads_npy_files_of_every_kind()
    {
        using TemporaryFolder folder = new();
        using PythonReader python = new();
        using ItemGroup items = EveryKind.Make();
        foreach (Item item in items)
        {
            string path = folder[$"{item.Id:x}.npy"];
            using (FileStream file = File.Create(path))
            {
                item.WriteNpy(file);
            }

            JsonNode read = python.Read(path);
            AssertRead(read, item, item.Shape);
            if (item.Type.Kind != ItemKind.Record)
            {
                Assert.That($"{read["dtype"]}", Is.EqualTo($"{StoredType.Of(item.Type, isNative: false)}"), $"{item}");
            }
        }
    }

    [Test]
    public void Numpy_reads_the_folder_of_heaps()
    {
        using TemporaryFolder folder = new();
        using ItemGroup items = EveryKind.Make();
        Item[] some = [.. items.Where(item => item.Id % 2 == 0)];
        using (NpyHeapWriter writer = new(folder["heaps"], HeapWriter.DescriptorsOf(items)))
        {
            writer.Write(5, items);
            writer.Write(7, some);
            writer.Write(ulong.MaxValue, items);
        }

        using PythonReader python = new();
        JsonArray index = python.Read(folder["heaps/heap_cnt.npy"])["values"]!.AsArray();
        Assert.That(index.Select(row => row![0]!.GetValue<ulong>()), Is.EqualTo(new ulong[] { 5, 7, ulong.MaxValue }));
        string[] names = FieldNames.Of([.. HeapWriter.DescriptorsOf(items)]);
        foreach ((Item item, int column) in items.Select((item, column) => (item, column)))
        {
            bool isInAll = some.Contains(item);
            Assert.That(
                index.Select(row => row![column + 1]!.GetValue<long>()), Is.EqualTo(isInAll ? [0, 1, 2] : new long[] { 0, -1, 1 }));
            string path = folder[$"heaps/{FieldNames.Escape(names[column])}"];
            JsonNode read = python.Read($"{path}.npy");
            JsonNode?[] one = [.. EveryKind.Values(item)];
            int rows = isInAll ? 3 : 2;
            Assert.That(
                read["values"]!.ToJsonString(),
                Is.EqualTo(new JsonArray([.. Enumerable.Repeat(one, rows).SelectMany(row => row).Select(v => v!.DeepClone())]).ToJsonString()),
                $"{item}");
            if (item.Descriptor.Shape.IsVariable)
            {
                JsonArray shapes = python.Read($"{path}.shape.npy")["values"]!.AsArray();
                Assert.That(
                    shapes.Select(length => length!.GetValue<long>()),
                    Is.EqualTo(Enumerable.Repeat(item.Shape, rows).SelectMany(shape => shape)));
            }
            else
            {
                Assert.That(
                    read["shape"]!.AsArray().Select(length => length!.GetValue<long>()), Is.EqualTo(item.Shape.Prepend(rows)));
            }
        }
    }

    [Test]
    public void Numpy_reads_the_archive_of_a_heap()
    {
        using TemporaryFolder folder = new();
        using ItemGroup items = EveryKind.Make();
        using (NpzHeapWriter writer = new(folder.Path, HeapWriter.DescriptorsOf(items)))
        {
            writer.Write(5, items);
        }

        using PythonReader python = new();
        Assert.That(python.Read(folder["00000000.npz"], "heap_cnt")["values"]![0]!.GetValue<long>(), Is.EqualTo(5));
        foreach ((Item item, string name) in items.Zip(FieldNames.Of([.. HeapWriter.DescriptorsOf(items)])))
        {
            AssertRead(python.Read(folder["00000000.npz"], name), item, item.Shape);
        }
    }

    [Test]
    public void H5py_reads_heaps_of_every_kind()
    {
        using TemporaryFolder folder = new();
        using ItemGroup items = EveryKind.Make();
        Item[] some = [.. items.Where(item => item.Id % 2 == 0)];
        string path = folder["heaps.h5"];
        using (Hdf5HeapWriter writer = new(path, HeapWriter.DescriptorsOf(items)))
        {
            writer.Write(5, items);
            writer.Write(7, some);
            writer.Write(ulong.MaxValue, items);
        }

        Assert.That(File.Exists(path + ".reserve"), Is.False);
        using PythonReader python = new();
        Assert.That(
            python.Read(path, "heap_cnt")["values"]!.AsArray().Select(cnt => cnt!.GetValue<ulong>()),
            Is.EqualTo(new ulong[] { 5, 7, ulong.MaxValue }));
        long[] rowsOfItems = [.. python.Read(path, "heap_rows")["values"]!.AsArray().Select(row => row!.GetValue<long>())];
        string[] names = FieldNames.Of([.. HeapWriter.DescriptorsOf(items)]);
        foreach ((Item item, int column) in items.Select((item, column) => (item, column)))
        {
            bool isInAll = some.Contains(item);
            Assert.That(
                Enumerable.Range(0, 3).Select(heap => rowsOfItems[(heap * names.Length) + column]),
                Is.EqualTo(isInAll ? [0, 1, 2] : new long[] { 0, -1, 1 }));
            string name = FieldNames.Escape(names[column]);
            int rows = isInAll ? 3 : 2;
            if (item.Type.Kind == ItemKind.Record)
            {
                AssertFields(python, path, name, [.. EveryKind.Values(item).Select(record => record!.AsArray())], item.Type, rows);
                continue;
            }

            JsonNode read = python.Read(path, name);
            Assert.That(
                read["values"]!.ToJsonString(), Is.EqualTo(Repeat(AsHdf5(EveryKind.Values(item), item.Type), rows)), $"{item}");
            if (item.Descriptor.Shape.IsVariable)
            {
                Assert.That(
                    python.Read(path, $"{name}.shape")["values"]!.AsArray().Select(length => length!.GetValue<long>()),
                    Is.EqualTo(Enumerable.Repeat(item.Shape, rows).SelectMany(shape => shape)));
            }
            else
            {
                Assert.That(
                    read["shape"]!.AsArray().Select(length => length!.GetValue<long>()), Is.EqualTo(item.Shape.Prepend(rows)));
            }
        }
    }

    [Test]
    public void H5py_reads_more_rows_than_a_chunk_has()
    {
        const int rows = 1000;
        using TemporaryFolder folder = new();
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(1, "a", "", new(1000), ItemType.FromNumPy(">u2")));
        string path = folder["heaps.h5"];
        using (Hdf5HeapWriter writer = new(path, HeapWriter.DescriptorsOf(items)))
        {
            for (int i = 0; i < rows; i++)
            {
                item.SetElements<ushort>([.. Enumerable.Range(i, 1000).Select(n => (ushort)n)]);
                writer.Write((ulong)i, items);
            }
        }

        using PythonReader python = new();
        JsonNode read = python.Read(path, "a");
        Assert.That(read["shape"]!.ToJsonString(), Is.EqualTo("[1000,1000]"));
        Assert.That(
            read["values"]!.AsArray().Select(value => value!.GetValue<int>()),
            Is.EqualTo(Enumerable.Range(0, rows).SelectMany(i => Enumerable.Range(i, 1000))));
        Assert.That(new FileInfo(path).Length, Is.LessThan(3 << 20));
    }

    private static void AssertFields(PythonReader python, string path, string name, JsonArray[] records, ItemType type, int rows)
    {
        foreach ((ItemField field, int i) in type.Fields.Select((field, i) => (field, i)))
        {
            string fieldName = $"{name}/{FieldNames.Escape(field.Name)}";
            if (field.Type.Kind == ItemKind.Record)
            {
                AssertFields(python, path, fieldName, [.. records.Select(record => record[i]!.AsArray())], field.Type, rows);
                continue;
            }

            JsonArray values = [.. records.SelectMany(record => field.Shape.Rank > 0 ? record[i]!.AsArray() : (IEnumerable<JsonNode?>)[record[i]])
                .Select(value => value?.DeepClone())];
            Assert.That(
                python.Read(path, fieldName)["values"]!.ToJsonString(), Is.EqualTo(Repeat(AsHdf5(values, field.Type), rows)), fieldName);
        }
    }

    // HDF5 has no booleans, and h5py no complex numbers of 80 bits.
    private static JsonArray AsHdf5(JsonArray values, ItemType type) =>
        type.Kind == ItemKind.Boolean ? [.. values.Select(value => JsonValue.Create(value!.GetValue<bool>() ? 1 : 0))]
        : type.IsExtended && type.Kind == ItemKind.Complex ? ["00000000000000c0ff3f0000000000000000000000000080" + "00c0000000000000"]
        : values;

    private static string Repeat(JsonArray values, int rows) =>
        new JsonArray([.. Enumerable.Repeat(values, rows).SelectMany(row => row).Select(value => value?.DeepClone())]).ToJsonString();

    private static void AssertRead(JsonNode read, Item item, IEnumerable<long> shape)
    {
        Assert.That(read["shape"]!.AsArray().Select(length => length!.GetValue<long>()), Is.EqualTo(shape), $"{item}");
        Assert.That(read["values"]!.ToJsonString(), Is.EqualTo(EveryKind.Values(item).ToJsonString()), $"{item}");
    }
}
