// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Send;
using Spead2.Testing.Vectors;
using Spead2.Tools.Items;

namespace Spead2.Tools.Tests;

/// <summary>`recv --items` and `send --items`: values instead of bytes.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class ItemsTests(string engine)
{
    private static readonly ItemDescriptor Wrong =
        ItemDescriptor.FromFormat(0x1001, "wrong", "", new ItemShape(4), new FormatField('u', 32));

    [TestCaseSource(typeof(ItemVector), nameof(ItemVector.All))]
    public async Task Json_has_the_values_of_the_vector(ItemVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using PacketFile file = PacketFile.OfDatagrams(vector.Packets);

        CommandResult result = await RunAsync(
            "recv", "--packets", file.Path, "--json", "--items", "--bug-compat", $"{(int)vector.BugCompat}");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        JsonElement heap = JsonDocument.Parse(result.Heaps.Single()).RootElement;
        int errors = vector.Refused is null ? 0 : 1;
        Assert.That(
            result.Lines[^2], Is.EqualTo($$$"""{"items":{"interpreted":{{{1 - errors}}},"errors":{{{errors}}}}}"""));
        Assert.That(heap.TryGetProperty("failed", out JsonElement failed), Is.EqualTo(errors == 1));
        if (vector.Refused is ExpectedValue refused)
        {
            Assert.That(failed[0].GetProperty("name").GetString(), Is.EqualTo(refused.Name));
            Assert.That(failed[0].GetProperty("reason").GetString(), Does.Contain(refused.Value));
        }

        Assert.That(
            heap.GetProperty("values").EnumerateObject().Select(Summary),
            Is.EquivalentTo(vector.Items.Where(item => item.Value.Length > 0).Select(Summary)));
    }

    [TestCase("16", 1)]
    [TestCase("40", 3)]
    [TestCase("48", 0)]
    public async Task Receiver_gets_the_items_of_a_sender(string flavour, int descriptorEvery)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartReceiverAsync(
            "--engine", engine, "--bind", "127.0.0.1", "--json", "--items", "--verify", "--expect", "10", "--timeout", "20");
        using (receiver)
        {
            CommandResult sent = await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--heaps", "10", "--items", "--descriptor-every",
                $"{descriptorEvery}", "--flavour", flavour, "--packet-size", "300", "--rate", "0.1");
            CommandResult received = await receiver.WaitAsync();

            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(received.ExitCode, Is.Zero, received.Output + received.Error);
            Assert.That(received.Lines[^3], Is.EqualTo("""{"content":{"right":10,"wrong":0}}"""));
            Assert.That(received.Lines[^2], Is.EqualTo("""{"items":{"interpreted":10,"errors":0}}"""));
            Assert.That(
                received.Heaps.Select(heap => heap.Contains("\"id\":5,", StringComparison.Ordinal)),
                Is.EqualTo(Enumerable.Range(0, 10)
                    .Select(i => descriptorEvery == 0 ? i == 0 : i % descriptorEvery == 0)));
        }
    }

    [Test]
    public async Task Heap_with_what_is_no_descriptor_is_not_fully_interpreted([Values] bool isVerbose)
    {
        HeapToSend heap = new();
        heap.AddDescriptor("no packet"u8.ToArray());
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(heap, 1, new Flavour(48)));

        CommandResult result = await RunAsync(
            ["recv", "--packets", file.Path, "--json", "--items", .. isVerbose ? (string[])["--verbose"] : []]);

        Assert.That(result.Lines[^2], Is.EqualTo("""{"items":{"interpreted":0,"errors":1}}"""));
        Assert.That(result.Error, isVerbose ? Does.Contain("9 bytes of a descriptor are no packet") : Is.Empty);
    }

    [Test]
    public async Task Json_has_each_kind_of_value_in_its_own_way()
    {
        using PacketFile file = SentItems(cnt: 7);

        CommandResult result = await RunAsync("recv", "--packets", file.Path, "--json", "--items");

        JsonElement values = JsonDocument.Parse(result.Heaps.Single()).RootElement.GetProperty("values");
        string[] expected =
        [
            "spectrum 4096 [64] <f4 [7,7.25,7.5,", "samples 4097 [4,16] >i2 [49,52,55,", "adc 4098 [100] bits:u12 [7,48,89,",
            "gains 4099 [8] <c8 [[0,-7],[1,-7],", "flags 4100 [37] bits:b1 [false,false,true,",
            """label 4101 [6] |S1 ["heap 7"]""",
            "target 4102 [] [('ra', '<f8'), ('dec', '<f8'), ('priority', '<u2')] [[3.5,-7,7]]",
            "count 4103 [] >u2 [7]",
        ];
        string[] actual = [.. values.EnumerateObject().Select(item => string.Join(
            ' ', item.Name, item.Value.GetProperty("id"), item.Value.GetProperty("shape"),
            item.Value.GetProperty("type").GetString(), item.Value.GetProperty("values")))];
        Assert.That(actual.Zip(expected, (a, e) => a[..Math.Min(a.Length, e.Length)]), Is.EqualTo(expected));
    }

    [Test]
    public async Task Table_has_the_values_and_a_chart()
    {
        using PacketFile file = SentItems(cnt: 7);

        CommandResult result = await RunAsync("recv", "--packets", file.Path, "--items");

        Assert.That(
            result.Output,
            Does.Match(@"│ spectrum │ \(64,\) +│ <f4 .*│ 7 7\.25 7\.5 7\.75 … +│ ▁[▁-█]+█ 7 … 22\.75 ")
                .And.Match(@"│ label +│ \(6,\) .*│ 'heap 7' ")
                .And.Match(@"│ gains .*│ 0-7i 1-7i ")
                .And.Match(@"heaps interpreted +│ +1 "));
    }

    [Test]
    public async Task Value_that_breaks_a_rule_is_reported_and_the_others_are_shown()
    {
        var other = ItemDescriptor.FromFormat(0x1002, "other", "", ItemShape.Scalar, new FormatField('u', 16));
        var broken = new HeapToSend();
        broken.AddDescriptor(Wrong.Encode(default));
        broken.AddDescriptor(other.Encode(default));
        broken.AddItem(Wrong.Id, Enumerable.Range(1, 15).Select(i => (byte)i).ToArray(), allowImmediate: false);
        broken.AddItem(other.Id, new byte[] { 0, 77 }, allowImmediate: false);
        var good = new HeapToSend();
        good.AddItem(Wrong.Id, new byte[16], allowImmediate: false);
        using PacketFile file = PacketFile.OfDatagrams([.. PacketFile.Encode(broken, 1), .. PacketFile.Encode(good, 2)]);

        CommandResult json = await RunAsync("recv", "--packets", file.Path, "--items", "--json");
        CommandResult table = await RunAsync("recv", "--packets", file.Path, "--items");

        Assert.That(json.ExitCode, Is.Zero);
        Assert.That(json.Heaps[0], Does.Contain("\"values\":{\"other\":").And.Contain("\"values\":[77]"));
        Assert.That(
            json.Heaps[0],
            Does.EndWith("""
                "failed":[{"id":4097,"name":"wrong","reason":"Its 15 bytes have 3 elements of 32 bits, but the shape (4,) needs 4.","bytes":"0102030405060708090a0b0c0d0e0f"}]}
                """));
        Assert.That(json.Heaps[1], Does.Contain("\"values\":[0,0,0,0]").And.Not.Contain("\"failed\""));
        Assert.That(json.Lines[^2], Is.EqualTo("""{"items":{"interpreted":1,"errors":1}}"""));
        Assert.That(
            table.Output,
            Does.Match("│ other .*│ 77 ").And.Match("│ wrong .*│ Its 15 bytes have")
                .And.Match(@"heaps not fully interpreted +│ +1 "));
    }

    [Test]
    public async Task One_item_does_not_take_the_others_with_it()
    {
        string file = Path.Combine(RepositoryFiles.Root, "tests", "cases", "items", "one-longdouble-item.spead");

        CommandResult result = await RunAsync("recv", "--file", file, "--items", "--json");

        Assert.That(result.Heaps, Has.Length.EqualTo(2));
        Assert.That(
            result.Heaps,
            Is.All.Contains("""
                "a":{"id":4096,"shape":[2],"type":"<i4","values":[1,2]}
                """).And.All.Contains("""
                "c":{"id":4098,"shape":[2],"type":"<f4","values":[3,4]}
                """));
    }

    [Test]
    public async Task Preset_names_the_items_of_a_stream_without_descriptors()
    {
        var heap = new HeapToSend();
        heap.AddImmediate(0x1600, 8192);
        heap.AddImmediate(0x4101, 3);
        heap.AddImmediate(0x4103, 64);
        heap.AddItem(0x4300, new byte[] { 1, 0xff, 2, 0xfe, 3, 0xfd, 4, 0xfc }, allowImmediate: false);
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(heap, 1, new Flavour(48)));

        CommandResult json = await RunAsync("recv", "--packets", file.Path, "--preset", "fengine:channel=2", "--json");
        CommandResult table = await RunAsync("recv", "--packets", file.Path, "--preset", "fengine");
        CommandResult wrong = await RunAsync("recv", "--packets", file.Path, "--preset", "fpga");

        Assert.That(
            json.Heaps.Single(),
            Does.Contain("""
                "feng_raw":{"id":17152,"shape":[2,1,2,2],"type":"|i1","values":[1,-1,2,-2,3,-3,4,-4]}
                """).And.Contain("""
                "timestamp":{"id":5632,"shape":[],"type":"bits:u48","values":[8192]}
                """).And.Contain("\"feng_id\"").And.Contain("\"frequency\""));
        Assert.That(table.Output, Does.Match(@"│ feng_raw +│ \(2, 2, 2\) │ \|i1 .*│ 1 -1 2 -2 …"));
        Assert.That(wrong.ExitCode, Is.Not.Zero);
        Assert.That(wrong.Error, Does.Contain("digitiser, fengine, xengine, ska-low-sps"));
    }

    [Test]
    public async Task Descriptor_of_an_unknown_type_is_reported_with_the_bytes_of_its_values()
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(WithType(Wrong.Encode(default), 'q'));
        heap.AddItem(Wrong.Id, new byte[] { 1, 2, 3 }, allowImmediate: false);
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(heap, 1));

        CommandResult json = await RunAsync("recv", "--packets", file.Path, "--items", "--json");
        CommandResult table = await RunAsync("recv", "--packets", file.Path, "--items");

        Assert.That(json.Heaps[0], Does.Contain("\"values\":{}").And.Contain("\"bytes\":\"010203\""));
        Assert.That(table.Output, Does.Match("│ wrong │ .*│ unknown │ .*The format has"));
    }

    [Test]
    public async Task Wrong_value_is_noticed()
    {
        using PacketFile right = SentItems(cnt: 7);
        using PacketFile wrong = SentItems(cnt: 7, valuesOf: 8);

        CommandResult good = await RunAsync("recv", "--packets", right.Path, "--items", "--verify");
        CommandResult bad = await RunAsync("recv", "--packets", wrong.Path, "--items", "--verify");

        Assert.That(good.ExitCode, Is.Zero, good.Output);
        Assert.That(bad.ExitCode, Is.EqualTo(1));
    }

    [TestCase(double.NaN, "\"NaN\"")]
    [TestCase(double.NegativeInfinity, "\"-Infinity\"")]
    [TestCase(0.1, "0.1")]
    public async Task Numbers_that_json_does_not_have_are_strings(double value, string expected)
    {
        using var group = new ItemGroup();
        var descriptor = ItemDescriptor.FromNumPy(0x1000, "x", "", ItemShape.Scalar, ItemType.FromNumPy("<f8"));
        group.Add(descriptor).SetValue(value);
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(new HeapGenerator(group, default).Next(), 1));

        CommandResult result = await RunAsync("recv", "--packets", file.Path, "--items", "--json");

        Assert.That(result.Heaps.Single(), Does.Contain($"\"values\":[{expected}]"));
    }

    [TestCase("<f2", "003e", "[1.5]", "1.5")]
    [TestCase("<f2", "007c", "[\"Infinity\"]", "Infinity")]
    [TestCase("<c16", "000000000000f03f00000000000000c0", "[[1,-2]]", "1-2i")]
    [TestCase("[('a', '<u1', (2,)), ('b', '<u1')]", "010203", "[[[1,2],3]]", "")]
    [TestCase("c8", "61", "[\"a\"]", "a")]
    [TestCase("b1", "80", "[true]", "true")]
    [TestCase("u72", "010000000000000000", "[18446744073709551616]", "18446744073709551616")]
    [TestCase("i72", "ffffffffffffffffff", "[-1]", "-1")]
    public async Task Value_of_each_type_is_written(string type, string bytes, string json, string text)
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(Scalar(type).Encode(default));
        heap.AddItem(0x1000, Convert.FromHexString(bytes), allowImmediate: false);
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(heap, 1));

        CommandResult lines = await RunAsync("recv", "--packets", file.Path, "--items", "--json");
        CommandResult table = await RunAsync("recv", "--packets", file.Path, "--items");

        Assert.That(lines.Heaps.Single(), Does.Contain($"\"values\":{json}"));
        Assert.That(table.Output, Does.Match($"│ x +│.*│ .*{text}"));
    }

    // The descriptor with another letter in its format.
    private static byte[] WithType(byte[] descriptor, char letter)
    {
        descriptor[descriptor.AsSpan().LastIndexOf((byte)'u')] = (byte)letter;
        return descriptor;
    }

    // A NumPy type, or a letter and a number of bits.
    private static ItemDescriptor Scalar(string type) => int.TryParse(type.AsSpan(1), out int bits)
        ? ItemDescriptor.FromFormat(0x1000, "x", "", ItemShape.Scalar, new FormatField(type[0], bits))
        : ItemDescriptor.FromNumPy(0x1000, "x", "", ItemShape.Scalar, ItemType.FromNumPy(type));

    private Task<CommandResult> RunAsync(params string[] arguments) =>
        InProcess.RunAsync([.. arguments, "--engine", engine]);

    private static PacketFile SentItems(ulong cnt, ulong? valuesOf = null)
    {
        using var group = new ItemGroup();
        foreach (ContentItem content in ItemContent.All)
        {
            group.Add(content.Descriptor).SetValue(content.Value(valuesOf ?? cnt));
        }

        return PacketFile.OfDatagrams(PacketFile.Encode(new HeapGenerator(group, default).Next(), cnt));
    }

    /// <summary>An item of the JSON without the structure of its value, to be compared with one in words.</summary>
    private static string Summary(JsonProperty item) => Flat(
        $"{item.Value.GetProperty("id")} {item.Name} {item.Value.GetProperty("type").GetString()} "
        + $"{item.Value.GetProperty("shape")}",
        item.Value.GetProperty("values").ToString());

    private static string Summary(ExpectedValue item) =>
        Flat($"{item.Id} {item.Name} {item.Type} {item.Shape}", item.Value);

    private static string Flat(string what, string value) =>
        string.Concat($"{what} = {value}".Where(c => !"[](){},'\"<>; ".Contains(c, StringComparison.Ordinal)))
            .ToUpperInvariant();
}
