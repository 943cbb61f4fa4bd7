// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed.Tests;

public sealed class LogQueueTests
{
    [Test]
    public void Messages_that_find_the_queue_full_are_counted()
    {
        const int TooMany = 5;
        RecordingLogger logger = new();
        using ManualResetEventSlim logging = new();
        using ManualResetEventSlim goOn = new();
        logger.OnMessage = () =>
        {
            logging.Set();
            goOn.Wait();
        };
        LogQueue log = new(logger);
        log.Enqueue(LogLevel.Information, "in delivery");
        Assert.That(logging.Wait(Poll.Deadline), Is.True);

        string[] queued = [.. Enumerable.Range(0, LogQueue.Capacity + TooMany).Select(number => $"message {number}")];
        Array.ForEach(queued, text => log.Enqueue(LogLevel.Information, text));
        goOn.Set();
        log.Flush();

        string[] expected =
        [
            "in delivery",
            .. queued[..LogQueue.Capacity],
            $"{TooMany} log messages were left out because the logger did not keep up.",
        ];
        Assert.That(logger.Texts, Is.EqualTo(expected));
    }
}
