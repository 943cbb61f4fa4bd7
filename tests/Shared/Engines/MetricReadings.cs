// SPDX-License-Identifier: MIT

using System.Diagnostics.Metrics;

namespace Spead2.Testing.Engines;

/// <summary>What a meter's instruments show at one moment.</summary>
internal sealed class MetricReadings
{
    private readonly Dictionary<string, double> _values = [];

    private MetricReadings()
    {
    }

    /// <summary>All series, as Prometheus writes them: <c>name{label="value",…}</c>.</summary>
    public IReadOnlyCollection<string> Series => _values.Keys;

    /// <summary>The value of a series.</summary>
    public double this[string series] => _values[series];

    /// <summary>Reads the meter of a name as collectors do; only streams of a name, if one is given.</summary>
    public static MetricReadings Take(string meter, string? stream = null)
    {
        MetricReadings readings = new();
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == meter)
                {
                    Assert.That(instrument.IsObservable, Is.True, $"{instrument.Name} costs packets nothing");
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => readings.Add(instrument, value, tags, stream));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => readings.Add(instrument, value, tags, stream));
        listener.Start();
        listener.RecordObservableInstruments();
        return readings;
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, string? stream)
    {
        Assert.That(tags[0].Key, Is.EqualTo("stream"));
        if (stream is not null && !stream.Equals(tags[0].Value))
        {
            return;
        }

        string labels = string.Join(',', tags.ToArray().Where(tag => stream is null || tag.Key != "stream").Select(tag => $"{tag.Key}=\"{tag.Value}\""));
        _values.Add(labels.Length == 0 ? instrument.Name : $"{instrument.Name}{{{labels}}}", value);
    }
}
