// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Save;

namespace Spead2.Tools.Receive;

/// <summary>What `spead2 recv` is asked to do.</summary>
internal sealed record ReceiveSettings
{
    /// <summary>Where packets come from.</summary>
    public required IPacketSource Source { get; init; }

    /// <summary>What receives them.</summary>
    public required ReceiveEngine Engine { get; init; }

    /// <summary>Options of the stream.</summary>
    public required ReceiveStreamOptions StreamOptions { get; init; }

    /// <summary>Threads that receive packets.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Processors that they are bound to, in turn; none: they are not bound.</summary>
    public IReadOnlyList<int> Affinity { get; init; } = [];

    /// <summary>The pool that payload is kept in; null: the library's recycled memory.</summary>
    public MemoryPoolOptions? MemoryPool { get; init; }

    /// <summary>How payload is copied.</summary>
    public CopyMethod CopyMethod { get; init; }

    /// <summary>Whether `spead2 top` may see the stream.</summary>
    public bool Publish { get; init; }

    /// <summary>Whether it is said of each packet or heap that is not used why it is not.</summary>
    public bool Verbose { get; init; }

    /// <summary>How often statistics are printed meanwhile; null: at the end only.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Stop after so many heaps.</summary>
    public long? Heaps { get; init; }

    /// <summary>Stop when no heap arrives for so long; infinite by default.</summary>
    public TimeSpan Timeout { get; init; } = System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>Stop when packets have come, and none for so long; null: never.</summary>
    public TimeSpan? Silence { get; init; }

    /// <summary>How packets are read; null: by the rules.</summary>
    public Dialect? Dialect { get; init; }

    /// <summary>Whether to name the dialect of what is refused, as soon as it is known.</summary>
    public bool ProposeDialect { get; init; }

    /// <summary>Whether heaps are interpreted and their values shown.</summary>
    public bool Items { get; init; }

    /// <summary>How heaps are interpreted.</summary>
    public ItemSettings ItemSettings { get; init; } = new();

    /// <summary>Where heaps are saved; null: nowhere.</summary>
    public SaveSettings? Save { get; init; }

    /// <summary>Whether to compare the heaps with the content that `spead2 send` gives them.</summary>
    public bool Verify { get; init; }

    /// <summary>Heaps with the right content that must arrive in full.</summary>
    public long? Expect { get; init; }

    /// <summary>Whether loss is a failure.</summary>
    public bool FailOnLoss { get; init; }

    /// <summary>Whether programs read the output.</summary>
    public bool Json { get; init; }

    /// <summary>Whether single heaps are left out of the output.</summary>
    public bool SummaryOnly { get; init; }
}
