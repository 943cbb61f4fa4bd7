// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>
/// Where to find the statistics of all streams as metrics (<c>System.Diagnostics.Metrics</c>): OpenTelemetry, for example,
/// takes the name in <c>AddMeter(Spead2Metrics.MeterName)</c>.
/// </summary>
/// <remarks>
/// Instruments, units and labels are listed in docs/metrics.md. The label <c>stream</c> is
/// <see cref="Receive.ReceiveStreamOptions.Name"/> or <see cref="Send.SendStreamOptions.Name"/>; streams of one name add up,
/// those that have been disposed included. Streams are read when the metrics are; packets cost nothing more.
/// </remarks>
public static class Spead2Metrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Spead2";
}
