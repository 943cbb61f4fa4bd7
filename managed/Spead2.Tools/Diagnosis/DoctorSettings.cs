// SPDX-License-Identifier: MIT

using Spead2.Tools.Network;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>What `spead2 doctor` is asked to do.</summary>
internal sealed record DoctorSettings
{
    /// <summary>What is to be received; none: the machine as a whole is looked at.</summary>
    public required IReadOnlyList<Endpoint> Endpoints { get; init; }

    /// <summary>What the sockets have in common.</summary>
    public required UdpSettings Udp { get; init; }

    /// <summary>Size of the sender's packets; null: it is not known.</summary>
    public int? PacketSize { get; init; }

    /// <summary>How long is listened.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Whether programs read the output.</summary>
    public bool Json { get; init; }

    /// <summary>Whether only what is wrong is shown.</summary>
    public bool FindingsOnly { get; init; }
}
