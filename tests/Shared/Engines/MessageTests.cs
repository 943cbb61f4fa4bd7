// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Spead2.Receive;

namespace Spead2.Testing.Engines;

/// <summary>What an engine says to users of .NET names what they write in C#.</summary>
public sealed partial class MessageTests
{
    private static readonly UdpSourceOptions[] RefusedSources =
    [
        new() { BindHost = "no-such-host.invalid" },
        new() { BindHost = "ff02::1" },
        new() { Group = "no-such-host.invalid" },
        new() { Group = "10.1.2.3" },
        new() { Group = "10.1.2.3", InterfaceAddress = "127.0.0.1" },
        new() { Group = "239.1.2.3", InterfaceAddress = "no-such-host.invalid" },
        new() { Group = "239.1.2.3", InterfaceAddress = "::1" },
        new() { Group = "ff12::1", InterfaceAddress = "127.0.0.1" },
        new() { Group = "ff02::1" },
        new() { Group = "2001:db8::1", InterfaceIndex = 1 },
        new() { Group = "ff12::1", InterfaceIndex = 100_000 },
    ];

    [TestCaseSource(nameof(RefusedSources))]
    public void Refused_source_is_explained_in_names_of_dotnet(UdpSourceOptions options)
    {
        using ReceiveStream stream = new();

        AssertSpeaksDotNet(Assert.Catch<Spead2Exception>(() => stream.Add(options)).Message);
    }

    [Test]
    public void Host_that_is_refused_is_called_by_its_option()
    {
        using ReceiveStream stream = new();

        Assert.That(
            () => stream.Add(new UdpSourceOptions { BindHost = "no-such-host.invalid" }),
            Throws.InstanceOf<Spead2Exception>().With.Message.StartsWith(
                "cannot resolve BindHost \"no-such-host.invalid\""));
    }

    [Test]
    public void Source_added_too_late_is_explained_in_names_of_dotnet()
    {
        using ReceiveStream stream = new(new ReceiveStreamOptions { ExplicitStart = true });
        stream.Start();

        string message = Assert.Catch<InvalidOperationException>(() => stream.AddDatagramReader([])).Message;
        AssertSpeaksDotNet(message);
        Assert.That(message, Does.Match(@"^The stream was made with ExplicitStart .* before Start\.?$"));
    }

    [Test]
    public void Messages_of_a_stream_name_options_of_dotnet()
    {
        RecordingLogger logger = new();
        ReceiveStreamOptions options = new() { RingHeaps = 1, LongPause = TimeSpan.FromTicks(1), MaxHeapSize = 1000, MaxUnsizedGap = 10 };
        using (ReceiveStream stream = new(options, logger))
        {
            PacketSource source = stream.Add(new UdpSourceOptions { BindHost = "127.0.0.1", MaxSize = 200 });
            using UdpSender sender = new(source.Port);
            ReadOnlyMemory<byte> unsized = Convert.FromHexString(
                "5304020600000003" + "8001000000000009" + "80030000000000ff" + "8004000000000004" + "61626364");
            ReadOnlyMemory<byte> tooLarge = Convert.FromHexString(
                "5304020600000004" + "8001000000000008" + "80020000000003e9" + "8003000000000000" + "8004000000000004" +
                "61626364");
            sender.Send([tooLarge, unsized, new byte[201], new byte[7]]);
            sender.Send(Packets.OfHeaps(20));
            Poll.Until(() => stream.Statistics.WorkerBlocked != 0, "the ring is full");
            Poll.Until(() => logger.Texts.Any(text => text.Contains("RingHeaps", StringComparison.Ordinal)), "a long pause is told");
            stream.Stop();
        }

        string all = string.Join('\n', logger.Texts);
        Assert.That(
            all, Does.Contain("RingHeaps").And.Contain("MaxHeapSize").And.Contain("MaxSize").And.Contain("MaxUnsizedGap"));
        Assert.Multiple(() =>
        {
            foreach (string text in logger.Texts)
            {
                AssertSpeaksDotNet(text);
            }
        });
    }

    [Test]
    public void Messages_of_a_memory_pool_name_parameters_of_dotnet()
    {
        RecordingLogger logger = new();
        using (MemoryPool pool = new(lower: 1, upper: 5000, maxFree: 1, initial: 0, logger: logger))
        using (ReceiveStream stream = new() { MemoryAllocator = pool })
        {
            stream.AddDatagramReader(Packets.OfHeap(1, 5000));
            stream.Read().Dispose();
        }

        string text = logger.Texts.Single();
        Assert.That(text, Does.Contain("lowWater"));
        AssertSpeaksDotNet(text);
    }

    [Test]
    public void No_text_of_the_assemblies_has_names_of_c()
    {
        Assembly[] assemblies = [typeof(Heap).Assembly, typeof(ReceiveStream).Assembly];

        // Types of records, which name items as senders do, are no messages.
        string[] texts = [.. assemblies.SelectMany(UserTexts)
            .Where(text => text.Contains(' ', StringComparison.Ordinal) && !text.StartsWith("[('", StringComparison.Ordinal))];

        Assert.That(texts, Is.Not.Empty);
        Assert.That(texts.Where(text => NameOfC().IsMatch(text)), Is.Empty);
    }

    private static void AssertSpeaksDotNet(string text) => Assert.That(text, Does.Not.Match(NameOfC().ToString()));

    private static IEnumerable<string> UserTexts(Assembly assembly)
    {
        using PEReader file = new(File.OpenRead(assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        UserStringHandle text = MetadataTokens.UserStringHandle(1);
        List<string> texts = [];
        while (!text.IsNil)
        {
            texts.Add(metadata.GetUserString(text));
            text = metadata.GetNextHandle(text);
        }

        return texts;
    }

    /// <summary>Functions, constants and fields of C; but sysctls have dots, and texts in quotation marks are users'.</summary>
    [GeneratedRegex(@"\bsp2_|\bSP2_|(?<![.\w])[a-z]+(_[a-z]+)+(?![\w(])|\bNULL\b")]
    private static partial Regex NameOfC();
}
