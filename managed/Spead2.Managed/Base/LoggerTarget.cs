// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>Messages go to a logger of the user's.</summary>
internal sealed class LoggerTarget(ILogger logger) : LogTarget
{
    private readonly LogQueue _queue = new(logger);

    public override LogLevel Threshold => _queue.Threshold;

    public override void Deliver(LogLevel level, string text) => _queue.Enqueue(level, text);

    public override void Flush() => _queue.Flush();
}
