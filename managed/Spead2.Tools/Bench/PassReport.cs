// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spead2.Tools.Bench;

/// <summary>What an agent says of a pass. Agents of spead2 know the number of heaps alone.</summary>
internal sealed record PassReport
{
    /// <summary>The member that agents of spead2 answer with, too.</summary>
    public const string HeapsMember = "received_heaps";

    /// <summary>Complete heaps, without the stop heap.</summary>
    public required long Heaps { get; init; }

    /// <summary>Packets.</summary>
    public long Packets { get; init; }

    /// <summary>Bytes of payload.</summary>
    public long PayloadBytes { get; init; }

    /// <summary>Time of processors that the agent took; null if it is not known.</summary>
    public TimeSpan? Cpu { get; init; }

    /// <summary>The clock of <see cref="Latencies"/>.</summary>
    public string Clock { get; init; } = "";

    /// <summary>Nanoseconds at <see cref="Bench.Latencies.Percentiles"/>; empty if they are not known.</summary>
    public IReadOnlyList<long> Latencies { get; init; } = [];

    /// <summary>Heaps by powers of two of nanoseconds.</summary>
    public IReadOnlyList<long> LatencyHistogram { get; init; } = [];

    /// <summary>Statistics of the stream that tell of loss, and are not 0.</summary>
    public IReadOnlyDictionary<string, long> Loss { get; init; } = new Dictionary<string, long>();

    /// <summary>The report as it travels.</summary>
    public JsonObject Write() => new()
    {
        [HeapsMember] = Heaps,
        ["packets"] = Packets,
        ["payload_bytes"] = PayloadBytes,
        ["cpu_nanoseconds"] = Cpu is { } cpu ? (long)cpu.TotalNanoseconds : null,
        ["clock"] = Clock,
        ["latencies"] = new JsonArray([.. Latencies.Select(value => (JsonNode)value)]),
        ["latency_histogram"] = new JsonArray([.. LatencyHistogram.Select(value => (JsonNode)value)]),
        ["loss"] = new JsonObject(Loss.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
    };

    /// <summary>Reads a report, or that of an agent of spead2's Python tool.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static PassReport Read(JsonElement json)
    {
        const long None = -1;
        long heaps = AgentOptionJson.Number(json, HeapsMember, None);
        if (heaps < 0)
        {
            throw new FormatException($"the agent's answer has no {HeapsMember}");
        }

        JsonElement cpu = AgentOptionJson.Member(json, "cpu_nanoseconds");
        JsonElement loss = AgentOptionJson.Member(json, "loss");
        return new PassReport
        {
            Heaps = heaps,
            Packets = AgentOptionJson.Number(json, "packets", 0),
            PayloadBytes = AgentOptionJson.Number(json, "payload_bytes", 0),
            Cpu = cpu.ValueKind == JsonValueKind.Number
                ? TimeSpan.FromMicroseconds(AgentOptionJson.Number(json, "cpu_nanoseconds", 0) / 1000.0)
                : null,
            Clock = AgentOptionJson.Member(json, "clock") is { ValueKind: JsonValueKind.String } clock ? clock.GetString()! : "",
            Latencies = Numbers(json, "latencies"),
            LatencyHistogram = Numbers(json, "latency_histogram"),
            Loss = loss.ValueKind == JsonValueKind.Object
                ? loss.EnumerateObject().ToDictionary(
                    member => member.Name, member => AgentOptionJson.Number(loss, member.Name, 0))
                : new Dictionary<string, long>(),
        };
    }

    private static long[] Numbers(JsonElement json, string name) =>
        AgentOptionJson.Member(json, name) is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Select(item => item.TryGetInt64(out long value)
                ? value
                : throw new FormatException($"{name} must be whole numbers"))]
            : [];
}
