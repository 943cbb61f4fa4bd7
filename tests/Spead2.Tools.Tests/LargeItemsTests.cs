// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using Spead2.Send;

namespace Spead2.Tools.Tests;

/// <summary>
/// Items that would take hundreds of times their bytes as objects, or that are one element of many bytes: what is shown
/// is right, and memory stays bounded.
/// </summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class LargeItemsTests(string engine)
{
    private const int Id = 0x1000;
    private const int LargePacket = 60000;

    // One element of so many bytes takes many parts, and the last one is not full.
    private const int WideBytes = 100_004;

    private static readonly ItemDescriptor Records = ItemDescriptor.FromFormat(
        Id, "x", "", ItemShape.Vector, new FormatField('b', 1), new FormatField('u', 1));

    private static readonly byte[] Wide = [.. Enumerable.Range(0, WideBytes).Select(i => (byte)(1 + (i % 251)))];

    private static readonly string WideText = string.Concat(
        Enumerable.Range(0, WideBytes / 4).Select(i => char.ConvertFromUtf32(0x20 + (i % 0xd000 * 3 % 0xd000))));

    private static readonly string WideAscii =
        string.Concat(Enumerable.Range(0, WideBytes).Select(i => (char)(' ' + (i % 95))));

    private static IEnumerable<TestCaseData> WideElements =>
    [
        Case(NumPy($"|S{WideBytes}"), Wide, Encoding.Latin1.GetString(Wide)),
        Case(NumPy($"|V{WideBytes}"), Wide, Convert.ToHexStringLower(Wide)),
        Case(NumPy($"<U{WideBytes / 4}"), Encoding.UTF32.GetBytes(WideText), WideText),
        Case(NumPy($">U{WideBytes / 4}"), new UTF32Encoding(true, false).GetBytes(WideText), WideText),
        Case(Format(ItemShape.Vector, 'c', 8), Encoding.ASCII.GetBytes(WideAscii), WideAscii),
        Case(Format(ItemShape.Scalar, 'u', 8 * WideBytes), Wide, "0x" + Convert.ToHexStringLower(Wide)),
    ];

    [TestCase("--json")]
    [TestCase("--summary")]
    [TestCase("--incomplete")]
    public async Task Memory_for_small_records_is_bounded(string option)
    {
        // As objects these records take a hundred times what the process may have.
        const int bytes = 4 << 20;
        const string limit = "4000000"; // 64 MiB, in hexadecimal digits
        using PacketFile file = Sent(Records, new byte[bytes]);

        CommandResult result = await CommandProcess.RunWithAsync(
            "DOTNET_GCHeapHardLimit", limit,
            "recv", "--packets", file.Path, "--items", "--verify", option, "--engine", engine);

        Assert.That(result.Error, Is.Empty);
        Assert.That(result.ExitCode, Is.EqualTo(1), "the content is not what is sent");
        if (option == "--json")
        {
            const int recordsOfByte = 4;
            Assert.That(result.Output, Has.Length.GreaterThan(recordsOfByte * bytes * "[false,0],".Length));
        }
        else
        {
            Assert.That(result.Output, Does.Match("heaps interpreted +│ +1 "));
        }
    }

    [Test]
    public async Task Records_of_several_parts_are_those_of_the_bits()
    {
        using PacketFile file = Sent(Records, Wide);

        JsonElement values = await ValuesAsync(file);

        Assert.That(
            values.EnumerateArray().Select(record => (record[0].GetBoolean() ? 2 : 0) + record[1].GetInt32()),
            Is.EqualTo(Wide.SelectMany(b => new[] { b >> 6, (b >> 4) & 3, (b >> 2) & 3, b & 3 })));
    }

    [Test]
    public async Task Elements_in_fortran_order_are_shown_in_row_major_order()
    {
        int[] expected = [.. Enumerable.Range(0, 40 * 30 * 20)];
        using var group = new ItemGroup();
        ItemType type = ItemType.FromNumPy("<i4");
        group.Add(ItemDescriptor.FromNumPy(Id, "x", "", new ItemShape(40, 30, 20), type, isFortranOrder: true))
            .SetValue(expected);
        using PacketFile file = PacketFile.OfDatagrams(
            PacketFile.Encode(new HeapGenerator(group, default).Next(), 1, maxPacketSize: LargePacket));

        JsonElement values = await ValuesAsync(file);
        CommandResult table = await ReceiveAsync(file);

        Assert.That(values.EnumerateArray().Select(value => value.GetInt32()), Is.EqualTo(expected));
        Assert.That(table.Output, Does.Contain(" 0 1 2 3 … ").And.Contain("▁▁▂▂▃▃▄▄▅▅▆▆▇▇██ 0 … 2.4E+04"));
    }

    [TestCaseSource(nameof(WideElements))]
    public async Task Element_of_many_bytes_is_written_in_parts_that_fit_together(
        ItemDescriptor descriptor, byte[] bytes, string expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        using PacketFile file = Sent(descriptor, bytes);

        JsonElement values = await ValuesAsync(file);
        CommandResult table = await ReceiveAsync(file);

        Assert.That(values.EnumerateArray().Single().GetString(), Is.EqualTo(expected));
        Assert.That(table.Output, Does.Match(@"heaps interpreted +│ +1 ").And.Match("│ ('|0x).*… "));
    }

    [TestCase("<f8", "1e308 NaN 1e308 -1e308 Infinity -1e308", "██▁▁ -1E+308 … 1E+308")]
    [TestCase("<f8", "NaN 1", "")]
    [TestCase("<u1", "0 255", "▁█ 0 … 255")]
    [TestCase("<i2", "-2 -2", "▁▁ -2 … -2")]
    public async Task Chart_is_of_the_finite_numbers(string type, string numbers, string expected)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        string[] texts = numbers.Split(' ');
        Array values = type is ['<', 'f', ..]
            ? Array.ConvertAll(texts, text => double.Parse(text, null))
            : Array.ConvertAll(texts, text => int.Parse(text, null));
        using var group = new ItemGroup();
        group.Add(ItemDescriptor.FromNumPy(Id, "x", "", new ItemShape(values.Length), ItemType.FromNumPy(type)))
            .SetValue(values);
        using PacketFile file = PacketFile.OfDatagrams(
            PacketFile.Encode(new HeapGenerator(group, default).Next(), 1));

        CommandResult table = await ReceiveAsync(file);

        string row = table.Lines.Single(line => line.StartsWith("│ x ", StringComparison.Ordinal));
        Assert.That(row.Split('│')[^2].Trim(), Is.EqualTo(expected));
    }

    private static TestCaseData Case(ItemDescriptor descriptor, byte[] bytes, string expected) =>
        new TestCaseData(descriptor, bytes, expected).SetArgDisplayNames(descriptor.Type.ToString());

    private static ItemDescriptor NumPy(string type) =>
        ItemDescriptor.FromNumPy(Id, "x", "", ItemShape.Scalar, ItemType.FromNumPy(type));

    private static ItemDescriptor Format(ItemShape shape, char code, int bits) =>
        ItemDescriptor.FromFormat(Id, "x", "", shape, new FormatField(code, bits));

    private static PacketFile Sent(ItemDescriptor descriptor, byte[] bytes)
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(descriptor.Encode(default));
        heap.AddItem(descriptor.Id, bytes, allowImmediate: false);
        return PacketFile.OfDatagrams(PacketFile.Encode(heap, 1, maxPacketSize: LargePacket));
    }

    private Task<CommandResult> ReceiveAsync(PacketFile file, params string[] arguments) =>
        InProcess.RunAsync(["recv", "--packets", file.Path, "--items", "--engine", engine, .. arguments]);

    private async Task<JsonElement> ValuesAsync(PacketFile file)
    {
        CommandResult result = await ReceiveAsync(file, "--json");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        return JsonDocument.Parse(result.Heaps.Single()).RootElement
            .GetProperty("values").GetProperty("x").GetProperty("values");
    }
}
