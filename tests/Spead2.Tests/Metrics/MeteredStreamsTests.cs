// SPDX-License-Identifier: MIT

using System.Diagnostics.Metrics;
using System.Globalization;
using Spead2.Metrics;
using Spead2.Receive;
using Spead2.Send;
using Spead2.Testing.Engines;

namespace Spead2.Tests.Metrics;

/// <summary>Names of streams, of which a meter shows only so many.</summary>
public sealed class MeteredStreamsTests
{
    [Test]
    public void Streams_beyond_the_most_names_are_shown_as_other()
    {
        using Meter meter = new(nameof(MeteredStreamsTests));
        MeteredStreams<object, string> streams = new(
            meter, [new(MetricKind.Counter, "counter", "", "", text => text.Length)], stream => (string)stream);
        StreamPlace[] places = [.. Enumerable.Range(0, StreamMeter.MaxNames + 2)
            .Select(i => streams.Add(new string('x', i), string.Create(CultureInfo.InvariantCulture, $"name {i}")))];
        foreach (StreamPlace place in places)
        {
            place.Dispose();
        }

        MetricReadings readings = MetricReadings.Take(nameof(MeteredStreamsTests));
        Assert.That(readings.Series, Has.Count.EqualTo(StreamMeter.MaxNames + 1));
        Assert.That(readings["counter{stream=\"name 7\"}"], Is.EqualTo(7));
        Assert.That(
            readings["counter{stream=\"other\"}"], Is.EqualTo((2 * StreamMeter.MaxNames) + 1));
    }

    [Test]
    public void Labels_of_all_names_fit_what_OpenTelemetry_keeps_apart() => Assert.That(
        StreamMeter.ReceiveMetrics.Max(metric => metric.LabelValues.Count) * (StreamMeter.MaxNames + 1), Is.LessThan(2000));

    [TestCase("")]
    [TestCase("tab\t")]
    [TestCase("ü")]
    [TestCase("12345678901234567890123456789012345678901234567890123456789012345")]
    public void Name_that_is_none_is_refused(string name)
    {
        Assert.That(
            () => new ReceiveStreamOptions { Name = name }.Validate(),
            Throws.ArgumentException.With.Message.StartsWith("Name must be 1 to 64 printable ASCII characters."));
        Assert.That(() => new SendStreamOptions { Name = name }.Validate(), Throws.ArgumentException);
    }

    [Test]
    public void Name_of_null_is_refused() =>
        Assert.That(() => new ReceiveStreamOptions { Name = null! }.Validate(), Throws.ArgumentNullException);
}
