// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks.Report;

/// <summary>Targets of the .NET parts, compared with the results.</summary>
internal static class Targets
{
    private const int LargeHeap = 1 << 20;
    private const int SmallPacket = 1 << 10;
    private const int LargePacket = 8 << 10;
    private const double LeastPercentOfSmallPackets = 60;
    private const double LeastPercentOfLargePackets = 85;
    private const double MostBytesPerHeap = 150;

    // What threads of the runtime allocate meanwhile, spread over the packets.
    private const double NoBytesPerPacket = 0.05;
    private const double MostForBatch = 300;
    private const double MostForEnumeration = 500;
    private const double MostPercentOfC = 102;
    private const double Percent = 100;

    /// <summary>Those of the parts that have been run.</summary>
    public static IEnumerable<Target> Of(Func<string, IReadOnlyList<Row>> resultsOf)
    {
        IReadOnlyList<Row> engines = resultsOf("engines");
        IReadOnlyList<Row> facade = resultsOf("facade");
        IReadOnlyList<Row> interop = resultsOf("interop");
        return
        [
            .. engines.Count > 0 ? OfEngines(engines) : [],
            .. facade.Count > 0 ? OfFacade(facade) : [],
            .. interop.Count > 0 ? OfInterop(interop) : [],
        ];
    }

    /// <summary>By how much two methods differ, each with its neighbour: the first divided by the second.</summary>
    public static Spread Ratio(IEnumerable<double> first, IEnumerable<double> second) =>
        Spread.Extremes(first.Zip(second, (a, b) => a / b));

    private static IEnumerable<Target> OfEngines(IReadOnlyList<Row> rows)
    {
        Row[] large = [.. rows.Where(row => row.Is("heap", LargeHeap))];
        yield return Target.AtLeast(
            "throughput of the managed port, % of the C core's: heaps of 1 MiB, packets of 1 KiB",
            LeastPercentOfSmallPackets,
            EnginePercent(large, SmallPacket));
        yield return Target.AtLeast(
            "the same, packets of 8 KiB", LeastPercentOfLargePackets, EnginePercent(large, LargePacket));

        foreach (string engine in (string[])["native", "managed"])
        {
            Row[] own = [.. large.Where(row => row.Is("method", engine)).OrderBy(row => row.Number("payload"))];
            double few = own[^1].Number("payload");
            double many = own[0].Number("payload");
            Spread mostPackets = Bytes(own.Where(row => row.Is("payload", many)));
            double perPacket = (mostPackets.Median - Bytes(own.Where(row => row.Is("payload", few))).Median)
                / ((LargeHeap / many) - (LargeHeap / few));
            yield return Target.AtMost(
                $"bytes that .NET allocates for a heap of {MarkdownTable.Number(LargeHeap / many)} packets, {Name(engine)}",
                MostBytesPerHeap,
                mostPackets);
            yield return new Target(
                $"bytes that .NET allocates for a packet, {Name(engine)}",
                "none",
                new Spread(perPacket, perPacket, perPacket),
                perPacket < NoBytesPerPacket);
        }
    }

    private static IEnumerable<Target> OfFacade(IReadOnlyList<Row> rows)
    {
        foreach ((string method, double limit) in
            ((string, double)[])[("TryReadBatch", MostForBatch), ("ReadAllAsync", MostForEnumeration)])
        {
            foreach (Row row in rows.Where(row => row.Is("Engine", "native") && row.Is("method", method)))
            {
                yield return Target.AtMost(
                    $"ns for a heap of one packet of 1 KiB, facade over the C core, `{method}`, {row.Text("RingHeaps")} slots",
                    limit,
                    new Spread(row.Number("ns"), row.Number("min"), row.Number("max")));
            }
        }
    }

    private static IEnumerable<Target> OfInterop(IReadOnlyList<Row> rows)
    {
        yield return Target.AtMost(
            "time of the facade over the C core, % of the C program's: heaps of 1 MiB, packets of 8 KiB",
            MostPercentOfC,
            InPercent(Ratio(Times(rows, "native"), Times(rows, "receive"))));
    }

    private static string Name(string engine) => engine == "native" ? "facade over the C core" : "managed port";

    private static IEnumerable<double> Times(IEnumerable<Row> rows, string method) =>
        rows.Where(row => row.Is("method", method)).Select(row => row.Number("ns_per_packet"));

    private static Spread EnginePercent(IEnumerable<Row> rows, int payload)
    {
        Row[] packets = [.. rows.Where(row => row.Is("payload", payload))];
        return InPercent(Ratio(Times(packets, "native"), Times(packets, "managed")));
    }

    private static Spread InPercent(Spread ratio) =>
        new(ratio.Median * Percent, ratio.Least * Percent, ratio.Most * Percent);

    private static Spread Bytes(IEnumerable<Row> rows) =>
        Spread.Extremes(rows.Select(row => row.Number("allocated_per_heap")));
}
