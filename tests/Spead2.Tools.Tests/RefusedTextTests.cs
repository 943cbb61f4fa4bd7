// SPDX-License-Identifier: MIT

using System.Net;
using Spead2.Receive;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Tests;

internal sealed class RefusedTextTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 29, 12, 0, 0, 123, TimeSpan.Zero);

    [Test]
    public void Text_has_sender_time_and_escaped_bytes()
    {
        RefusedDatagram datagram = new(
            RefusalCause.SizeMismatch, Noon, 20, [.. "GET /\r\n\x1b[31m and more"u8], IPEndPoint.Parse("10.0.0.1:4321"));

        Assert.That(
            RefusedText.Of(datagram),
            Is.EqualTo(
                "The first datagram refused as size_mismatch: 20 bytes from 10.0.0.1:4321 at 12:00:00.123Z: " +
                @"47 45 54 20 2f 0d 0a 1b 5b 33 31 6d 20 61 6e 64 … ""GET /\x0d\x0a\x1b[31m and"""));
    }

    [Test]
    public void Text_without_a_sender_names_none()
    {
        Assert.That(
            RefusedText.Of(new(RefusalCause.Size, Noon, 2, [1, 2], null)),
            Is.EqualTo(@"The first datagram refused as malformed_size: 2 bytes: 01 02 ""\x01\x02"""));
    }

    [Test]
    public void Names_are_those_of_statistics()
    {
        Assert.That(
            Enum.GetValues<RefusalCause>().Select(RefusedText.Name), Is.SubsetOf(LossExplanation.Statistics));
    }

    [Test]
    public async Task Command_shows_the_first_refused_datagram()
    {
        string packets = Path.Combine(TestContext.CurrentContext.WorkDirectory, "refused.packets");
        await File.WriteAllBytesAsync(packets, [3, 0, 0, 0, .. "abc"u8]);
        CommandResult result = await InProcess.RunAsync(["recv", "--packets", packets, "--json"]);

        Assert.That(result.Error, Does.Contain("The first datagram refused as malformed_size: 3 bytes: "));
        Assert.That(result.Error, Does.Contain("61 62 63 \"abc\""));
    }
}
