// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>The items of an inner heap that make a descriptor.</summary>
internal ref struct DescriptorParts
{
    /// <summary>Heap address bits of the inner heap, which the widths of its fields follow.</summary>
    public required int AddressBits { get; init; }

    /// <summary>Identifier that is described; 0 if there is none.</summary>
    public long Id { get; set; }

    public ReadOnlySpan<byte> Name { get; set; }

    public ReadOnlySpan<byte> Description { get; set; }

    public ReadOnlySpan<byte> Format { get; set; }

    public ReadOnlySpan<byte> Shape { get; set; }

    public ReadOnlySpan<byte> Dtype { get; set; }
}
