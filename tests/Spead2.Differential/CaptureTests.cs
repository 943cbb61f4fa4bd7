// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Differential;

/// <summary>
/// Captures that are damaged at random: the C core and the managed port take the same from them, and count the same.
/// </summary>
public sealed class CaptureTests
{
    private const int Damaged = 1500;
    private const int MostDamages = 4;
    private const int MostMoved = 64;

    // What depends on timing.
    private static readonly string[] NotCompared =
        [nameof(PacketSourceStatistics.Slices), nameof(PacketSourceStatistics.Blocked), nameof(PacketSourceStatistics.LastSender)];

    private static readonly byte[][] Captures =
    [
        .. Directory.GetFiles(Path.Combine(Root, "native/fuzz/corpus/captures")).Order(StringComparer.Ordinal)
            .Select(File.ReadAllBytes),
    ];

    // One for all streams: threads cost more than most captures.
    private static readonly IoThreadPool Threads = new();

    private static readonly uint[] Numbers = [0, 1, 4, 8, 0x7f, 0x80, 0xff, 0x100, 0x800, 0x7fff, 0x8000, 0xffff, 0x80000, 0xffffffff];

    private static string Root => typeof(CaptureTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    [Test]
    public void Engines_agree_on_captures()
    {
        foreach (byte[] capture in Captures)
        {
            AssertAgreed(capture, "as it is");
        }
    }

    [Test]
    public void Engines_agree_on_damaged_captures()
    {
        int first = Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : 1;
        TestContext.Out.WriteLine($"SPEAD2_TEST_SEED={first}");
        for (int seed = first; seed < first + Damaged; seed++)
        {
            AssertAgreed(Damage(new Random(seed)), $"SPEAD2_TEST_SEED={seed}");
        }
    }

    private static byte[] Damage(Random random)
    {
        List<byte> bytes = [.. Captures[random.Next(Captures.Length)]];
        for (int i = random.Next(1, MostDamages); i > 0 && bytes.Count > 0; i--)
        {
            int at = random.Next(bytes.Count);
            int length = random.Next(Math.Min(MostMoved, bytes.Count - at));
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    byte[] number = BitConverter.GetBytes(Numbers[random.Next(Numbers.Length)]);
                    for (int j = 0; j < number.Length && at + j < bytes.Count; j++)
                    {
                        bytes[at + j] = number[j];
                    }

                    break;
                case 3:
                    bytes.RemoveRange(at, length);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    private static void AssertAgreed(byte[] capture, string which)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, "damaged.pcap");
        File.WriteAllBytes(path, capture);
        using ReceiveStream core = new(new() { KeyedSearch = false }, NullLogger.Instance, Threads);
        using ManagedReceiveStream managed = new(new() { KeyedSearch = false }, NullLogger.Instance, Threads);
        Assert.That(Observe(managed, path), Is.EqualTo(Observe(core, path)), which);
    }

    /// <summary>All that comes of a capture: heaps, statistics, or why it is refused.</summary>
    private static string[] Observe(IReceiveStream stream, string path)
    {
        List<string> seen = [];
        PacketSource source;
        try
        {
            source = stream.Add(new PcapSourceOptions { Path = path, Outgoing = true });
        }
        catch (Spead2Exception exception)
        {
            return [$"{exception.Status}: {exception.Message}"];
        }

        while (stream.TryRead(out Heap? heap, Timeout.InfiniteTimeSpan))
        {
            using (heap)
            {
                seen.Add($"heap {heap.Cnt}: {Convert.ToHexString(heap.Payload.Span)}");
            }
        }

        PacketSourceStatistics own = source.Statistics;
        seen.AddRange(typeof(PacketSourceStatistics).GetProperties()
            .Where(property => !NotCompared.Contains(property.Name))
            .Select(property => $"{property.Name} {property.GetValue(own)}"));
        StreamStatistics all = stream.Statistics;
        seen.AddRange(
        [
            $"packets accepted {all.PacketsAccepted}", $"heaps {all.Heaps}", $"flushed {all.IncompleteHeapsFlushed}",
            $"batches {all.Batches}", $"duplicates {all.RejectedDuplicate}", $"lengths {all.RejectedLength}",
        ]);
        return [.. seen];
    }
}
