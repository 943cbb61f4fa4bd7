// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// Options of a sequence of chunks. They are checked and read once, when the group or stream is made; they may be reused and
/// changed afterwards.
/// </summary>
public sealed class ChunkGroupOptions : IValidatableObject
{
    /// <summary>Default of <see cref="MaxChunks"/>.</summary>
    public const int DefaultMaxChunks = 2;

    /// <summary>Largest number of chunks.</summary>
    public const int LargestChunks = 1 << 16;

    /// <summary>Largest <see cref="Members"/>.</summary>
    public const int LargestMembers = 1 << 16;

    /// <summary>Default of <see cref="MemberTimeout"/>: 1 s.</summary>
    public static readonly TimeSpan DefaultMemberTimeout = TimeSpan.FromSeconds(1);

    // A chunk waits for the consumer, and another one is in its hands.
    private const int ChunksBesideWindow = 2;

    /// <summary>Chunks that heaps are placed in at a time: the window. At least 1.</summary>
    [Range(1, LargestChunks)]
    public int MaxChunks { get; set; } = DefaultMaxChunks;

    /// <summary>
    /// Chunks that are made, and recycled. More than <see cref="MaxChunks"/>; the others wait for the consumer or are in its
    /// hands. By default (0) two more.
    /// </summary>
    [Range(0, LargestChunks)]
    public int Chunks { get; set; }

    /// <summary>
    /// Chunks that may wait for the consumer until the streams pause. By default (0) all. At its end a group lets the whole
    /// window wait, however many do already.
    /// </summary>
    [Range(0, LargestChunks)]
    public int DataRingChunks { get; set; }

    /// <summary>Bytes of <see cref="Chunk.Data"/>. At least 1.</summary>
    [Range(1d, long.MaxValue)]
    public long DataSize { get; set; }

    /// <summary>Length of <see cref="Chunk.Present"/>, in flags of one byte each. At least 1.</summary>
    [Range(1, int.MaxValue)]
    public long PresentSize { get; set; }

    /// <summary>Bytes of <see cref="Chunk.Extra"/>. By default 0.</summary>
    [Range(0, int.MaxValue)]
    public long ExtraSize { get; set; }

    /// <summary>
    /// Shape of a chunk in elements, slowest axis first, for <see cref="Chunk.AsTensorSpan{T}"/>. By default it has one axis.
    /// </summary>
    [Required]
    public IReadOnlyList<long> Shape { get; set; } = [];

    /// <summary>
    /// Streams of a group: it ends when so many have been made and have ended. At least 1; a chunk stream has always one.
    /// </summary>
    [Range(1, LargestMembers)]
    public int Members { get; set; } = 1;

    /// <summary>When a chunk leaves the window of a group. By default as soon as a stream needs a newer one.</summary>
    public ChunkEviction Eviction { get; set; }

    /// <summary>
    /// With <see cref="ChunkEviction.Lossless"/>: how long streams that are ahead wait for one of which no heap is placed.
    /// After that time it counts as ahead until it has a heap. At most <see cref="int.MaxValue"/> milliseconds;
    /// <see cref="Timeout.InfiniteTimeSpan"/>: for good.
    /// </summary>
    public TimeSpan MemberTimeout { get; set; } = DefaultMemberTimeout;

    /// <summary>
    /// How long a blocking read looks for a chunk before it sleeps. At most <see cref="int.MaxValue"/> milliseconds. Blocking
    /// reads of the C core sleep at once; 0 keeps asynchronous reads of both engines from looking for a moment.
    /// </summary>
    public TimeSpan SpinTime { get; set; } = ReceiveStreamOptions.DefaultSpinTime;

    /// <summary>Number of chunks that are made.</summary>
    internal int ChunksMade => Chunks == 0 ? MaxChunks + ChunksBesideWindow : Chunks;

    /// <summary>Number of chunks that may wait.</summary>
    internal int DataRingCapacity => DataRingChunks == 0 ? ChunksMade : DataRingChunks;

    /// <summary>The sizes and the shape of a layout, and the defaults.</summary>
    public static ChunkGroupOptions For(ChunkLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        layout.Validate();
        return new() { DataSize = layout.DataSize, PresentSize = layout.PresentSize, Shape = layout.Shape };
    }

    /// <summary>Checks the options, as the constructors of groups and streams do.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    public void Validate() => OptionFault.Throw(Faults());

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(Faults());

    private IEnumerable<OptionFault> Faults()
    {
        OptionFault[] faults =
        [
            .. OptionFault.Outside(MaxChunks, 1, LargestChunks, nameof(MaxChunks)),
            .. OptionFault.Outside(Chunks, 0, LargestChunks, nameof(Chunks)),
            .. OptionFault.Outside(DataRingChunks, 0, LargestChunks, nameof(DataRingChunks)),
            .. OptionFault.Outside(Members, 1, LargestMembers, nameof(Members)),
            .. OptionFault.Outside(DataSize, 1, long.MaxValue, nameof(DataSize)),
            .. OptionFault.Outside(PresentSize, 1, int.MaxValue, nameof(PresentSize)),
            .. OptionFault.Outside(ExtraSize, 0, int.MaxValue, nameof(ExtraSize)),
        ];
        foreach (OptionFault fault in faults)
        {
            yield return fault;
        }

        if (Chunks != 0 && Chunks <= MaxChunks)
        {
            yield return OptionFault.OutOfRange(
                nameof(Chunks), Chunks, $"{nameof(Chunks)} must be 0, or more than {nameof(MaxChunks)}, which is {MaxChunks}.");
        }

        if (!Enum.IsDefined(Eviction))
        {
            yield return OptionFault.OutOfRange(
                nameof(Eviction), Eviction, $"{nameof(Eviction)} must be one of {nameof(ChunkEviction)}.");
        }

        if (MemberTimeout != Timeout.InfiniteTimeSpan
            && (MemberTimeout <= TimeSpan.Zero || MemberTimeout.TotalMilliseconds > int.MaxValue))
        {
            yield return OptionFault.OutOfRange(
                nameof(MemberTimeout),
                MemberTimeout,
                $"{nameof(MemberTimeout)} must be more than 0 and at most {int.MaxValue} ms, or Timeout.InfiniteTimeSpan.");
        }

        if (SpinTime < TimeSpan.Zero || SpinTime.TotalMilliseconds > int.MaxValue)
        {
            yield return OptionFault.OutOfRange(
                nameof(SpinTime), SpinTime, $"{nameof(SpinTime)} must be from 0 to {int.MaxValue} ms.");
        }

        if (Shape is null)
        {
            yield return OptionFault.Null(nameof(Shape));
        }
        else if (Shape.Any(length => length < 1))
        {
            yield return OptionFault.OutOfRange(
                nameof(Shape), string.Join(", ", Shape), $"The lengths of {nameof(Shape)} must be at least 1.");
        }
    }
}
