// SPDX-License-Identifier: MIT
using System.Globalization;
using Spead2.Testing.Vectors;

namespace Spead2.Aot.Tests;

/// <summary>The C core and the AOT library find in descriptors what the C# reader finds.</summary>
[TestFixture("core")]
[TestFixture("aot")]
internal sealed class DescriptorTests(string library)
{
    private const int Cases = 2000;

    // SP2_DESCRIPTOR_BROKEN.
    private const int Broken = 1;

    private CHost _host = null!;

    [OneTimeSetUp]
    public void Compile_host() => _host = CHost.Compile(
        "tests/Spead2.Aot.Tests/Hosts/descriptor_lines.c",
        library == "core" ? RepositoryFiles.NativeLibrary : RepositoryFiles.AotLibrary);

    [Test]
    public void Random_and_mutated_descriptors_are_read_alike()
    {
        int seed = int.TryParse(
            Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Random.Shared.Next();
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={seed}");
        var random = new Random(seed);
        DescriptorCase[] cases =
        [
            .. Enumerable.Range(0, Cases).Select(_ => DescriptorCase.Random(random.Next())).Where(all => all.Items.Count > 0),
        ];

        string[] actual = Run(cases.Select(one => (one.BugCompat, one.Packet())));

        string[] expected = [.. cases.Select(one => one.Lines())];
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.That(actual[i], Is.EqualTo(expected[i]), $"case {i}: {cases[i]}");
        }

        int[] flags = [.. expected.SelectMany(FlagsOf)];
        int broken = flags.Count(flag => (flag & Broken) != 0);
        int notAscii = flags.Count(flag => (flag & ~Broken) != 0);
        TestContext.Out.WriteLine($"{flags.Length} descriptors, {broken} broken, {notAscii} not ASCII");
        Assert.That(broken, Is.GreaterThan(Cases / 100), "some are broken");
        Assert.That(notAscii, Is.GreaterThan(Cases / 100), "some are not ASCII");
        Assert.That(flags.Count(flag => flag == 0), Is.GreaterThan(Cases / 2), "most are neither");
    }

    [TestCaseSource(typeof(ItemVector), nameof(ItemVector.All))]
    public void Descriptors_of_the_vectors_are_read(ItemVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);

        string lines = Run([(vector.BugCompat, vector.Packets.SelectMany(packet => packet).ToArray())]).Single();

        // What is refused has no description in the vector.
        IEnumerable<string> expected =
        [
            .. vector.Items.Select(item => $"{item.Id} {Hex(item.Name)} {Hex(item.Description)} "),
            .. vector.Refused is { } refused ? [$"{refused.Id} {Hex(refused.Name)} "] : Array.Empty<string>(),
        ];
        string[] descriptors = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        Assert.That(
            descriptors.Zip(expected, (line, begin) => line[..Math.Min(line.Length, begin.Length)]),
            Is.EqualTo(expected));
        Assert.That(descriptors, Has.Length.EqualTo(expected.Count()));
    }

    private static string Hex(string ascii) => Convert.ToHexStringLower([.. ascii.Select(c => (byte)c)]);

    // The last number of each line but the first.
    private static IEnumerable<int> FlagsOf(string lines) => lines
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Skip(1)
        .Select(line => int.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture));

    // The lines of each case.
    private string[] Run(IEnumerable<(BugCompat BugCompat, byte[] Packets)> cases)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"descriptors-{library}");
        using (var writer = new BinaryWriter(File.Create(path)))
        {
            foreach ((BugCompat bugCompat, byte[] packets) in cases)
            {
                writer.Write((int)bugCompat);
                writer.Write(packets.Length);
                writer.Write(packets);
            }
        }

        (int exitCode, string output, string errors) = _host.Run(path);
        Assert.That(exitCode, Is.Zero, errors);
        return [.. output.Split("case ")[1..].Select(lines => $"case {lines}")];
    }
}
