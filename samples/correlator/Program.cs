// SPDX-License-Identifier: MIT

// Receives the voltages of antennas, each on a port, and plots the cross-power spectrum of each baseline:
//   correlator FILE.png PORT PORT...
using System.Globalization;
using System.Numerics;
using Correlator;
using Spead2;
using Spead2.Chunks;
using Spead2.Receive;

const int Times = 16;
const int Channels = 128;
const int Samples = 256;
if (args is not [string file, .. { Length: > 1 } ports] || !ports.All(port => ushort.TryParse(port, out _)))
{
    Console.Error.WriteLine("usage: correlator FILE.png PORT PORT...");
    return 2;
}

int antennas = ports.Length;
ChunkLayout layout = ChunkLayout.Of(
    StreamPreset.FEngine.With("channel", Channels).With("sample", Samples),
    Times, step: 2 * 4096 * Samples, new ChunkAxis { Count = antennas });
ChunkGroupOptions options = ChunkGroupOptions.For(layout);
(options.Members, options.MaxChunks, options.Eviction) = (antennas, 8, ChunkEviction.Lossless);
using ChunkGroup group = new(options);
foreach (string port in ports)
{
    PacketSource source = group.AddStream(new ChunkOptions { Layout = layout, MaxChunks = 2 })
        .Add(new UdpSourceOptions { Port = int.Parse(port, CultureInfo.InvariantCulture) });
    Console.Error.WriteLine($"Listening on UDP {source.LocalEndPoint!.Address} port {source.Port}.");
}

Baseline[] baselines = Baseline.Of(antennas, Channels);
List<long>[] missing = [.. ports.Select(_ => new List<long>())];
long times = 0;
await foreach (Chunk chunk in group.ReadAllAsync())
{
    using (chunk)
    {
        for (int heap = 0; heap < chunk.Present.Length; heap += antennas, times++)
        {
            int[] present = [.. Enumerable.Range(0, antennas).Where(antenna => chunk.Present[heap + antenna] != 0)];
            Enumerable.Range(0, antennas).Except(present).ToList().ForEach(antenna => missing[antenna].Add(times));
            foreach (Baseline pair in baselines.Where(pair => present.Contains(pair.First) && present.Contains(pair.Second)))
            {
                pair.Heaps++;
                for (int channel = 0; channel < Channels; channel++)
                {
                    pair.Sum[channel] += Product(Of(chunk, heap + pair.First, channel), Of(chunk, heap + pair.Second, channel));
                }
            }
        }
    }
}

foreach ((int antenna, List<long> gaps) in missing.Index())
{
    Console.WriteLine($"antenna {antenna}: {gaps.Count} of {times} heaps missing: {string.Join(' ', gaps)}");
}

Baseline.Save(file, baselines);
return 0;

// The voltages of one channel in a heap: two polarisations, real and imaginary parts of a byte.
static ReadOnlySpan<sbyte> Of(Chunk chunk, int heap, int channel) =>
    chunk.AsSpan<sbyte>().Slice(((heap * Channels) + channel) * Samples * 4, Samples * 4);

// The sum of the voltages of one antenna times the conjugates of the other's.
static Complex Product(ReadOnlySpan<sbyte> first, ReadOnlySpan<sbyte> second)
{
    Complex sum = Complex.Zero;
    for (int i = 0; i < first.Length; i += 2)
    {
        sum += new Complex(first[i], first[i + 1]) * new Complex(second[i], -second[i + 1]);
    }

    return sum;
}
