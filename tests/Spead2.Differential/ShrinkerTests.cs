// SPDX-License-Identifier: MIT

using Spead2.Differential.Generation;

namespace Spead2.Differential;

[TestFixture]
public sealed class ShrinkerTests
{
    [Test]
    public void Only_the_packets_that_matter_are_left()
    {
        byte[][] packets = [.. Enumerable.Range(0, 100).Select(number => new[] { (byte)number })];
        var trace = new Trace(new TraceOptions(), Feed.Datagrams, packets);

        Trace shrunk = Shrinker.Shrink(
            trace, candidate => Has(candidate, 3) && Has(candidate, 50) && Has(candidate, 99));

        Assert.That(shrunk.Packets, Is.EqualTo(new[] { packets[3], packets[50], packets[99] }));

        static bool Has(Trace trace, byte number) => trace.Packets.Any(packet => packet[0] == number);
    }

    [Test]
    public void Only_the_options_that_matter_are_left()
    {
        var options = TraceOptions.Parse(["max_heaps=1", "in_order", "keep_ranges", "bug_compat=7"]);
        var trace = new Trace(options, Feed.Datagrams, []);

        Trace shrunk = Shrinker.Shrink(trace, candidate => candidate.Options is { InOrder: true, MaxHeaps: < 4 });

        Assert.That(shrunk.Options.ToString(), Is.EqualTo("max_heaps=1 in_order"));
    }

    [Test]
    public void Option_that_makes_another_packet_superfluous_goes_with_it()
    {
        var trace = new Trace(new TraceOptions { InOrder = true }, Feed.Datagrams, [[1], [2]]);

        Trace shrunk = Shrinker.Shrink(
            trace, candidate => candidate.Packets.Count > (candidate.Options.InOrder ? 1 : 0));

        Assert.That(shrunk.Packets, Has.Count.EqualTo(1));
        Assert.That(shrunk.Options, Is.EqualTo(new TraceOptions()));
    }

    [Test]
    public void Saved_trace_is_read_as_it_was([Range(1, 20)] int seed)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, Path.GetRandomFileName());
        foreach (Trace trace in TraceGenerator.Generate((ulong)seed))
        {
            TraceFile.Write(path, trace, ["why"]);
            Trace read = TraceFile.Read(path);

            Assert.That(read.Packets, Is.EqualTo(trace.Packets));
            Assert.That((read.Options, read.Feed), Is.EqualTo((trace.Options, trace.Feed)));
        }

        File.Delete(path);
    }
}
