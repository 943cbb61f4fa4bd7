// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed.Tests;

public sealed class FailedSourceTests
{
    [Test]
    public void Failure_of_a_source_is_not_hidden_by_its_socket()
    {
        RecordingLogger logger = new();
        StreamCore core = new(new ReceiveStreamOptions(), ManagedIoThreads.NewThreads(), EngineLog.For(logger));
        for (int i = 0; i < 20; i++)
        {
            core.Log.Write(
                MessageKind.Socket, LogLevel.Warning, i, static i => string.Create(CultureInfo.InvariantCulture, $"{i}"));
        }

        BufferSource source = new(core, ReadOnlyMemory<byte>.Empty);
        core.Fail(source, new InvalidDataException("broken memory"));
        source.Release();
        core.Destroy(wait: true);

        Assert.That(logger.Texts, Has.Some.Contains("broken memory"));
    }
}
