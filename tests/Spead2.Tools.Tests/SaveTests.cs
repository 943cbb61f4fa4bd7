// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Spead2.Formats;
using Spead2.Formats.Tests;
using Spead2.Send;

namespace Spead2.Tools.Tests;

/// <summary>`spead2 recv --save`.</summary>
public sealed class SaveTests
{
    private const string Folder = "--save";

    // Numbers of an item, so that a heap has 60,000 bytes.
    private const int Large = 30_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("spead2-save-").FullName;

    private string Named(string name) => Path.Combine(_folder, name);

    [OneTimeTearDown]
    public void DeleteFiles() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Every_kind_is_saved_as_npy()
    {
        using ItemGroup items = EveryKind.Make();
        string folder = Named("npy");

        await SaveAsync(items, folder, "npy");

        using ItemGroup read = [];
        foreach ((Item item, string name) in items.Zip(FieldNames.Of([.. HeapWriter.DescriptorsOf(items)])))
        {
            AssertTwice(Npy(read, $"{folder}/heaps-0001/{FieldNames.Escape(name)}.npy"), item);
        }

        Assert.That(Npy(read, $"{folder}/heaps-0001/heap_cnt.npy").ToArray<ulong>("heap_cnt"), Is.EqualTo(new ulong[] { 1, 2 }));
    }

    [Test]
    public async Task Every_kind_is_saved_as_npz()
    {
        using ItemGroup items = EveryKind.Make();
        string folder = Named("npz");

        await SaveAsync(items, folder, "npz");

        for (int i = 0; i < 2; i++)
        {
            using ItemGroup read = [];
            using FileStream file = File.OpenRead($"{folder}/heaps-0001/0000000{i}.npz");
            IReadOnlyList<Item> all = read.AddNpz(file);
            Assert.That(all[0].ToScalar<ulong>(), Is.EqualTo(i + 1));
            foreach ((Item actual, Item expected) in all.Skip(1).Zip(items))
            {
                EveryKind.AssertSame(actual, expected);
            }
        }
    }

    [Test]
    public async Task Every_kind_is_saved_as_arrow()
    {
        using ItemGroup items = EveryKind.Make();
        string folder = Named("arrow");

        await SaveAsync(items, folder, "arrow");

        using ArrowStreamReader reader = new(File.OpenRead($"{folder}/heaps-0001.arrows"));
        for (ulong cnt = 1; cnt <= 2; cnt++)
        {
            using RecordBatch batch = reader.ReadNextRecordBatch();
            ArrowReading.AssertIsHeap(batch, cnt, items);
        }

        Assert.That(reader.ReadNextRecordBatch(), Is.Null);
    }

    [Test]
    public async Task Heaps_are_saved_as_hdf5()
    {
        using ItemGroup items = EveryKind.Make();
        string folder = Named("hdf5");

        await SaveAsync(items, folder, "hdf5");

        Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { $"{folder}/heaps-0001.h5" }));
    }

    [Test]
    [Category("Formats")]
    public async Task Every_kind_is_saved_as_hdf5()
    {
        using ItemGroup items = EveryKind.Make();
        string folder = Named("hdf5-read");

        await SaveAsync(items, folder, "hdf5");

        using PythonReader python = new();
        string path = $"{folder}/heaps-0001.h5";
        Assert.That(python.Read(path, "heap_cnt")["values"]!.ToJsonString(), Is.EqualTo("[1,2]"));
        foreach ((Item item, string name) in items.Zip(FieldNames.Of([.. HeapWriter.DescriptorsOf(items)])))
        {
            // Records, booleans and 2 x 80 bits are other types there: ReadBackTests.
            if (item.Type.Kind is not (ItemKind.Record or ItemKind.Boolean) && item.Type.ToString() != "<c32")
            {
                JsonArray values = EveryKind.Values(item);
                Assert.That(
                    python.Read(path, FieldNames.Escape(name))["values"]!.ToJsonString(),
                    Is.EqualTo(new JsonArray([.. values.Concat(values).Select(value => value?.DeepClone())]).ToJsonString()),
                    $"{item}");
            }
        }
    }

    [Test]
    public async Task Files_are_rotated_and_those_of_earlier_runs_stay()
    {
        using PacketFile file = LargeHeaps(10);
        string folder = Named("rotated");
        string[] arguments = ["recv", "--file", file.Path, Folder, folder, "--format", "arrow", "--rotate-size", "200000", "--json"];

        JsonElement first = Saved(await InProcess.RunAsync(arguments));
        JsonElement second = Saved(await InProcess.RunAsync(arguments));

        // 60,000 bytes each, so that the fourth is the last.
        Assert.That(first.GetProperty("files").GetInt64(), Is.EqualTo(3));
        Assert.That(second.GetProperty("heaps").GetInt64(), Is.EqualTo(10));
        Assert.That(
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(),
            Is.EqualTo(Enumerable.Range(1, 6).Select(i => $"heaps-000{i}.arrows")));
        Assert.That(
            Enumerable.Range(1, 6).Select(i => CntsIn($"{folder}/heaps-000{i}.arrows").Count), Is.EqualTo(new[] { 4, 4, 2, 4, 4, 2 }));
    }

    [Test]
    public async Task New_descriptor_begins_further_files()
    {
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(0x1001, "a", "", new(2), ItemType.FromNumPy("<u2")));
        item.SetElements<ushort>([1, 2]);
        HeapGenerator generator = new(items, default);
        List<byte[]> packets = Encode(generator, 1);
        items.Add(ItemDescriptor.FromNumPy(0x1001, "a", "", new(1), ItemType.FromNumPy("<u2"))).SetElements<ushort>([3]);
        packets.AddRange(Encode(generator, 2));
        using PacketFile file = PacketFile.OfBytes([.. packets]);
        string folder = Named("described");

        Saved(await InProcess.RunAsync("recv", "--file", file.Path, Folder, folder, "--json"));

        using ItemGroup read = [];
        Assert.That(Npy(read, $"{folder}/heaps-0001/a.npy").Shape, Is.EqualTo(new ItemShape(1, 2)));
        Assert.That(Npy(read, $"{folder}/heaps-0002/a.npy").Shape, Is.EqualTo(new ItemShape(1, 1)));
    }

    [TestCase("npy")]
    [TestCase("npz")]
    [TestCase("arrow")]
    public async Task Interrupt_leaves_whole_files(string format)
    {
        const int heaps = 50;
        const long bytes = heaps * Large * sizeof(ushort);
        string folder = Named($"interrupted-{format}");
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            Folder, folder, "--format", format, "--json");
        using (receiver)
        {
            using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            foreach (byte[] packet in LargePackets(heaps))
            {
                sender.SendTo(packet, new IPEndPoint(IPAddress.Loopback, port));
            }

            Testing.Engines.Poll.Until(() => Directory.Exists(folder) && BytesIn(folder) >= bytes, "saved all");
            receiver.Interrupt();
            CommandResult result = await receiver.WaitAsync();

            Assert.That(Saved(result).GetProperty("heaps").GetInt64(), Is.EqualTo(heaps));
            Assert.That(CountIn(folder, format, isRead: true), Is.EqualTo(heaps));
        }
    }

    [TestCase("npy")]
    [TestCase("npz")]
    [TestCase("arrow")]
    [TestCase("hdf5")]
    [TestCase("hdf5", Category = "Formats")]
    public async Task Full_disk_is_told_and_counted(string format)
    {
        const int heaps = 200;
        InstalledTree.Require("unshare", "mount");
        using PacketFile file = LargeHeaps(heaps);
        bool isRead = TestContext.CurrentContext.Test.Properties["Category"].Contains("Formats");
        string name = $"full-{format}-{isRead}";
        string mount = Directory.CreateDirectory(Named($"{name}.mount")).FullName;
        string copy = Named(name);
        string script = $"mount -t tmpfs -o size=10m none '{mount}' && \"$@\"; status=$?; cp -r '{mount}/.' '{copy}'; exit $status";
        using CommandProcess receiver = CommandProcess.StartUnder(
            ["unshare", "-m", "sh", "-c", script, "sh"], "recv", "--file", file.Path, Folder, mount, "--format", format, "--json");

        CommandResult result = await receiver.WaitAsync();
        if (result.Error.Contains("mount:", StringComparison.Ordinal))
        {
            Assert.Ignore("A file system in memory cannot be mounted here.");
        }

        JsonElement saved = Saved(result, exitCode: 1);
        long count = saved.GetProperty("heaps").GetInt64();
        Assert.That(result.Error, Does.Contain("cannot be written: ").And.Match("[Nn]o space left").And.Contain($"{count} heaps are saved, "));
        Assert.That(count, Is.InRange(20, 180));
        Assert.That(saved.GetProperty("lost").GetInt64(), Is.Positive);
        Assert.That(CountIn(copy, format, isRead), Is.EqualTo(isRead || format != "hdf5" ? count : -1));
    }

    [Test]
    [Category("Formats")]
    public async Task Slow_disk_is_told_and_counted()
    {
        const int heaps = 400;
        InstalledTree.Require("strace");
        string folder = Named("slow");
        using CommandProcess receiver = CommandProcess.StartUnder(
            ["strace", "--follow-forks", "--quiet=all", "--output=/dev/null", "--trace=pwrite64", "--inject=pwrite64:delay_enter=10000"],
            "recv", "--udp", "127.0.0.1:0", "--buffer-size", "300000", "--ring-heaps", "2", "--timeout", "3", Folder, folder, "--json");
        int port = receiver.AwaitPort();
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        foreach (byte[] packet in LargePackets(heaps))
        {
            sender.SendTo(packet, new IPEndPoint(IPAddress.Loopback, port));
        }

        CommandResult result = await receiver.WaitAsync();

        JsonElement saved = Saved(result);
        Assert.That(result.Error, Does.Contain("the disk is too slow: writing took "));
        Assert.That(saved.GetProperty("heaps").GetInt64() + saved.GetProperty("undescribed").GetInt64(), Is.LessThan(heaps));
        Assert.That(saved.GetProperty("lost").GetInt64(), Is.Zero);
        Assert.That(result.Heaps, Has.Length.EqualTo(saved.GetProperty("heaps").GetInt64()), "every heap that was taken is saved");
    }

    [Test]
    public async Task What_has_no_descriptor_is_told()
    {
        using PacketFile file = PacketFile.OfBytes([.. PacketFile.Encode(1, new byte[100])]);
        string folder = Named("undescribed");

        CommandResult result = await InProcess.RunAsync("recv", "--file", file.Path, Folder, folder);

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Output, Does.Contain($"Saved 0 heaps in '{folder}': 0 files, "));
        Assert.That(result.Error, Does.Contain("1 items are not saved, as they had no descriptor yet; --preset describes"));
    }

    [Test]
    public async Task Folder_that_is_a_file_is_refused()
    {
        File.WriteAllText(Named("file"), "mine");

        CommandResult result = await InProcess.RunAsync("recv", "--udp", "0", Folder, Named("file"));

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("cannot be written: "));
    }

    [TestCase("--format", "npy")]
    [TestCase("--rotate-size", "5")]
    [TestCase("--rotate-time", "5")]
    public async Task Option_of_saving_alone_is_refused(string option, string value)
    {
        CommandResult result = await InProcess.RunAsync("recv", "--udp", "0", option, value);

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain($"{option} goes with --save only."));
    }

    [Test]
    public async Task Format_that_there_is_not_is_refused()
    {
        CommandResult result = await InProcess.RunAsync("recv", "--udp", "0", Folder, Named("x"), "--format", "csv");

        Assert.That(result.Error, Does.Contain("--format must be one of npy, npz, arrow, hdf5, not 'csv'."));
    }

    private static async Task SaveAsync(ItemGroup items, string folder, string format)
    {
        HeapGenerator generator = new(items, default);
        List<byte[]> packets = Encode(generator, 1);
        foreach (Item item in items)
        {
            item.SetBytes(item.RawBytes.ToArray());
        }

        packets.AddRange(Encode(generator, 2));
        using PacketFile file = PacketFile.OfBytes([.. packets]);

        JsonElement saved = Saved(await InProcess.RunAsync("recv", "--file", file.Path, Folder, folder, "--format", format, "--json"));

        Assert.That(
            (saved.GetProperty("heaps").GetInt64(), saved.GetProperty("lost").GetInt64(), saved.GetProperty("values_left_out").GetInt64()),
            Is.EqualTo((2, 0, 0)));
    }

    private static JsonElement Saved(CommandResult result, int exitCode = 0)
    {
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), result.Error);
        string line = result.Lines.Single(line => line.StartsWith("{\"saved\":", StringComparison.Ordinal));
        return JsonDocument.Parse(line).RootElement.GetProperty("saved");
    }

    private static void AssertTwice(Item actual, Item expected)
    {
        JsonArray once = EveryKind.Values(expected);
        Assert.That(
            EveryKind.Values(actual).ToJsonString(),
            Is.EqualTo(new JsonArray([.. once.Concat(once).Select(value => value?.DeepClone())]).ToJsonString()),
            $"{expected}");
    }

    /// <summary>Heaps in the files, which are whole; -1 if nothing here reads them.</summary>
    private static long BytesIn(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static long CountIn(string folder, string format, bool isRead)
    {
        switch (format)
        {
            case "npz":
                string[] files = Directory.GetFiles($"{folder}/heaps-0001");
                foreach (string path in files)
                {
                    using ItemGroup read = [];
                    using FileStream file = File.OpenRead(path);
                    Assert.That(read.AddNpz(file), Has.Count.EqualTo(2));
                }

                return files.Length;
            case "npy":
                using (ItemGroup read = [])
                {
                    long rows = Npy(read, $"{folder}/heaps-0001/a.npy").Shape[0];
                    Assert.That(Npy(read, $"{folder}/heaps-0001/heap_cnt.npy").Shape[0], Is.EqualTo(rows));
                    return rows;
                }

            case "arrow":
                return CntsIn($"{folder}/heaps-0001.arrows").Count;
            default:
                if (!isRead)
                {
                    return -1;
                }

                using (PythonReader python = new())
                {
                    long rows = python.Read($"{folder}/heaps-0001.h5", "a")["shape"]![0]!.GetValue<long>();
                    Assert.That(python.Read($"{folder}/heaps-0001.h5", "heap_cnt")["shape"]![0]!.GetValue<long>(), Is.EqualTo(rows));
                    return rows;
                }
        }
    }

    private static List<int> CntsIn(string path)
    {
        List<int> cnts = [];
        using ArrowStreamReader reader = new(File.OpenRead(path));
        while (reader.ReadNextRecordBatch() is { } batch)
        {
            cnts.Add((int)((UInt64Array)batch.Column(0)).GetValue(0)!.Value);
            batch.Dispose();
        }

        return cnts;
    }

    private static Item Npy(ItemGroup items, string path)
    {
        using FileStream file = File.OpenRead(path);
        return items.AddNpy("x", file);
    }

    private static PacketFile LargeHeaps(int count) => PacketFile.OfBytes([.. LargePackets(count)]);

    private static List<byte[]> LargePackets(int count)
    {
        using ItemGroup items = [];
        Item item = items.Add(ItemDescriptor.FromNumPy(0x1001, "a", "", new(Large), ItemType.FromNumPy("<u2")));
        HeapGenerator generator = new(items, default);
        List<byte[]> packets = [];
        for (int i = 1; i <= count; i++)
        {
            item.SetElements<ushort>([.. Enumerable.Range(i, Large).Select(n => (ushort)n)]);
            packets.AddRange(Encode(generator, (ulong)i));
        }

        return packets;
    }

    private static List<byte[]> Encode(HeapGenerator generator, ulong cnt)
    {
        PacketEncoder encoder = new(default, maxPacketSize: 9000);
        encoder.Begin(generator.Next(), cnt);
        List<byte[]> packets = [];
        byte[] buffer = new byte[encoder.MaxPacketSize];
        while (!encoder.IsFinished)
        {
            packets.Add(buffer[..encoder.Write(buffer)]);
        }

        return packets;
    }
}
