// SPDX-License-Identifier: MIT

using Spead2.Soak.Receiving;
using Spead2.Soak.Resources;

namespace Spead2.Soak;

/// <summary>What came of a soak.</summary>
internal sealed record SoakResult
{
    /// <summary>What was asked for.</summary>
    public required SoakSettings Settings { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>What the senders did: names and numbers.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> Sent { get; init; }

    /// <summary>What the receivers say.</summary>
    public required Sums Received { get; init; }

    /// <summary>How often streams ended in which way.</summary>
    public required IReadOnlyDictionary<StreamEnd, int> Ends { get; init; }

    /// <summary>Identities over the whole run.</summary>
    public required IReadOnlyList<Identity> Identities { get; init; }

    /// <summary>What did not hold, of single streams.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>What the process held.</summary>
    public required IReadOnlyList<ResourceSample> Samples { get; init; }

    /// <summary>Whether resources are flat.</summary>
    public IReadOnlyList<Flatness> Flatness => [.. Resources.Flatness.Of(Samples)];

    /// <summary>Datagrams that were sent, and are neither received nor known to be lost.</summary>
    public long Unexplained => Identities[0].Difference;

    /// <summary>Whether everything holds.</summary>
    public bool Holds => Findings.Count == 0
        && Identities.All(identity => identity.Difference == 0) && Flatness.All(flatness => flatness.Holds);
}
