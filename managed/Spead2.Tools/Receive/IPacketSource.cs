// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>Where the packets of a stream come from.</summary>
internal interface IPacketSource
{
    /// <summary>Whether the packets are all there already, so that each heap is worth a line in a table.</summary>
    bool IsFile { get; }

    /// <summary>Whether packets follow each other without anything between, so that bytes are refused, not datagrams.</summary>
    bool IsBytestream => false;

    /// <summary>What it is, as in "on UDP port 7148".</summary>
    string Name { get; }

    /// <summary>Makes sure that there is something to read.</summary>
    /// <exception cref="UserErrorException">There is not.</exception>
    void Open();

    /// <summary>Lets a stream read from here.</summary>
    void AttachTo(IReceiveStream stream, Terminal terminal);

    /// <summary>
    /// Begins to look for what keeps packets away. What it returns says that, the surest first, once a stream reads from here;
    /// it is told how long it may look. Null where nothing can be found out.
    /// </summary>
    Func<TimeSpan, IReadOnlyList<Finding>>? WatchSilence() => null;

    /// <summary>The name of a dialect that takes what was refused, or null.</summary>
    string? SuggestedDialect { get; }

    /// <summary>Says what the statistics of the stream, which has ended, cannot.</summary>
    void ExplainEnd(StreamStatistics statistics, Terminal terminal);
}
