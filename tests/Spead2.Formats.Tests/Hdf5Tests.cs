// SPDX-License-Identifier: MIT

using Spead2.Hdf5;

namespace Spead2.Formats.Tests;

/// <summary>Files of HDF5, as far as that can be seen without its library; ReadBackTests reads them with h5py.</summary>
public sealed class Hdf5Tests
{
    [Test]
    public void File_is_one_of_HDF5_and_nothing_beside_it_stays()
    {
        using TemporaryFolder folder = new();
        using ItemGroup items = EveryKind.Make();
        using (Hdf5HeapWriter writer = new(folder["a.h5"], HeapWriter.DescriptorsOf(items)))
        {
            writer.Write(1, items);
            Assert.That(writer.Length, Is.GreaterThan(items.Sum(item => item.RawBytes.Length)));
        }

        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { folder["a.h5"] }));
        Assert.That(File.ReadAllBytes(folder["a.h5"])[..8], Is.EqualTo("\u0089HDF\r\n\u001a\n".Select(c => (byte)c)));
    }

    [Test]
    public void File_without_heaps_can_be_made()
    {
        using TemporaryFolder folder = new();
        using (Hdf5HeapWriter writer = new(folder["a.h5"], []))
        {
            writer.Write(1, []);
        }

        Assert.That(new FileInfo(folder["a.h5"]).Length, Is.GreaterThan(0));
    }

    [Test]
    public void File_that_is_there_is_not_replaced()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["a.h5"], "mine");

        Assert.That(() => new Hdf5HeapWriter(folder["a.h5"], []), Throws.InstanceOf<IOException>());
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { folder["a.h5"] }));
        Assert.That(File.ReadAllText(folder["a.h5"]), Is.EqualTo("mine"));
    }

    [Test]
    public void Extent_of_a_file_that_is_another_is_refused()
    {
        Assert.That(
            () => Hdf5Extent.Set(new MemoryStream(new byte[1000]), []),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no object header"));
    }

    [Test]
    public void Dataset_that_is_not_in_the_file_is_named()
    {
        using TemporaryFolder folder = new();
        using (Hdf5HeapWriter writer = new(folder["a.h5"], []))
        {
        }

        using FileStream file = File.Open(folder["a.h5"], FileMode.Open, FileAccess.ReadWrite);
        Assert.That(
            () => Hdf5Extent.Set(file, new() { ["heap_cnt"] = 0, ["other"] = 0 }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("'other'"));
    }

    [Test]
    public void Damaged_header_is_refused()
    {
        using TemporaryFolder folder = new();
        using (Hdf5HeapWriter writer = new(folder["a.h5"], []))
        {
        }

        byte[] file = File.ReadAllBytes(folder["a.h5"]);
        int header = file.AsSpan().IndexOf("OHDR"u8);
        file[header + 20] ^= 1;
        Assert.That(() => Hdf5Extent.Set(new MemoryStream(file), new() { ["heap_cnt"] = 0 }), Throws.TypeOf<InvalidDataException>());
    }
}
