// SPDX-License-Identifier: MIT
using System.Globalization;

namespace Spead2.Aot.Tests;

public sealed class HandleTests
{
    // SPEAD2_SPIN_SECONDS makes it longer.
    private const int Seconds = 5;

    [Test]
    public void Random_calls_with_any_handle_give_statuses_and_the_process_ends_while_streams_run()
    {
        CHost spinner = CHost.Compile("tests/Spead2.Aot.Tests/Hosts/handle_spinner.c", RepositoryFiles.AotLibrary);
        string seconds = Environment.GetEnvironmentVariable("SPEAD2_SPIN_SECONDS") ??
            Seconds.ToString(CultureInfo.InvariantCulture);
        string[] seed = Environment.GetEnvironmentVariable("SPEAD2_TEST_SEED") is { } given ? [given] : [];

        (int exitCode, string output, string errors) = spinner.Run([seconds, .. seed]);

        TestContext.Out.WriteLine(output);
        Assert.That(exitCode, Is.Zero, errors + output);
        Assert.That(output, Does.Not.Contain("SP2_OK 0\n"));
    }
}
