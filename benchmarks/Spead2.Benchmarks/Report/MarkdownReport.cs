// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using static Spead2.Benchmarks.Report.MarkdownTable;

namespace Spead2.Benchmarks.Report;

/// <summary>All results on one page, with plots beside it.</summary>
internal sealed class MarkdownReport
{
    private const double Million = 1e6;
    private const double NanosecondsPerSecond = 1e9;
    private const double Kibi = 1 << 10;
    private const int PlotHeap = 1 << 20;
    private const int PlotPayload = 8 << 10;

    private static readonly string[] Methods = ["memcpy", "native", "managed"];
    private static readonly string[] MethodNames = ["memcpy", "C core and facade", "managed port"];

    private readonly string _raw;
    private readonly string _folder;
    private readonly string _name = $"{Machine.FileName}-{DateTime.UtcNow:yyyy-MM-dd}";
    private readonly StringBuilder _text = new();

    private MarkdownReport(string raw, string folder)
    {
        _raw = raw;
        _folder = folder;
    }

    /// <summary>Writes the page and the plots.</summary>
    /// <param name="raw">Where the JSON lines of the parts are.</param>
    /// <param name="folder">Where they go.</param>
    /// <returns>The page's file.</returns>
    public static string Write(string raw, string folder)
    {
        Directory.CreateDirectory(folder);
        MarkdownReport report = new(raw, folder);
        report.AddAll();
        string file = Path.Combine(folder, report._name + ".md");
        File.WriteAllText(file, report._text.ToString());
        return file;
    }

    private void AddAll()
    {
        Add($"# Benchmarks of {DateTime.UtcNow:yyyy-MM-dd}, {Machine.Processor}");
        string[] quick = [.. Parts.Names.Where(part => Parts.WasQuick(_raw, part))];
        Add("Made by `./build.sh bench`. The text beside these numbers is in [docs/benchmarks.md](../../docs/benchmarks.md).");
        if (quick.Length > 0)
        {
            Add($"**A quick run**, with fewer repetitions (`--quick`): {string.Join(", ", quick)}.");
        }

        Add(Table(["", ""], Machine.Facts.Select(fact => new[] { fact.Name, fact.Value })));
        AddTargets([.. Targets.Of(part => Parts.ResultsOf(_raw, part))]);
        AddPart("assemble", "Receiving from memory, C core", "bench_assemble --pool", AddAssemble);
        AddPart("engines", "Engine by engine", "Spead2.Benchmarks assemble", AddEngines);
        AddPart("interop", "The .NET facade next to the C program", "bench_assemble and Spead2.Benchmarks assemble in turns", AddInterop);
        AddPart("facade", "What a heap costs in .NET", "Spead2.Benchmarks facade", AddFacade);
        AddPart("api", "The AOT library beside the C core, from C", "bench_api, Spead2.Benchmarks start and assemble in turns", AddApi);
        AddPart("items", "A heap into an item group", "Spead2.Benchmarks items", AddDotNet);
        AddPart("codecs", "Values from the wire into memory", "Spead2.Benchmarks codecs", AddDotNet);
        AddPart("copy", "Ways of copying, heaps out of cache", "bench_assemble --rotate 512M", AddCopy);
        AddPart("ring", "From the receiving thread to the consumer, C core", "bench_ring", AddRing);
        AddPart("pool", "Page faults while heaps are kept, C core", "bench_pool", AddPool);
        AddPart("udp", "UDP over loopback, C core", "bench_udp", AddUdp);
        AddPart("udp-engines", "UDP over loopback, engine by engine", "Spead2.Benchmarks udp", AddUdpEngines);
    }

    private void AddTargets(Target[] targets)
    {
        Add("## Targets");
        Add("Median, and the smallest and largest; the median decides. Where two things are compared, they ran in turns, and "
            + "the ratio is that of neighbours.");
        Add(Table(
            ["", "target", "measured", "met"],
            targets.Select(target => new[]
            {
                target.What,
                target.Limit,
                Number(target.Measured),
                target.Holds ? "yes" : "**no**",
            })));
    }

    private void AddPart(string part, string title, string command, Action<IReadOnlyList<Row>> add)
    {
        IReadOnlyList<Row> rows = Parts.ResultsOf(_raw, part);
        if (rows.Count > 0)
        {
            Add($"## {title}");
            Add($"`{command}`");
            add(rows);
        }
    }

    private void AddAssemble(IReadOnlyList<Row> rows)
    {
        Add("Nanoseconds per packet; median of the runs, and the smallest and largest. The overhead is what the whole "
            + "receive path takes longer than a plain copy of the same packets.");
        Add(Table(
            ["heap", "packet payload", "memcpy", "receive", "overhead", "overhead, %", "default memory / pool"],
            rows.GroupBy(Shape).Select(shape => new[]
            {
                Bytes(shape.Key.Heap),
                Bytes(shape.Key.Payload),
                Number(Extremes(shape.Where(row => row.Is("method", "memcpy")), "ns_per_packet")),
                Number(Extremes(shape.Where(row => row.Is("method", "receive")), "ns_per_packet")),
                Number(Extremes(shape, "overhead_ns_per_packet")),
                Number(Extremes(shape, "overhead_percent")),
                Number(Extremes(shape, "default_over_pool")),
            })));
    }

    private void AddEngines(IReadOnlyList<Row> rows)
    {
        Add("GB/s of payload from memory to heaps that are read in batches and disposed, all in .NET: median of the "
            + "medians of several processes, and the smallest and largest. memcpy is the plain copy of the same packets by the "
            + "C library, to as many heaps. In the plots, lines join the medians, and bars go from the smallest to the largest.");
        Add(Table(
            ["heap", "packet payload", .. MethodNames, "managed / C core"],
            rows.GroupBy(Shape).OrderBy(shape => shape.Key).Select(shape =>
            {
                Spread[] rates =
                    [.. Methods.Select(method => Rate(shape.Where(row => row.Is("method", method))))];
                return (string[])
                [
                    Bytes(shape.Key.Heap),
                    Bytes(shape.Key.Payload),
                    .. rates.Select(Number),
                    Number(rates[2].Median / rates[1].Median),
                ];
            })));
        AddChart(
            "packets",
            "Heaps of 1 MiB, by packet size",
            "payload per packet",
            "payload received, GB/s",
            Bytes,
            Lines(rows.Where(row => row.Is("heap", PlotHeap)), "payload", Rate));
        AddChart(
            "heaps",
            "Packets with 8 KiB of payload, by heap size",
            "heap size",
            "payload received, GB/s",
            Bytes,
            Lines(rows.Where(row => row.Is("payload", PlotPayload)), "heap", Rate));
    }

    private void AddInterop(IReadOnlyList<Row> rows)
    {
        double[] c = [.. rows.Where(row => row.Is("method", "receive")).Select(row => row.Number("ns_per_packet"))];
        double[] facade = [.. rows.Where(row => row.Is("method", "native")).Select(row => row.Number("ns_per_packet"))];
        Add($"Heaps of 1 MiB, packets with 8 KiB of payload, nanoseconds per packet; {c.Length} processes of each in turns: "
            + "median, and the smallest and largest. The ratio is that of neighbours.");
        Add(Table(
            ["C program", "facade over the same core", "facade / C"],
            [[
                Number(Spread.Extremes(c)),
                Number(Spread.Extremes(facade)),
                Number(Targets.Ratio(facade, c)),
            ]]));
    }

    private void AddFacade(IReadOnlyList<Row> rows)
    {
        Add("Heaps of one packet of 1 KiB from a buffer: nanoseconds per heap, the engine's work included; median, and "
            + "the smallest and largest iteration.");
        Add(Table(
            ["method", "ring slots", "native, ns per heap", "managed, ns per heap", "native, million heaps/s",
             "allocated per heap, native", "managed"],
            rows.GroupBy(row => (Method: row.Text("method"), Ring: row.Text("RingHeaps"))).Select(group =>
            {
                Row native = group.Single(row => row.Is("Engine", "native"));
                Row managed = group.Single(row => row.Is("Engine", "managed"));
                return new[]
                {
                    $"`{group.Key.Method}`",
                    group.Key.Ring,
                    Number(Time(native)),
                    Number(Time(managed)),
                    Number(NanosecondsPerSecond / native.Number("ns") / Million),
                    $"{native.Text("allocated_bytes")} B",
                    $"{managed.Text("allocated_bytes")} B",
                };
            })));
    }

    private void AddApi(IReadOnlyList<Row> rows)
    {
        string[] libraries = ["core", "aot", "managed"];
        Add("Both libraries are loaded by the same C program, in fresh processes in turns; beside them the managed port in "
            + "a .NET program, compiled as it runs. Median of the processes, and the smallest and largest. Sizes are without the "
            + ".NET runtime, which the AOT library has inside.");
        string[] Line(string what, string field, Func<Row, bool> isMeant, double unit = 1) =>
        [
            what,
            .. libraries.Select(library => rows.Where(row => row.Is("method", library) && row.Has(field) && isMeant(row)))
                .Select(own => own.Any() ? Number(Spread.Extremes(own.Select(row => row.Number(field) / unit))) : "–"),
        ];
        bool IsRate(Row row, int payload) => row.Is("heap", PlotHeap) && row.Is("payload", payload);
        string[] Call(string name) => Line($"`{name}`, ns", "ns", row => row.Is("call", name));
        Add(Table(
            ["", "C core", "AOT library", "managed port"],
            [
                Line("size, KiB", "size", _ => true, Kibi),
                Line("loading, µs", "load_us", _ => true),
                Line("first call, µs", "first_call_us", _ => true),
                Line("first heap, from a new pool to its release, µs", "first_heap_us", _ => true),
                Call("sp2_version_number"),
                Call("sp2_receive_stream_get_stop_on_stop_item"),
                Call("sp2_heap_get_info"),
                Line("heaps of 1 MiB, packets of 1 KiB, GB/s", "gb_per_s", row => IsRate(row, 1 << 10)),
                Line("heaps of 1 MiB, packets of 8 KiB, GB/s", "gb_per_s", row => IsRate(row, 8 << 10)),
                Line("heaps of one packet of 1 KiB from a buffer, ns per heap", "ns", row => row.Is("reader", "buffer")),
            ]));
    }

    private void AddDotNet(IReadOnlyList<Row> rows)
    {
        bool hasRate = rows.Any(row => row.Has("gb_per_s"));
        Add("Nanoseconds per operation: median, and the smallest and largest iteration."
            + (hasRate ? " GB/s are those of the result, 1 MiB." : ""));
        Add(Table(
            ["benchmark", "ns", .. hasRate ? ["GB/s"] : Array.Empty<string>(), "allocated"],
            rows.Select(row => (string[])
            [
                $"`{row.Text("method")}`",
                Number(Time(row)),
                .. hasRate ? [Number(row.Number("gb_per_s"))] : Array.Empty<string>(),
                $"{row.Text("allocated_bytes")} B",
            ])));
    }

    private void AddCopy(IReadOnlyList<Row> rows)
    {
        string[] methods = ["memcpy", "plain", "nontemporal", "auto"];
        Add("GB/s of payload: median, and the smallest and largest repetition. The consumer keeps 512 MiB of heaps and "
            + "does not read them.");
        Add(Table(
            ["heap", "packet payload", .. methods],
            rows.GroupBy(Shape).Select(shape => (string[])
            [
                Bytes(shape.Key.Heap),
                Bytes(shape.Key.Payload),
                .. methods.Select(method =>
                {
                    Row row = shape.Single(row => row.Is("method", method));
                    double payload = row.Number("payload");
                    return Number(new Spread(
                        row.Number("gb_per_s"), payload / row.Number("max"), payload / row.Number("min")));
                }),
            ])));
    }

    private void AddRing(IReadOnlyList<Row> rows)
    {
        Add("Heaps of one packet of 1 KiB; median of the rounds, and the smallest and largest.");
        Add(Table(
            ["ring slots", "consumer", "million heaps/s"],
            rows.Where(row => row.Is("bench", "ring")).Select(row => new[]
            {
                row.Text("ring_heaps"),
                row.Text("consumer"),
                Number(new Spread(
                    row.Number("heaps_per_second") / Million, row.Number("min") / Million, row.Number("max") / Million)),
            })));
        Add(Table(
            ["heaps/s", "consumer", "latency, ns", "cost for the producer, ns"],
            rows.Where(row => row.Is("bench", "latency")).Select(row => new[]
            {
                row.Text("rate"),
                row.Text("consumer"),
                Number(new Spread(row.Number("latency_ns"), row.Number("latency_min"), row.Number("latency_max"))),
                Number(new Spread(row.Number("cost_ns"), row.Number("cost_min"), row.Number("cost_max"))),
            })));
    }

    private void AddPool(IReadOnlyList<Row> rows)
    {
        Add("Minor page faults of the process in each phase of 1,000 heaps of 1 MiB.");
        string[] phases = [.. rows.Select(row => row.Text("phase")).Distinct()];
        Add(Table(
            ["memory", .. phases],
            rows.GroupBy(row => row.Text("memory")).Select(memory => (string[])
            [
                memory.Key,
                .. phases.Select(phase => memory.Single(row => row.Is("phase", phase)).Number("minor_faults")
                    .ToString("N0", CultureInfo.InvariantCulture)),
            ])));
    }

    private void AddUdp(IReadOnlyList<Row> rows)
    {
        Add("Heaps of 1 MiB, socket buffer of 64 MiB; the rate rises until packets are lost or the sender is the limit. "
            + "Loopback carries messages of up to 64 KiB in one piece: these are rates of sockets, not of a network card.");
        Add(Table(
            ["packet payload", "rate, Gb/s", "sent, Gb/s", "runs without loss", "packets lost", "processor time, s/GB",
             "packets per batch"],
            rows.Where(row => row.Is("mode", "rising")).Select(row => new[]
            {
                Bytes(row.Number("payload")),
                row.Text("rate_gbps"),
                Number(row.Number("sender_gbps")) + (row.Is("sender_is_the_limit", "true") ? " (the sender is the limit)" : ""),
                $"{row.Text("loss_free")} of {row.Text("runs")}",
                row.Text("lost_packets"),
                Number(row.Number("user_s_per_gb") + row.Number("system_s_per_gb")),
                row.Text("packets_per_batch"),
            })));
    }

    private void AddUdpEngines(IReadOnlyList<Row> rows)
    {
        Add("Heaps of 1 MiB, default socket buffer, engines in turns. Processor time is that of the receiving thread: "
            + "median of the runs, and the smallest and largest. A sender in .NET on a processor of its own; the consumer "
            + "shares both.");
        Add(Table(
            ["packet payload", "rate, Gb/s", "engine", "sent, Gb/s", "runs without loss", "packets lost",
             "processor time, s/GB"],
            rows.Select(row => new[]
            {
                Bytes(row.Number("payload")),
                row.Text("rate_gbps"),
                row.Text("method"),
                Number(row.Number("sent_gbps")),
                $"{row.Text("loss_free")} of {row.Text("runs")}",
                $"{row.Text("lost_packets")} of {row.Number("packets").ToString("N0", CultureInfo.InvariantCulture)}",
                Number(CpuTime(row)),
            })));
        AddChart(
            "udp",
            "UDP over loopback, packets with 8 KiB of payload",
            "rate, Gb/s",
            "processor time of the receiving thread, s/GB",
            rate => rate.ToString("0.##", CultureInfo.InvariantCulture),
            Lines(rows.Where(row => row.Is("payload", PlotPayload)), "rate_gbps", rows => CpuTime(rows.Single())));
    }

    /// <summary>A chart of medians, with bars from the smallest to the largest.</summary>
    private void AddChart(
        string name, string title, string xLabel, string yLabel, Func<double, string> xText, List<ChartSeries> lines)
    {
        string file = $"{_name}-{name}.svg";
        LineChart.Save(Path.Combine(_folder, file), title, xLabel, yLabel, xText, lines);
        Add($"![{title}: {yLabel}; medians, and bars from the smallest to the largest]({file})");
    }

    private void Add(string paragraph) => _text.AppendLine(paragraph.TrimEnd()).AppendLine();

    private static List<ChartSeries> Lines(IEnumerable<Row> rows, string x, Func<IEnumerable<Row>, Spread> y)
    {
        Row[] all = [.. rows];
        return
        [
            .. Methods.Index().Where(method => all.Any(row => row.Is("method", method.Item))).Select(method => new ChartSeries(
                MethodNames[method.Index],
                method.Index,
                [.. all.Where(row => row.Is("method", method.Item)).GroupBy(row => row.Number(x)).OrderBy(group => group.Key)
                    .Select(group => (group.Key, y(group)))])),
        ];
    }

    private static (double Heap, double Payload) Shape(Row row) => (row.Number("heap"), row.Number("payload"));

    private static Spread Rate(IEnumerable<Row> rows) => Extremes(rows, "gb_per_s");

    private static Spread Time(Row row) => new(row.Number("ns"), row.Number("min"), row.Number("max"));

    private static Spread CpuTime(Row row) => new(row.Number("cpu_s_per_gb"), row.Number("min"), row.Number("max"));

    private static Spread Extremes(IEnumerable<Row> rows, string field) =>
        Spread.Extremes(rows.Where(row => row.Has(field)).Select(row => row.Number(field)));
}
