// SPDX-License-Identifier: MIT

// Receives the beam of an SKA-Low station and plots the power of its channels over time:
//   ska-low-waterfall PORT SECONDS FILE.png
using System.Diagnostics;
using System.Globalization;
using SkaLowWaterfall;
using Spead2.Receive;

if (args is not [string portText, string secondsText, string file]
    || !int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out int port)
    || !double.TryParse(secondsText, CultureInfo.InvariantCulture, out double seconds))
{
    Console.Error.WriteLine("usage: ska-low-waterfall PORT SECONDS FILE.png");
    return 2;
}

// One packet is one heap, so many of them wait between two looks of the consumer.
using ReceiveStream stream = new(new ReceiveStreamOptions { MaxHeaps = 4, RingHeaps = 8192 });
using PacketSource source = stream.Add(new UdpSourceOptions { Port = port, Dialect = Dialect.SkaLowSps });
Console.Error.WriteLine($"Listening on UDP {source.LocalEndPoint!.Address} port {source.Port}.");
using Timer stop = new(_ => stream.Stop(), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stream.Stop();
};

Waterfall waterfall = new();
long first = 0;
long last = 0;
await foreach (Heap heap in stream.ReadAllAsync())
{
    using (heap)
    {
        last = Stopwatch.GetTimestamp();
        first = first == 0 ? last : first;
        waterfall.Add(heap);
    }
}

double time = Math.Max(Stopwatch.GetElapsedTime(first, last).TotalSeconds, 1e-3);
double rate = waterfall.Packets / time;
StreamStatistics statistics = stream.Statistics;
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"{waterfall.Packets} packets of {waterfall.Moments} moments in {time:0.00} s: {rate:0} packets/s, "
    + $"{rate / Waterfall.StationRate:0.000} of the {Waterfall.StationRate} of a station"));
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"missing: {waterfall.Missing} packets; refused: {statistics.Malformed + statistics.SizeMismatch}"));
if (waterfall.Packets > 0)
{
    waterfall.Save(file);
    Console.WriteLine($"wrote {file}");
}

return waterfall.Packets > 0 ? 0 : 1;
