// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Save;

/// <summary>Where and how `spead2 recv` saves heaps.</summary>
internal sealed record SaveSettings
{
    /// <summary>Folder of the files.</summary>
    public required string Folder { get; init; }

    /// <summary>Kind of files.</summary>
    public required SaveFormat Format { get; init; }

    /// <summary>Begin further files when the present ones have so many bytes; null: never.</summary>
    public long? RotateSize { get; init; }

    /// <summary>Begin further files when the present ones have so much time; null: never.</summary>
    public TimeSpan? RotateTime { get; init; }
}
