// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>The fields of a descriptor as they were sent. Whether they make sense together is not looked at.</summary>
internal sealed class SentDescriptor
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    /// <summary>Empty if there is none. Otherwise it counts in the place of format and shape.</summary>
    public required string NumPyHeader { get; init; }

    public required SentField[] Format { get; init; }

    /// <summary>Lengths of the dimensions, or <see cref="ItemShape.Variable"/>.</summary>
    public required long[] Shape { get; init; }

    /// <summary>Reads the parts that were in a heap.</summary>
    /// <exception cref="HeapFormatException">A text is not ASCII, or something is too long.</exception>
    public static SentDescriptor Read(in DescriptorParts parts, BugCompat bugCompat)
    {
        string? name = null;
        try
        {
            name = DescriptorFields.ReadText(parts.Name, "name", ItemDescriptor.MaxNameLength);
            return new()
            {
                Id = parts.Id,
                Name = name,
                Description = DescriptorFields.ReadText(
                    parts.Description, "description", ItemDescriptor.MaxTextLength),
                NumPyHeader = DescriptorFields.ReadText(parts.Dtype, "NumPy header", ItemDescriptor.MaxTextLength),
                Format = DescriptorFields.ReadFormat(parts.Format, parts.AddressBits, bugCompat),
                Shape = DescriptorFields.ReadShape(parts.Shape, parts.AddressBits, bugCompat),
            };
        }
        catch (HeapFormatException exception)
        {
            throw exception.About(parts.Id, name);
        }
    }
}
