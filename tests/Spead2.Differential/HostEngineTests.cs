// SPDX-License-Identifier: MIT

using Spead2.Differential.Engines;

namespace Spead2.Differential;

[TestFixture]
public sealed class HostEngineTests
{
    private static readonly Trace Usable = new(new TraceOptions(), Feed.Buffer, []);

    // More than a table of heaps may have.
    private static readonly Trace Refused = Usable with { Options = new() { MaxHeaps = int.MaxValue } };

    [Test]
    public void Host_that_ends_is_a_failure_with_what_it_said_and_the_next_trace_has_another_host()
    {
        IEngine engine = EngineList.Named(["core-c"])[0];

        Assert.That(engine.Run(Usable).Failure, Is.Null);
        Assert.That(engine.Run(Refused).Failure, Does.Contain("the host has ended").And.Contains("max_heaps"));
        Assert.That(engine.Run(Usable).Failure, Is.Null);
    }
}
