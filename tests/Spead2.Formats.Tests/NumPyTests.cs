// SPDX-License-Identifier: MIT

using System.IO.Compression;
using System.Text;

namespace Spead2.Formats.Tests;

/// <summary>Items as files of NumPy.</summary>
public sealed class NumPyTests
{
    // numpy.save of numpy.array([[1, 2, 3], [4, 5, 0x1234]], '>u2'), with NumPy 1.24.2.
    private const string Saved =
        "934e554d5059010076007b276465736372273a20273e7532272c2027666f727472616e5f6f72646572273a2046616c73652c2027736861"
        + "7065273a2028322c2033292c207d2020202020202020202020202020202020202020202020202020202020202020202020202020202020"
        + "20202020202020202020202020202020200a000100020003000400051234";

    private static readonly byte[] Twenty = [.. Enumerable.Range(1, 20).Select(i => (byte)i)];

    [Test]
    public void Npy_file_is_what_numpy_saves()
    {
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(1, "a", "", new(2, 3), ItemType.FromNumPy(">u2")));
        item.SetValue(new ushort[] { 1, 2, 3, 4, 5, 0x1234 });

        Assert.That(Convert.ToHexStringLower(Npy(item)), Is.EqualTo(Saved));
    }

    [Test]
    public void Npy_file_of_numpy_is_read()
    {
        using ItemGroup items = [];
        Item item = items.AddNpy("a", new MemoryStream(Convert.FromHexString(Saved)));

        Assert.That((item.Name, item.Shape, item.Type.ToString()), Is.EqualTo(("a", new ItemShape(2, 3), ">u2")));
        Assert.That(item.ToArray<ushort>(), Is.EqualTo(new ushort[] { 1, 2, 3, 4, 5, 0x1234 }));
    }

    [Test]
    public void Every_kind_of_item_survives_an_npy_file()
    {
        using ItemGroup items = EveryKind.Make();
        using ItemGroup read = [];
        foreach (Item item in items)
        {
            byte[] file = Npy(item);
            using MemoryStream stream = new([.. file, 0xee]);
            Item back = read.AddNpy("x", stream);

            Assert.That(stream.Position, Is.EqualTo(file.Length), "what follows the array is not read");
            Assert.That(back.Shape, Is.EqualTo(item.Shape));
            AssertSame(back, item);
        }
    }

    [Test]
    public void Every_kind_of_item_survives_an_npz_file()
    {
        using ItemGroup items = EveryKind.Make();
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (Item item in items)
            {
                using Stream entry = archive.CreateEntry($"n{item.Id:x}.npy").Open();
                item.WriteNpy(entry);
            }
        }

        using ItemGroup read = [];
        IReadOnlyList<Item> back = read.AddNpz(file);

        Assert.That(back.Select(item => item.Name), Is.EqualTo(items.Select(item => $"n{item.Id:x}")));
        foreach ((Item actual, Item expected) in back.Zip(items))
        {
            AssertSame(actual, expected);
        }
    }

    [Test]
    public void Boolean_of_any_byte_is_written_as_1()
    {
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(1, "b", "", new(3), ItemType.FromNumPy("|b1")));
        item.SetBytes([0, 2, 255]);

        Assert.That(Npy(item)[^3..], Is.EqualTo(new byte[] { 0, 1, 1 }));
    }

    [Test]
    public void Item_without_a_value_is_not_written()
    {
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(1, "b", "", new(3), ItemType.FromNumPy("|b1")));

        Assert.That(() => item.WriteNpy(new MemoryStream()), Throws.InvalidOperationException);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Header_of_each_version_is_read(int version)
    {
        using ItemGroup items = [];
        byte[] file = File(version, "{'descr': '<u1', 'fortran_order': True, 'shape': (2,)}\n", [5, 6]);

        Assert.That(items.AddNpy("a", new MemoryStream(file)).ToArray<byte>(), Is.EqualTo(new byte[] { 5, 6 }));
    }

    private static IEnumerable<TestCaseData> Faults()
    {
        const string header = "{'descr': '<u1', 'fortran_order': False, 'shape': (2,)}";
        yield return new TestCaseData("PK\u0003\u0004 and more"u8.ToArray(), "does not begin with").SetArgDisplayNames("no npy file");
        yield return new TestCaseData(File(4, header, [5, 6]), "version 4").SetArgDisplayNames("version 4");
        yield return new TestCaseData(File(1, header.Replace("<u1", "|O", StringComparison.Ordinal), [5, 6]), "|O")
            .SetArgDisplayNames("objects");
        yield return new TestCaseData(File(1, header.Replace("2,", "-2,", StringComparison.Ordinal), [5, 6]), "-2")
            .SetArgDisplayNames("negative length");
        yield return new TestCaseData(File(1, header.Replace("<u1", "<u8", StringComparison.Ordinal).Replace("2,", "2000000000", StringComparison.Ordinal), [5]), "")
            .SetArgDisplayNames("more bytes than an array has");
        yield return new TestCaseData(File(2, "{'descr'", [])[..12].Concat("\0\0\0\u007f"u8.ToArray()).ToArray(), "")
            .SetArgDisplayNames("cut header");
    }

    [TestCaseSource(nameof(Faults))]
    public void File_that_is_none_is_refused(byte[] file, string message)
    {
        using ItemGroup items = [];
        Assert.That(
            () => items.AddNpy("a", new MemoryStream(file)),
            Throws.InstanceOf<InvalidDataException>().Or.InstanceOf<EndOfStreamException>());
        if (message.Length > 0)
        {
            Assert.That(() => items.AddNpy("a", new MemoryStream(file)), Throws.Exception.With.Message.Contains(message));
        }

        Assert.That(items, Is.Empty);
    }

    [Test]
    public void Cut_array_takes_no_memory_for_what_it_announces()
    {
        using ItemGroup items = [];
        byte[] file = File(1, "{'descr': '<u1', 'fortran_order': False, 'shape': (2000000000,)}", [1, 2, 3]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.That(() => items.AddNpy("a", new MemoryStream(file)), Throws.InstanceOf<EndOfStreamException>());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100 << 20));
    }

    [Test]
    public void Type_that_is_unknown_is_written_as_bytes()
    {
        using ItemGroup sent = [];
        Item number = sent.Add(ItemDescriptor.FromFormat(0x1005, "a", "", new ItemShape(20), new FormatField('u', 8)));
        number.SetValue(Twenty);
        using ItemGroup items = [];
        byte[] file = [];
        HeapOfItems.Receive(
            HeapOfItems.PacketsOfUnknown(sent),
            items,
            (_, updated) => file = Npy(updated.Failed.Single(failed => failed.Item?.HasRawBytes == true).Item!));
        using ItemGroup read = [];
        Item back = read.AddNpy("a", new MemoryStream(file));

        Assert.That(back.Type.ToString(), Is.EqualTo("|u1"));
        Assert.That(back.ToArray<byte>(), Is.EqualTo(Twenty));
    }

    private static byte[] Npy(Item item)
    {
        using MemoryStream stream = new();
        item.WriteNpy(stream);
        return stream.ToArray();
    }

    private static byte[] File(int version, string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = BitConverter.GetBytes(text.Length)[..(version == 1 ? 2 : 4)];
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. data];
    }

    private static void AssertSame(Item actual, Item expected)
    {
        if (StoredType.IsSame(expected.Type, StoredType.Of(expected.Type, isNative: false)))
        {
            Assert.That(actual.RawBytes.SequenceEqual(expected.RawBytes), Is.True, $"{expected}");
            Assert.That($"{actual.Type}", Is.EqualTo($"{expected.Type}"));
        }

        EveryKind.AssertSame(actual, expected);
    }
}
