// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spead2.Tools.Bench;

/// <summary>The options of an agent in JSON, as the masters of spead2's Python tool write them (spec: A12.1).</summary>
internal static class AgentOptionJson
{
    /// <summary>Options in the command that starts a pass: what is received, and how.</summary>
    public static void Write(JsonObject command, AgentOptions options, string endpoint)
    {
        command["args"] = new JsonObject
        {
            ["endpoint"] = endpoint,
            ["multicast"] = options.Multicast.Count == 0
                ? null
                : new JsonArray([.. options.Multicast.Select(group => (JsonNode)group)]),
        };
        command["protocol"] = new JsonObject { ["tcp"] = options.Tcp, ["pyspead"] = false };
        command["receiver"] = new JsonObject
        {
            ["buffer"] = options.Buffer,
            ["bind"] = options.Bind.Length == 0 ? null : options.Bind,
            ["threads"] = 1,
            ["affinity"] = null,
            ["memcpy_nt"] = options.NonTemporal,
            ["concurrent_heaps"] = options.ConcurrentHeaps,
            ["substreams"] = options.Substreams,
            ["ring_heaps"] = options.RingHeaps,
            ["mem_pool"] = options.MemoryPool,
            ["mem_lower"] = options.MemoryLower,
            ["mem_upper"] = options.MemoryUpper,
            ["mem_max_free"] = options.MemoryMaxFree,
            ["mem_initial"] = options.MemoryInitial,
            ["packet"] = options.Packet,
        };
    }

    /// <summary>Reads the options of the command that starts a pass; members that are not known are left out.</summary>
    /// <exception cref="FormatException">A value is not of its type.</exception>
    public static AgentOptions Read(JsonElement command)
    {
        AgentOptions byDefault = new();
        JsonElement args = Member(command, "args");
        JsonElement receiver = Member(command, "receiver");
        return new AgentOptions
        {
            Multicast = Texts(Member(args, "multicast")),
            Tcp = Flag(Member(command, "protocol"), "tcp", byDefault.Tcp),
            Bind = Text(receiver, "bind", byDefault.Bind),
            Packet = Number(receiver, "packet", byDefault.Packet),
            Buffer = Number(receiver, "buffer", byDefault.Buffer),
            ConcurrentHeaps = Number(receiver, "concurrent_heaps", byDefault.ConcurrentHeaps),
            Substreams = Number(receiver, "substreams", byDefault.Substreams),
            RingHeaps = Number(receiver, "ring_heaps", byDefault.RingHeaps),
            MemoryPool = Flag(receiver, "mem_pool", byDefault.MemoryPool),
            MemoryLower = Number(receiver, "mem_lower", byDefault.MemoryLower),
            MemoryUpper = Number(receiver, "mem_upper", byDefault.MemoryUpper),
            MemoryMaxFree = Number(receiver, "mem_max_free", byDefault.MemoryMaxFree),
            MemoryInitial = Number(receiver, "mem_initial", byDefault.MemoryInitial),
            NonTemporal = Flag(receiver, "memcpy_nt", byDefault.NonTemporal),
        };
    }

    /// <summary>A member of an object; of kind <see cref="JsonValueKind.Undefined"/> if there is none.</summary>
    public static JsonElement Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out JsonElement member) ? member : default;

    /// <summary>A whole number.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static long Number(JsonElement value, string name, long byDefault) => Member(value, name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => byDefault,
        { ValueKind: JsonValueKind.Number } member when member.TryGetInt64(out long number) => number,
        _ => throw Refuse(name, "a whole number"),
    };

    private static bool Flag(JsonElement value, string name, bool byDefault) => Member(value, name).ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => byDefault,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refuse(name, "true or false"),
    };

    private static string Text(JsonElement value, string name, string byDefault) => Member(value, name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => byDefault,
        { ValueKind: JsonValueKind.String } member => member.GetString()!,
        _ => throw Refuse(name, "a text"),
    };

    /// <summary>A text, or a list of them.</summary>
    private static string[] Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => [],
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [.. value.EnumerateArray().Select(item => item.GetString()!)],
        _ => throw Refuse("multicast", "a list of texts"),
    };

    private static FormatException Refuse(string name, string what) => new($"{name} must be {what}");
}
