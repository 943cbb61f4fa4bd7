// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.RegularExpressions;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Interop.Tests;

/// <summary>The receive example of the README: it stands here word by word, is compiled with the tests, and run.</summary>
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
    public void Example_is_the_one_of_the_readme()
    {
        string root = typeof(ReadmeTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;
        Match example = ReadmeExample().Match(File.ReadAllText(Path.Combine(root, "README.md")));
        Match copy = CopiedExample().Match(
            File.ReadAllText(Path.Combine(root, "tests", "Spead2.Interop.Tests", "ReadmeTests.cs")));

        Assert.That(example.Success && copy.Success);
        Assert.That(
            Lines(copy).Select(line => line.Replace("port", "8888", StringComparison.Ordinal)),
            Is.EqualTo(Lines(example)));
    }

    // What the README calls Console is a parameter here.
#pragma warning disable IDE1006
    private static async Task Example(int port, TextWriter Console)
#pragma warning restore IDE1006
    {
        // README
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

    [GeneratedRegex("## Receive\n+```csharp\n(?:using [A-Za-z0-9.]+;\n)*(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ReadmeExample();

    [GeneratedRegex(@"// README\s*\n(?<code>.*?)// README", RegexOptions.Singleline)]
    private static partial Regex CopiedExample();
}
