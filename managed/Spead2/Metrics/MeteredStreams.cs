// SPDX-License-Identifier: MIT

using System.Diagnostics.Metrics;

namespace Spead2.Metrics;

/// <summary>
/// The streams of one kind, receiving or sending, as a meter shows them: by their names, each name's counters being those
/// of all its streams so far. Streams are read when somebody looks, when they are made, and when they go.
/// </summary>
/// <typeparam name="TStream">A stream.</typeparam>
/// <typeparam name="TReading">What a stream's numbers are read from.</typeparam>
internal sealed class MeteredStreams<TStream, TReading>
    where TStream : class
    where TReading : class
{
    private readonly Lock _gate = new();

    // Under the gate. Streams, which have locks of their own, are read without it.
    private readonly Dictionary<string, Series> _series = [];
    private readonly StreamMetric<TReading>[] _metrics;
    private readonly Func<TStream, TReading?> _read;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meter">Gets them.</param>
    /// <param name="metrics">What they are.</param>
    /// <param name="read">Reads a stream, also one that has been stopped; null if the stream has gone.</param>
    public MeteredStreams(Meter meter, StreamMetric<TReading>[] metrics, Func<TStream, TReading?> read)
    {
        _metrics = metrics;
        _read = read;
        foreach (StreamMetric<TReading> metric in metrics)
        {
            if (metric.Kind == MetricKind.Counter)
            {
                meter.CreateObservableCounter(metric.Name, () => Observe(metric), metric.Unit, metric.Meaning);
            }
            else if (metric.Unit == StreamMetric<TReading>.Seconds)
            {
                meter.CreateObservableGauge(metric.Name, () => InSeconds(Observe(metric)), metric.Unit, metric.Meaning);
            }
            else
            {
                meter.CreateObservableGauge(metric.Name, () => Observe(metric), metric.Unit, metric.Meaning);
            }
        }
    }

    /// <summary>A stream has been made.</summary>
    /// <returns>Its place, which the stream keeps, and ends before it goes.</returns>
    public StreamPlace Add(TStream stream, string name)
    {
        // It is read at once, so that all labels are there from the start.
        Record record = new(this, stream);
        record.ReadAll();
        Series series;
        lock (_gate)
        {
            string known = _series.ContainsKey(name) || _series.Count < StreamMeter.MaxNames ? name : StreamMeter.OtherNames;
            series = Numbers.FindOrAdd(_series, known);
            series.Present.Add(record);
        }

        return new(() => End(series, record));
    }

    private void End(Series series, Record record)
    {
        record.ReadAll();
        lock (_gate)
        {
            series.Present.Remove(record);
            series.Gone.AddFinal(record.Last);
        }
    }

    private List<Measurement<long>> Observe(StreamMetric<TReading> metric)
    {
        // A stream that goes from here on is in its record, not in the sums.
        List<(string Name, Dictionary<string, long> Sums, Record[] Present)> all = [];
        lock (_gate)
        {
            foreach ((string name, Series series) in _series)
            {
                all.Add((name, new(series.Gone.Of(metric)), [.. series.Present]));
            }
        }

        List<Measurement<long>> measurements = [];
        foreach ((string name, Dictionary<string, long> sums, Record[] present) in all)
        {
            foreach (Record record in present)
            {
                Numbers.Combine(metric.Kind, sums, record.Observe(metric));
            }

            foreach ((string label, long number) in sums)
            {
                KeyValuePair<string, object?> stream = new(StreamMeter.StreamLabel, name);
                measurements.Add(metric.Label is null ? new(number, stream) : new(number, stream, new(metric.Label, label)));
            }
        }

        return measurements;
    }

    private static IEnumerable<Measurement<double>> InSeconds(IEnumerable<Measurement<long>> ticks) =>
        ticks.Select(number => new Measurement<double>((double)number.Value / TimeSpan.TicksPerSecond, number.Tags));

    /// <summary>All streams that have had a name.</summary>
    private sealed class Series
    {
        public HashSet<Record> Present { get; } = [];

        /// <summary>Numbers of those that have gone.</summary>
        public Numbers Gone { get; } = new();
    }

    /// <summary>A stream, and its numbers when they were read last, which are all that is left of it if it is forgotten.</summary>
    private sealed class Record(MeteredStreams<TStream, TReading> all, TStream stream)
    {
        private readonly WeakReference<TStream> _stream = new(stream);

        /// <summary>Under its own lock until the stream has gone.</summary>
        public Numbers Last { get; } = new();

        public KeyValuePair<string, long>[] Observe(StreamMetric<TReading> metric)
        {
            bool isThere = Read([metric]);
            lock (Last)
            {
                return isThere || metric.Kind != MetricKind.Now ? [.. Last.Of(metric)] : [];
            }
        }

        public void ReadAll() => Read(all._metrics);

        private bool Read(StreamMetric<TReading>[] metrics)
        {
            if (!_stream.TryGetTarget(out TStream? stream) || all._read(stream) is not { } reading)
            {
                return false;
            }

            lock (Last)
            {
                foreach (StreamMetric<TReading> metric in metrics)
                {
                    Dictionary<string, long> last = Last.Of(metric);
                    foreach ((string label, long number) in metric.Read(reading))
                    {
                        // Two threads may have read one after the other, and come here the other way round.
                        last[label] = metric.Kind == MetricKind.Now
                            ? number
                            : Math.Max(last.GetValueOrDefault(label), number);
                    }
                }
            }

            return true;
        }
    }

    /// <summary>Numbers by instrument and label.</summary>
    private sealed class Numbers
    {
        private readonly Dictionary<StreamMetric<TReading>, Dictionary<string, long>> _byMetric = [];

        public static TValue FindOrAdd<TKey, TValue>(Dictionary<TKey, TValue> dictionary, TKey key)
            where TKey : notnull
            where TValue : new()
        {
            if (!dictionary.TryGetValue(key, out TValue? value))
            {
                value = new();
                dictionary.Add(key, value);
            }

            return value;
        }

        public static void Combine(
            MetricKind kind, Dictionary<string, long> sums, IEnumerable<KeyValuePair<string, long>> numbers)
        {
            foreach ((string label, long number) in numbers)
            {
                long sum = sums.GetValueOrDefault(label);
                sums[label] = kind == MetricKind.Maximum ? Math.Max(sum, number) : sum + number;
            }
        }

        public Dictionary<string, long> Of(StreamMetric<TReading> metric) => FindOrAdd(_byMetric, metric);

        /// <summary>Adds those of a stream that has gone: what it had at the moment is 0 now.</summary>
        public void AddFinal(Numbers numbers)
        {
            foreach ((StreamMetric<TReading> metric, Dictionary<string, long> last) in numbers._byMetric)
            {
                Combine(
                    metric.Kind,
                    Of(metric),
                    metric.Kind == MetricKind.Now ? last.Select(pair => KeyValuePair.Create(pair.Key, 0L)) : last);
            }
        }
    }
}
