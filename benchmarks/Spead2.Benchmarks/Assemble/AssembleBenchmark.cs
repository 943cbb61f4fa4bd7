// SPDX-License-Identifier: MIT


namespace Spead2.Benchmarks.Assemble;

/// <summary>
/// What does receiving cost over the copy of the payload, and how do the two engines compare? The counterpart of
/// native/bench/bench_assemble.c: methods in turns within one run, medians and quartiles.
/// </summary>
internal sealed class AssembleBenchmark
{
    private const int ConsumerCpu = 0;
    private const int WorkerCpu = 1;

    // The compiler needs many rounds until it has made the code as fast as it gets; each shape needs a few.
    private const int FirstWarmUps = 200;
    private const int WarmUps = 10;
    private const int AllocationRuns = 3;

    private readonly bool _bind = Environment.ProcessorCount > WorkerCpu;
    private readonly AssembleEngine[] _engines;
    private readonly RowPrinter _printer;
    private int _warmUps = FirstWarmUps;

    public AssembleBenchmark(RowPrinter printer)
    {
        _printer = printer;
        int? cpu = _bind ? WorkerCpu : null;
        _engines = [AssembleEngine.Native(cpu), AssembleEngine.Managed(cpu)];
    }

    /// <summary>Measures one shape.</summary>
    public void Run(int heapSize, int payloadSize, int repeats)
    {
        Console.Error.WriteLine($"heaps of {heapSize} bytes, packets of {payloadSize}");
        using AssembleShape shape = new(heapSize, payloadSize);
        foreach (AssembleEngine engine in _engines.Reverse())
        {
            shape.Prepare(engine);
        }

        List<double> copies = [];
        List<double>[] results = [.. _engines.Select(_ => new List<double>())];
        for (int repeat = -_warmUps; repeat < repeats; repeat++)
        {
            Bind(WorkerCpu);
            double copy = shape.Copy();
            Bind(ConsumerCpu);
            double[] received = [.. _engines.Select(shape.Receive)];
            if (repeat >= 0)
            {
                copies.Add(copy);
                Array.ForEach([.. Enumerable.Range(0, received.Length)], i => results[i].Add(received[i]));
            }
        }

        _warmUps = WarmUps;
        Print(shape, "memcpy", copies);
        for (int i = 0; i < _engines.Length; i++)
        {
            Print(shape, _engines[i].Name, results[i], ("allocated_per_heap", Allocated(shape, _engines[i])));
        }
    }

    // The least of some, because the runtime has threads that allocate when they like.
    private static double Allocated(AssembleShape shape, AssembleEngine engine) =>
        Enumerable.Range(0, AllocationRuns).Min(_ => shape.Allocated(engine));

    private void Bind(int cpu)
    {
        if (_bind)
        {
            IoThreadPool.BindCallingThread(cpu);
        }
    }

    private void Print(
        AssembleShape shape, string method, List<double> nanoseconds, params ReadOnlySpan<(string, object)> more)
    {
        Spread spread = Spread.Quartiles(nanoseconds);
        _printer.Print(Row.Of(
        [
            ("bench", "engines"),
            ("method", method),
            ("heap", shape.HeapSize),
            ("payload", shape.PayloadSize),
            ("repeats", nanoseconds.Count),
            ("ns_per_packet", spread.Median),
            ("q1", spread.Least),
            ("q3", spread.Most),
            ("gb_per_s", shape.PayloadSize / spread.Median),
            .. more,
        ]));
    }
}
