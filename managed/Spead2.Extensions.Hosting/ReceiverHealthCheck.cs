// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Diagnostics.HealthChecks;
using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Whether a receiver receives, and what.</summary>
internal sealed class ReceiverHealthCheck(Receiver receiver) : IHealthCheck
{
    private const int SecondsOfLoss = 60;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<LossSecond> seconds = receiver.LossSeconds;
        long heaps = 0;
        long lost = 0;
        foreach (LossSecond second in seconds.Skip(Math.Max(seconds.Count - SecondsOfLoss, 0)))
        {
            heaps += second.Heaps + second.HeapsMissing;
            lost += second.HeapsIncomplete + second.HeapsMissing;
        }

        double part = heaps == 0 ? 0 : (double)lost / heaps;
        TimeSpan silence = receiver.Silence;
        Dictionary<string, object> data = new()
        {
            ["heaps"] = receiver.Heaps,
            ["silence_seconds"] = silence.TotalSeconds,
            ["lost_part"] = part,
        };
        HealthCheckResult result =
            !receiver.IsRunning ? new(context.Registration.FailureStatus, "The stream has ended.", data: data)
            : receiver.Options.MaxSilence is { } most && silence > most
                ? new(context.Registration.FailureStatus, $"No heap for {silence.TotalSeconds:0.0} s.", data: data)
            : part > receiver.Options.MaxLoss
                ? HealthCheckResult.Degraded($"{lost} of {heaps} heaps were lost in the last minute.", data: data)
            : HealthCheckResult.Healthy($"{receiver.Heaps} heaps.", data);
        return Task.FromResult(result);
    }
}
