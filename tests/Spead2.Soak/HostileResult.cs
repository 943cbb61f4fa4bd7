// SPDX-License-Identifier: MIT

using Spead2.Soak.Receiving;

namespace Spead2.Soak;

/// <summary>What came of a run beside a hostile sender.</summary>
internal sealed record HostileResult
{
    /// <summary>What was asked for.</summary>
    public required HostileSettings Settings { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Datagrams of the hostile sender.</summary>
    public required long HostileDatagrams { get; init; }

    /// <summary>Those that the kernel dropped because the receiver could not take more.</summary>
    public required long HostileDropped { get; init; }

    /// <summary>Heaps of one packet of the good sender, which nobody can push out.</summary>
    public required long SmallHeaps { get; init; }

    /// <summary>Those that arrived, with the right content.</summary>
    public required long SmallArrived { get; init; }

    /// <summary>Heaps of several packets of the good sender, which a flood of new heaps may push out.</summary>
    public required long LargerHeaps { get; init; }

    /// <summary>Those that arrived, with the right content.</summary>
    public required long LargerArrived { get; init; }

    /// <summary>The most that heaps held at a time.</summary>
    public required long MostUsed { get; init; }

    /// <summary>The most that waited to be used again at a time.</summary>
    public required long MostCached { get; init; }

    /// <summary>By how much the process grew at most.</summary>
    public required long MostGrowth { get; init; }

    /// <summary>Messages of all levels.</summary>
    public required long Messages { get; init; }

    /// <summary>What the receiver says.</summary>
    public required Sums Received { get; init; }

    /// <summary>Identities of the counters.</summary>
    public required IReadOnlyList<Identity> Identities { get; init; }

    /// <summary>
    /// The most that the payloads of heaps may hold: heaps under assembly, in the ring, and a few on their way (one with
    /// the consumer, one that grows, and what one packet finishes while the ring is full), in blocks that are a quarter
    /// larger at most.
    /// </summary>
    public long UsedBound => (Settings.MaxHeaps + Settings.RingHeaps + 4) * (Settings.MaxHeapSize * 5L / 4);

    /// <summary>
    /// The most by which the process may grow: besides what of the payloads is real, which is little of what is
    /// announced, what heaps under assembly know of their item pointers
    /// and ranges, which have a limit of their own, and what the runtime takes.
    /// </summary>
    public long GrowthBound => ((Settings.MaxHeaps + Settings.RingHeaps + 4) * RealBytes) + MostCached + (Settings.MaxHeaps * BytesOfParts) + RuntimeBytes;

    /// <summary>The most messages: a few each second of each kind, and one that says how many were left out.</summary>
    public long MessagesBound => (long)(Time.TotalSeconds + 2) * KindsOfMessages * (MessagesPerSecond + 1);

    // More than a heap here makes real: its bytes lie beside each other, all of them on a few pages.
    private const long RealBytes = 1 << 20;

    // 2^20 item pointers of 48 bytes with a hash table of 8, and as many ranges of 16 bytes in leaves that are half full.
    private const long BytesOfParts = (1L << 20) * (48 + 8 + 32);
    private const long RuntimeBytes = 128 << 20;
    private const int KindsOfMessages = 13;
    private const int MessagesPerSecond = 5;

    /// <summary>What does not hold.</summary>
    public IEnumerable<string> Findings
    {
        get
        {
            foreach (Identity identity in Identities.Where(identity => identity.Difference != 0))
            {
                yield return identity.ToString();
            }

            if (MostUsed > UsedBound)
            {
                yield return $"heaps held {MostUsed} bytes, but at most {UsedBound} are allowed";
            }

            if (MostGrowth > GrowthBound)
            {
                yield return $"the process grew by {MostGrowth} bytes, but at most {GrowthBound} are allowed";
            }

            if (Messages > MessagesBound)
            {
                yield return $"there were {Messages} messages, but at most {MessagesBound} are allowed";
            }
        }
    }
}
