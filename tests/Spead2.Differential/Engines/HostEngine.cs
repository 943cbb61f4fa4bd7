// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Spead2.Receive;

namespace Spead2.Differential.Engines;

/// <summary>
/// A library with the C interface in a C program that is linked with it (Hosts/trace_host.c): for libraries that must
/// not live in this process. The program is compiled at the first trace, and lives until one fails.
/// </summary>
/// <param name="name">What the command line and reports call it.</param>
/// <param name="library">Path of the library.</param>
internal sealed class HostEngine(string name, string library) : IEngine
{
    private const uint Immediate = 1;

    // The host itself gives up after 10 seconds without a heap.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly StringBuilder _errors = new();
    private Process? _host;

    public string Name => name;

    [SuppressMessage("Design", "CA1031", Justification = "Whatever the host does is a finding.")]
    public Observation Run(Trace trace)
    {
        lock (_lock)
        {
            Process host = _host ??= Start(Compile());
            try
            {
                Task<Observation> observation = Task.Run(() => Receive(host, trace));
                if (observation.Wait(Patience))
                {
                    return observation.Result;
                }

                throw new TimeoutException($"the host said nothing for {Patience.TotalSeconds:0} seconds");
            }
            catch (Exception e)
            {
                host.Kill();
                host.WaitForExit();
                _host = null;
                return new([], new Dictionary<string, long>(), $"{e.GetBaseException().Message}; {Errors()}");
            }
        }
    }

    private static Observation Receive(Process host, Trace trace)
    {
        List<ObservedHeap> heaps = [];
        TextWriter input = host.StandardInput;
        input.WriteLine($"options {trace.Options}");
        input.WriteLine(trace.Feed == Differential.Feed.Buffer ? "feed buffer" : "feed datagrams");
        foreach (byte[] packet in trace.Packets)
        {
            input.WriteLine($"packet {Convert.ToHexStringLower(packet)}");
        }

        input.WriteLine("end");
        input.Flush();
        while (host.StandardOutput.ReadLine() is { } line)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement record = document.RootElement;
            if (!record.TryGetProperty("stats", out JsonElement statistics))
            {
                heaps.Add(HeapOf(record));
                continue;
            }

            string failure = record.GetProperty("failure").GetString()!;
            return new(
                heaps,
                statistics.EnumerateObject().ToDictionary(value => value.Name, value => value.Value.GetInt64()),
                failure.Length == 0 ? null : failure);
        }

        throw new InvalidOperationException("the host has ended");
    }

    private static ObservedHeap HeapOf(JsonElement heap)
    {
        uint flags = heap.GetProperty("flags").GetUInt32();
        return new()
        {
            Cnt = heap.GetProperty("cnt").GetUInt64(),
            Flavour = new(
                heap.GetProperty("address_bits").GetInt32(), (BugCompat)heap.GetProperty("bug_compat").GetInt32()),
            IsComplete = (flags & 1) != 0,
            IsContiguous = (flags & 2) != 0,
            IsStartOfStream = (flags & 4) != 0,
            IsEndOfStream = (flags & 8) != 0,
            IsContradictory = (flags & 32) != 0,
            HeapLength = heap.GetProperty("heap_length").GetInt64(),
            ReceivedLength = heap.GetProperty("received").GetInt64(),
            Ranges =
            [
                .. heap.GetProperty("ranges").EnumerateArray()
                    .Select(range => new PayloadRange(range[0].GetInt64(), range[1].GetInt64())),
            ],
            Items =
            [
                .. heap.GetProperty("items").EnumerateArray().Select(item => new ObservedItem(
                    item.GetProperty("id").GetInt64(),
                    (item.GetProperty("flags").GetUInt32() & Immediate) != 0,
                    item.GetProperty("value").GetUInt64(),
                    item.GetProperty("bytes").GetString()!)),
            ],
            PayloadLength = heap.GetProperty("payload_length").GetInt32(),
            Payload = Convert.FromHexString(heap.GetProperty("payload").GetString()!),
        };
    }

    private static string Metadata(string key) =>
        typeof(HostEngine).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == key).Value!;

    private string Compile()
    {
        string root = Metadata("RepositoryRoot");
        string program = Path.Combine(
            Path.GetTempPath(),
            string.Create(CultureInfo.InvariantCulture, $"spead2-trace-host-{Environment.ProcessId}-{name}"));
        using Process compiler = Process.Start(
            "gcc",
            [
                "-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror",
                "-I", Path.Combine(root, "native/include"),
                Path.Combine(root, "tests/Spead2.Differential/Hosts/trace_host.c"), "-o", program, library,
                $"-Wl,-rpath,{Path.GetDirectoryName(library)}", "-lpthread",
            ]);
        compiler.WaitForExit();
        return compiler.ExitCode == 0
            ? program
            : throw new IOException($"The C program for the engine '{name}' cannot be made: see what gcc says.");
    }

    /// <summary>Starts the program, whose file is not needed any more then. It ends with its input.</summary>
    private Process Start(string program)
    {
        var host = new Process
        {
            StartInfo = new ProcessStartInfo(program)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        host.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        host.Start();
        host.BeginErrorReadLine();
        File.Delete(program);
        return host;
    }

    /// <summary>What the host has written about errors since this was asked last.</summary>
    private string Errors()
    {
        lock (_errors)
        {
            string errors = _errors.ToString().Trim();
            _errors.Clear();
            return errors;
        }
    }
}
