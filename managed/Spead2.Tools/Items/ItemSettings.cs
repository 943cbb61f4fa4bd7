// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Items;

/// <summary>How `spead2 recv` interprets heaps.</summary>
internal sealed record ItemSettings
{
    /// <summary>Items that there are without descriptors.</summary>
    public StreamPreset? Preset { get; init; }

    /// <summary>Most characters of a name.</summary>
    public int MaxNameLength { get; init; } = ItemDescriptor.DefaultMaxNameLength;

    /// <summary>Most characters of a description or NumPy header.</summary>
    public int MaxTextLength { get; init; } = ItemDescriptor.DefaultMaxTextLength;
}
