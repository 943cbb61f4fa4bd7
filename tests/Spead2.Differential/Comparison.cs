// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;

namespace Spead2.Differential;

/// <summary>Says in words where what came of a trace differs from what should.</summary>
internal static class Comparison
{
    // How often a heap finds the ring full depends on how fast it is emptied: the model knows the most only.
    private const string UpToTheModel = "worker_blocked";

    private static readonly (string Name, Func<ObservedHeap, object> Get)[] Fields =
    [
        ("cnt", heap => heap.Cnt),
        ("flavour", heap => (heap.Flavour, heap.Flavour.BugCompat)),
        ("complete", heap => heap.IsComplete),
        ("contiguous", heap => heap.IsContiguous),
        ("start of stream", heap => heap.IsStartOfStream),
        ("end of stream", heap => heap.IsEndOfStream),
        ("contradictory", heap => heap.IsContradictory),
        ("heap length", heap => heap.HeapLength),
        ("received length", heap => heap.ReceivedLength),
        ("ranges", heap => string.Join(' ', heap.Ranges.Select(range => $"[{range.Start}, {range.End})"))),
        ("items", heap => string.Join(", ", heap.Items)),
        ("payload length", heap => heap.PayloadLength),
    ];

    /// <summary>All differences; none if both are the same.</summary>
    public static IReadOnlyList<string> Differences(Observation expected, Observation actual)
    {
        if (actual.Failure is not null)
        {
            return [$"failure: {actual.Failure}"];
        }

        List<string> differences = [];
        if (expected.Heaps.Count != actual.Heaps.Count)
        {
            differences.Add($"heaps delivered: {Both(Cnts(expected), Cnts(actual))}");
        }

        for (int i = 0; i < Math.Min(expected.Heaps.Count, actual.Heaps.Count); i++)
        {
            differences.AddRange(Differences(expected.Heaps[i], actual.Heaps[i]).Select(text => $"heap #{i}, {text}"));
        }

        foreach (string name in expected.Statistics.Keys.Union(actual.Statistics.Keys))
        {
            long should = expected.Statistics.GetValueOrDefault(name);
            long value = actual.Statistics.GetValueOrDefault(name, -1);
            if (name == UpToTheModel ? value < 0 || value > should : value != should)
            {
                differences.Add($"{name}: {Both(name == UpToTheModel ? $"at most {should}" : should, value)}");
            }
        }

        return differences;
    }

    private static IEnumerable<string> Differences(ObservedHeap expected, ObservedHeap actual)
    {
        foreach ((string name, Func<ObservedHeap, object> get) in Fields)
        {
            if (!get(expected).Equals(get(actual)))
            {
                yield return $"{name}: {Both(get(expected), get(actual))}";
            }
        }

        foreach (PayloadRange range in expected.DefinedPayload)
        {
            byte[] should = Part(expected.Payload, range);
            byte[] value = Part(actual.Payload, range);
            if (!should.SequenceEqual(value))
            {
                yield return $"payload from {range.Start}: "
                    + Both(Convert.ToHexStringLower(should), Convert.ToHexStringLower(value));
            }
        }
    }

    private static byte[] Part(byte[] payload, PayloadRange range) =>
        payload[(int)Math.Min(range.Start, payload.Length)..(int)Math.Min(range.End, payload.Length)];

    private static string Cnts(Observation observation) =>
        $"{observation.Heaps.Count} ({string.Join(' ', observation.Heaps.Select(heap => heap.Cnt))})";

    private static string Both(object expected, object actual) =>
        string.Create(CultureInfo.InvariantCulture, $"the model has {expected}, the engine {actual}");
}
