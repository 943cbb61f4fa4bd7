// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>Warnings for those who have no logger.</summary>
internal sealed class StandardErrorTarget : LogTarget
{
    public override LogLevel Threshold => LogLevel.Warning;

    public override void Deliver(LogLevel level, string text) => Console.Error.WriteLine($"spead2: warning: {text}");
}
