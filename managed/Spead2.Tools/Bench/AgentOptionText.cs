// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Bench;

/// <summary>
/// The options of an agent as lines <c>name = value</c>, as the masters of spead2's C++ tool write them (spec: A12.1).
/// </summary>
internal static class AgentOptionText
{
    private static readonly Option[] Options =
    [
        new("multicast", o => string.Join(' ', o.Multicast), (o, v) => o with
        {
            Multicast = v.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        }),
        Flag("tcp", o => o.Tcp, (o, v) => o with { Tcp = v }),

        // How items are read, which an agent does not do.
        Flag("pyspead", _ => false, (o, _) => o),
        new("bind", o => o.Bind, (o, v) => o with { Bind = v }),
        Number("packet", o => o.Packet, (o, v) => o with { Packet = v }),
        Number("buffer", o => o.Buffer, (o, v) => o with { Buffer = v }),
        Number("concurrent-heaps", o => o.ConcurrentHeaps, (o, v) => o with { ConcurrentHeaps = v }),
        Number("substreams", o => o.Substreams, (o, v) => o with { Substreams = v }),
        Number("ring-heaps", o => o.RingHeaps, (o, v) => o with { RingHeaps = v }),
        Flag("mem-pool", o => o.MemoryPool, (o, v) => o with { MemoryPool = v }),
        Number("mem-lower", o => o.MemoryLower, (o, v) => o with { MemoryLower = v }),
        Number("mem-upper", o => o.MemoryUpper, (o, v) => o with { MemoryUpper = v }),
        Number("mem-max-free", o => o.MemoryMaxFree, (o, v) => o with { MemoryMaxFree = v }),
        Number("mem-initial", o => o.MemoryInitial, (o, v) => o with { MemoryInitial = v }),

        // Whether the consumer reads from a ring, which it always does here.
        Flag("ring", _ => false, (o, _) => o),
        Flag("memcpy-nt", o => o.NonTemporal, (o, v) => o with { NonTemporal = v }),
    ];

    /// <summary>Options of agents with kernel bypass, which those without it do not have.</summary>
    private static readonly string[] OfKernelBypass = ["ibv", "ibv-vector", "ibv-max-poll"];

    /// <summary>The lines that tell an agent its options.</summary>
    public static IEnumerable<string> Write(AgentOptions options) =>
        Options.Select(option => $"{option.Name} = {option.Show(options)}");

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line; what follows a # is a comment.</param>
    /// <param name="options">The options so far; changed.</param>
    /// <returns>What is wrong with the line, which is left out then; null: nothing.</returns>
    public static string? Read(string line, ref AgentOptions options)
    {
        string text = line.Split('#')[0].Trim();
        if (text.Length == 0)
        {
            return null;
        }

        string name = text.Split('=')[0].Trim();
        if (text.Length == name.Length)
        {
            return $"'{text}' is no option: those are NAME = VALUE";
        }

        if (OfKernelBypass.Contains(name))
        {
            return null;
        }

        string value = text[(text.IndexOf('=') + 1)..].Trim();
        if (Array.Find(Options, option => option.Name == name) is not { } option)
        {
            return $"there is no option {name}";
        }

        if (option.Change(options, value) is not { } changed)
        {
            return $"{name} cannot be '{value}'";
        }

        options = changed;
        return null;
    }

    /// <summary>An option that is a whole number.</summary>
    private static Option Number(
        string name, Func<AgentOptions, long> show, Func<AgentOptions, long, AgentOptions> change) => new(
        name,
        options => show(options).ToString(CultureInfo.InvariantCulture),
        (options, text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? change(options, value)
            : null);

    /// <summary>An option that is 1 or 0.</summary>
    private static Option Flag(
        string name, Func<AgentOptions, bool> show, Func<AgentOptions, bool, AgentOptions> change) => new(
        name,
        options => show(options) ? "1" : "0",
        (options, text) => text is "0" or "1" ? change(options, text == "1") : null);

    /// <summary>An option.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Show">Its value as text.</param>
    /// <param name="Change">The options with another value; null if it cannot be that.</param>
    private sealed record Option(
        string Name, Func<AgentOptions, string> Show, Func<AgentOptions, string, AgentOptions?> Change);
}
