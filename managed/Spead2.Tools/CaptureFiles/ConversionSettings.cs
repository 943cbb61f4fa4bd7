// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Tools.CaptureFiles;

/// <summary>What `spead2 convert` reads and writes.</summary>
internal sealed record ConversionSettings
{
    /// <summary>What is read.</summary>
    public required CaptureSettings Input { get; init; }

    /// <summary>What it is.</summary>
    public DatagramFormat From { get; init; }

    /// <summary>The new file.</summary>
    public required string Output { get; init; }

    /// <summary>What it becomes.</summary>
    public DatagramFormat To { get; init; }

    /// <summary>Who has sent datagrams of which the input does not say it.</summary>
    public SenderAddress Source { get; init; }

    /// <summary>To where, of the same family.</summary>
    public SenderAddress Destination { get; init; }

    /// <summary>Bytes a second at which such datagrams came; 0: all at once.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>Whether the report is JSON.</summary>
    public bool Json { get; init; }
}
