// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Managed;

namespace Spead2.Benchmarks.Assemble;

/// <summary>
/// What does receiving cost over the copy of the payload, and how do the two engines compare? The counterpart of
/// native/bench/bench_assemble.c: the same shapes, methods in turns within one run, medians as JSON lines.
/// </summary>
internal static class AssembleBenchmark
{
    private const int ConsumerCpu = 0;
    private const int WorkerCpu = 1;
    private const int WarmUps = 200;
    private const int DefaultRepeats = 101;

    /// <summary>Runs all shapes; the argument is the number of repetitions.</summary>
    public static void Run(string[] arguments)
    {
        int repeats = arguments.Length == 0 ? DefaultRepeats : int.Parse(arguments[0], CultureInfo.InvariantCulture);
        bool bind = Environment.ProcessorCount > WorkerCpu;
        AssembleEngine[] engines =
            [AssembleEngine.Native(bind ? WorkerCpu : null), AssembleEngine.Managed(bind ? WorkerCpu : null)];
        foreach (int heapSize in (int[])[64 << 10, 1 << 20])
        {
            foreach (int payloadSize in (int[])[1 << 10, 8 << 10])
            {
                Measure(new AssembleShape(heapSize, payloadSize), engines, repeats, bind);
            }
        }
    }

    private static void Measure(AssembleShape shape, AssembleEngine[] engines, int repeats, bool bind)
    {
        List<double> copies = [];
        List<double>[] results = [.. engines.Select(_ => new List<double>())];
        for (int repeat = -WarmUps; repeat < repeats; repeat++)
        {
            Bind(bind, WorkerCpu);
            double copy = shape.Copy();
            Bind(bind, ConsumerCpu);
            double[] received = [.. engines.Select(shape.Receive)];
            if (repeat >= 0)
            {
                copies.Add(copy);
                Array.ForEach([.. Enumerable.Range(0, engines.Length)], i => results[i].Add(received[i]));
            }
        }

        Print(shape, "memcpy", copies);
        for (int i = 0; i < engines.Length; i++)
        {
            Print(shape, engines[i].Name, results[i]);
        }

        double[] ratios = [.. Enumerable.Range(0, repeats).Select(r => results[0][r] / results[1][r])];
        Console.WriteLine(
            $"{{\"bench\":\"assemble\",\"heap\":{shape.HeapSize},\"payload\":{shape.PayloadSize}," +
            Invariant($"\"managed_throughput_of_native_percent\":{Median(ratios) * 100:F1}}}"));
    }

    private static void Bind(bool bind, int cpu)
    {
        if (bind)
        {
            ManagedIoThreadPool.BindCallingThread(cpu);
        }
    }

    private static void Print(AssembleShape shape, string method, List<double> nanoseconds) => Console.WriteLine(
        Invariant(
            $"{{\"bench\":\"assemble\",\"method\":\"{method}\",\"heap\":{shape.HeapSize},\"payload\":{shape.PayloadSize},") +
        Invariant(
            $"\"packets\":{shape.Packets},\"repeats\":{nanoseconds.Count},\"ns_per_packet\":{Median(nanoseconds):F2},") +
        Invariant(
            $"\"min\":{nanoseconds.Min():F2},\"max\":{nanoseconds.Max():F2},\"gb_per_s\":{shape.PayloadSize / Median(nanoseconds):F2}}}"));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
