// SPDX-License-Identifier: MIT

namespace Spead2.Metrics;

/// <summary>One instrument: what is read of a stream for it.</summary>
/// <typeparam name="TReading">What a stream's numbers are read from.</typeparam>
internal sealed class StreamMetric<TReading>
{
    /// <summary>Unit of times, which are read in ticks.</summary>
    public const string Seconds = "s";

    private readonly Func<TReading, IEnumerable<(string Value, long Number)>> _read;

    /// <summary>An instrument with a label of its own, whose values are always the same.</summary>
    public StreamMetric(
        MetricKind kind,
        string name,
        string unit,
        string meaning,
        string label,
        params (string Value, Func<TReading, long> Read)[] values)
        : this(kind, name, unit, meaning, label, reading => values.Select(value => (value.Value, value.Read(reading))))
    {
        LabelValues = [.. values.Select(value => value.Value)];
    }

    /// <summary>An instrument without a label of its own.</summary>
    public StreamMetric(MetricKind kind, string name, string unit, string meaning, Func<TReading, long> read)
        : this(kind, name, unit, meaning, null, reading => [("", read(reading))])
    {
    }

    /// <summary>An instrument whose label has the values that a stream has.</summary>
    public StreamMetric(
        MetricKind kind,
        string name,
        string unit,
        string meaning,
        string? label,
        Func<TReading, IEnumerable<(string Value, long Number)>> read)
    {
        Kind = kind;
        Name = name;
        Unit = unit;
        Meaning = meaning;
        Label = label;
        _read = read;
    }

    public MetricKind Kind { get; }

    /// <summary>Its last word is the unit, as Prometheus wants it, which adds <c>_total</c> to counters.</summary>
    public string Name { get; }

    /// <summary>In the notation of UCUM: <c>By</c> is bytes, and what is in braces is counted.</summary>
    public string Unit { get; }

    public string Meaning { get; }

    /// <summary>The label beside the stream's name; null: none.</summary>
    public string? Label { get; }

    /// <summary>The values of the label that every stream has, from the start.</summary>
    public IReadOnlyList<string> LabelValues { get; } = [];

    /// <summary>The numbers of a stream, each with its value of the label, or "".</summary>
    public IEnumerable<(string Value, long Number)> Read(TReading reading) => _read(reading);
}
