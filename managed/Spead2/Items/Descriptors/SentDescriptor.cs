// SPDX-License-Identifier: MIT

namespace Spead2.Items.Descriptors;

/// <summary>
/// The fields of a descriptor as they were sent. Whether they make sense together is not looked at; one that has too
/// much of something has a <see cref="Fault"/>, and not that.
/// </summary>
internal sealed class SentDescriptor
{
    /// <summary>Identifier of the described item; 0 only if there is a fault and nobody knows.</summary>
    public required long Id { get; init; }

    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    /// <summary>Empty if there is none. Otherwise it counts in the place of format and shape.</summary>
    public string NumPyHeader { get; init; } = "";

    /// <summary>The encoding of the three texts that is farthest from ASCII.</summary>
    public TextEncoding TextEncoding { get; init; }

    /// <summary>Whether one of the texts is UTF-8, even if another one is not.</summary>
    public bool HasUtf8 { get; init; }

    public SentField[] Format { get; init; } = [];

    /// <summary>Lengths of the dimensions, or <see cref="ItemShape.Variable"/>.</summary>
    public long[] Shape { get; init; } = [];

    /// <summary>The bugs of the sender that it was read with.</summary>
    public BugCompat BugCompat { get; init; }

    /// <summary>The rule that it breaks, or null.</summary>
    public string? Fault { get; init; }

    /// <summary>Reads the parts that were in a heap.</summary>
    public static SentDescriptor Read(in DescriptorParts parts, BugCompat bugCompat)
    {
        ReadOnlySpan<TextEncoding> encodings =
        [
            SentText.EncodingOf(parts.Name), SentText.EncodingOf(parts.Description), SentText.EncodingOf(parts.Dtype),
        ];
        SentField[] format = DescriptorFields.ReadFormat(
            parts.Format, parts.AddressBits, bugCompat, out string? faultOfFormat);
        long[] shape = DescriptorFields.ReadShape(
            parts.Shape, parts.AddressBits, bugCompat, out string? faultOfShape);
        return new()
        {
            Id = parts.Id,
            Name = SentText.Decoder(encodings[0]).GetString(parts.Name),
            Description = SentText.Decoder(encodings[1]).GetString(parts.Description),
            NumPyHeader = SentText.Decoder(encodings[2]).GetString(parts.Dtype),
            TextEncoding = (TextEncoding)Math.Max(
                (int)encodings[0], Math.Max((int)encodings[1], (int)encodings[2])),
            HasUtf8 = encodings[0] == TextEncoding.Utf8
                || encodings[1] == TextEncoding.Utf8
                || encodings[2] == TextEncoding.Utf8,
            Format = format,
            Shape = shape,
            BugCompat = bugCompat,
            Fault = faultOfShape ?? faultOfFormat,
        };
    }

    /// <summary>Whether the same was sent.</summary>
    public bool IsSame(SentDescriptor other) =>
        Id == other.Id
        && Name == other.Name
        && Description == other.Description
        && NumPyHeader == other.NumPyHeader
        && TextEncoding == other.TextEncoding
        && BugCompat == other.BugCompat
        && Fault == other.Fault
        && Format.AsSpan().SequenceEqual(other.Format)
        && Shape.AsSpan().SequenceEqual(other.Shape);
}
