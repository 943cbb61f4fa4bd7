// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.RegularExpressions;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Interop.Tests;

/// <summary>The examples of the README: they stand here word by word, are compiled with the tests, and run.</summary>
public sealed partial class ReadmeTests
{
    [Test]
    public async Task Example_prints_typed_values()
    {
        int port = FreePort();
        using StringWriter output = new();
        // The socket is bound when the first wait begins.
        Task receiving = Example(port, output);
        Send(port);
        await receiving.WaitAsync(Poll.Deadline);

        Assert.That(
            output.ToString().ReplaceLineEndings("\n"),
            Is.EqualTo("gain (3, 2) = [[1, -2], [300, -400], [5000, -6000]]\nadc (4,) = [1023, 1, 682, 341]\n"));
    }

    [Test]
    public async Task Example_sends_typed_values()
    {
        using ReceiveStream receiver = new();
        PacketSource source = receiver.Add(new UdpSourceOptions { BindHost = "127.0.0.1" });
        using ItemGroup items = new();

        await SendExample(source.LocalEndPoint!.Port);

        for (short i = 1; i <= 3; i++)
        {
            Assert.That(receiver.TryRead(out Heap? heap, Poll.Deadline), Is.True);
            using (heap)
            {
                Assert.That(items.Update(heap!).Single().Name, Is.EqualTo("gain"));
                Assert.That(items["gain"].ToArray<short>(), Is.EqualTo(new[] { i, (short)-i }));
            }
        }
    }

    [Test]
    public void Example_is_the_one_of_the_readme([Values("Receive", "Send")] string section)
    {
        string root = typeof(ReadmeTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;
        Match example = ReadmeExamples().Matches(File.ReadAllText(Path.Combine(root, "README.md")))
            .Single(match => match.Groups["section"].Value == section);
        Match copy = CopiedExamples().Matches(
                File.ReadAllText(Path.Combine(root, "tests", "Spead2.Interop.Tests", "ReadmeTests.cs")))
            .Single(match => match.Groups["section"].Value == section);

        Assert.That(
            Lines(copy).Select(line => line.Replace("port", "8888", StringComparison.Ordinal)),
            Is.EqualTo(Lines(example)));
    }

    // What the README calls Console is a parameter here.
#pragma warning disable IDE1006
    private static async Task Example(int port, TextWriter Console)
#pragma warning restore IDE1006
    {
        // README Receive
        using var stream = new ReceiveStream();
        stream.Add(new UdpSourceOptions { Port = port });
        using var items = new ItemGroup();
        await foreach (Heap heap in stream.ReadAllAsync())
        {
            using (heap)
            {
                foreach (Item item in items.Update(heap))
                {
                    Console.WriteLine($"{item.Name} {item.Shape} = {item.Value}");
                }
            }
        }

        // README
    }

    private static async Task SendExample(int port)
    {
        // README Send
        using var stream = new SendStream();
        stream.Add(new UdpWriterOptions("127.0.0.1", port));
        using var items = new ItemGroup();
        Item gain = items.Add(ItemDescriptor.FromNumPy(0x1000, "gain", "per channel", new ItemShape(2), ItemType.FromNumPy("<i2")));
        var generator = new HeapGenerator(items, flavour: default);
        for (short i = 1; i <= 3; i++)
        {
            gain.SetValue(new short[] { i, (short)-i });
            SendResult result = await stream.SendAsync(generator.Next());
            result.ThrowIfFailed();
        }

        // README
    }

    private static void Send(int port)
    {
        using ItemGroup items = new();
        items.Add(ItemDescriptor.FromNumPy(
            items.AllocateId(), "gain", "per-channel gain", new ItemShape(3, 2), ItemType.FromNumPy("<i2")))
            .SetElements<short>([1, -2, 300, -400, 5000, -6000]);
        items.Add(ItemDescriptor.FromFormat(items.AllocateId(), "adc", "", new ItemShape(4), new FormatField('u', 10)))
            .SetValue(new ushort[] { 1023, 1, 682, 341 });
        PacketEncoder encoder = new(new Flavour(48));
        encoder.Begin(new HeapGenerator(items, new Flavour(48)).Next(), 1);
        List<ReadOnlyMemory<byte>> packets = [];
        while (!encoder.IsFinished)
        {
            byte[] packet = new byte[encoder.MaxPacketSize];
            packets.Add(packet.AsMemory(0, encoder.Write(packet)));
        }

        using UdpSender sender = new(port);
        sender.Send(packets);
        sender.Send(Packets.OfStop(2));
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static IEnumerable<string> Lines(Match match) =>
        match.Groups["code"].Value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(
        "## (?<section>Receive|Send)\n+```csharp\n(?:using [A-Za-z0-9.]+;\n)*(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ReadmeExamples();

    [GeneratedRegex(@"// README (?<section>\w+)\s*\n(?<code>.*?)// README\n", RegexOptions.Singleline)]
    private static partial Regex CopiedExamples();
}
