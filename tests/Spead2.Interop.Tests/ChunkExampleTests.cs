// SPDX-License-Identifier: MIT

using System.Numerics.Tensors;
using System.Reflection;
using Spead2.Chunks;

namespace Spead2.Interop.Tests;

/// <summary>The example of docs/chunks.md: it stands here word by word, is compiled with the tests, and runs.</summary>
public sealed class ChunkExampleTests
{
    private const int HeapBytes = 128 * 256 * 4;
    private const long Step = 256 * 2 * 4096;

    [Test]
    public async Task Example_prints_each_chunk()
    {
        using StringWriter output = new();
        await Example(output);

        Assert.That(
            output.ToString().ReplaceLineEndings("\n"),
            Is.EqualTo("chunk 0: 64 heaps of shape 16 x 4 x 128 x 256 x 2 x 2\nchunk 1: 4 heaps of shape 16 x 4 x 128 x 256 x 2 x 2\n"));
    }

    [Test]
    public void Example_is_the_one_of_the_page()
    {
        string root = typeof(ChunkExampleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;
        string[] page = Lines(File.ReadAllText(Path.Combine(root, "docs", "chunks.md")).Split("```csharp")[1].Split("```")[0]);
        string[] copy = Lines(
            File.ReadAllText(Path.Combine(root, "tests", "Spead2.Interop.Tests", "ChunkExampleTests.cs"))
                .Split("// Example begins")[^1].Split("// Example ends")[0]);

        Assert.That(
            copy.Select(line => line.Replace("AddHeaps(stream);", page.Single(of => of.StartsWith("stream.Add(", StringComparison.Ordinal)), StringComparison.Ordinal)),
            Is.EqualTo(page));
    }

    // What the page calls Console is a parameter here.
#pragma warning disable IDE1006
    private static async Task Example(TextWriter Console)
#pragma warning restore IDE1006
    {
        // Example begins
        ChunkLayout layout = ChunkLayout.Of(
            StreamPreset.FEngine.With("channel", 128).With("sample", 256),
            heapsPerChunk: 16,
            step: 256 * 2 * 4096,
            new ChunkAxis { Count = 4 });
        using ChunkStream stream = new(ChunkGroupOptions.For(layout), new ChunkOptions { Layout = layout });
        AddHeaps(stream);
        await foreach (Chunk chunk in stream.ReadAllAsync())
        {
            using (chunk)
            {
                chunk.FillMissing<sbyte>(0);
                ReadOnlyTensorSpan<sbyte> cube = chunk.AsTensorSpan<sbyte>();
                Console.WriteLine($"chunk {chunk.Id}: {chunk.PresentCount} heaps of shape {string.Join(" x ", cube.Lengths.ToArray())}");
            }
        }

        // Example ends
    }

    /// <summary>The heaps of four antennas for one chunk, and a time more.</summary>
    private static void AddHeaps(ChunkStream stream) => stream.Add(ChunkHeap.Source(
        from time in Enumerable.Range(160, 17)
        from antenna in Enumerable.Range(0, 4)
        select ChunkHeap.Packet(
            (ulong)((time * 4) + antenna), HeapBytes, 0, new byte[HeapBytes],
            ChunkHeap.Item(0x1600, (ulong)(time * Step)), ChunkHeap.Item(0x4101, (ulong)antenna))));

    private static string[] Lines(string text) =>
        [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length != 0)];
}
