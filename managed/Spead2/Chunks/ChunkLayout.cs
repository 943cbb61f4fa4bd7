// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// Where heaps belong, as data instead of a function: a sum over axes, each of which is an item whose immediate value every
/// heap has. The first axis is time.
/// </summary>
/// <remarks>
/// Time goes on from chunk to chunk: its distance from the origin, in steps, divided by the axis's count is the chunk, and the
/// remainder the index in it. What comes before the origin is too old. A heap that lacks an item, has a value without an
/// index or another size is rejected; each cause has its statistic.
/// </remarks>
public sealed class ChunkLayout : IValidatableObject
{
    /// <summary>Most <see cref="Axes"/>.</summary>
    public const int MostAxes = 8;

    private const int BitsPerByte = 8;

    /// <summary>The axes, slowest first. The first one is time; heaps by their cnt alone: one axis, of item 1.</summary>
    [Required]
    public IReadOnlyList<ChunkAxis> Axes { get; set; } = [];

    /// <summary>
    /// Time at which chunk 0 begins. By default (<c>null</c>) the first one that any stream of the group gets, rounded down to
    /// a whole chunk.
    /// </summary>
    public long? Origin { get; set; }

    /// <summary>Bytes of each heap. At least 1.</summary>
    [Range(1, int.MaxValue)]
    public long HeapSize { get; set; }

    /// <summary>
    /// Flags of <see cref="Chunk.Present"/> of each heap. By default 1; with <see cref="ChunkOptions.PacketPresenceSize"/> at
    /// least as many as a heap has packets of that size.
    /// </summary>
    [Range(1, int.MaxValue)]
    public long FlagsPerHeap { get; set; } = 1;

    /// <summary>Shape of a heap in elements, for <see cref="Shape"/>. By default it has one axis, of bytes.</summary>
    public IReadOnlyList<long>? HeapShape { get; set; }

    /// <summary>Shape of a chunk: the lengths of the axes, then those of a heap.</summary>
    public IReadOnlyList<long> Shape => [.. Axes.Select(axis => axis.Length), .. HeapShape ?? [HeapSize]];

    /// <summary>Bytes that a chunk needs.</summary>
    public long DataSize => checked(HeapSize + Enumerable.Range(0, Axes.Count).Sum(i => (Axes[i].Length - 1) * DataStrideOf(i)));

    /// <summary>Presence flags that a chunk needs: <see cref="FlagsPerHeap"/> for each heap.</summary>
    public long PresentSize => checked(FlagsPerHeap + Enumerable.Range(0, Axes.Count).Sum(i => (Axes[i].Length - 1) * PresentStrideOf(i)));

    /// <summary>The layout of a kind of stream: its items, types and axes.</summary>
    /// <param name="preset">
    /// The kind, with the lengths of all axes of a heap:
    /// <c>StreamPreset.FEngine.With("channel", 128).With("sample", 256)</c>.
    /// </param>
    /// <param name="heapsPerChunk">Heaps of each source in a chunk.</param>
    /// <param name="step">
    /// How much later the next heap of a source is; <c>null</c> if the preset knows it. For an F-engine: samples of a heap
    /// times twice the channels of the whole band.
    /// </param>
    /// <param name="axes">
    /// Further axes. The first one that names no item is that which tells sources apart (<see cref="StreamPreset.SetId"/>):
    /// <c>new ChunkAxis { Count = 4 }</c> for the antennas 0 to 3.
    /// </param>
    /// <exception cref="ArgumentException">A length or the step is not known, or an axis breaks its rule.</exception>
    public static ChunkLayout Of(StreamPreset preset, long heapsPerChunk, long? step = null, params ChunkAxis[] axes)
    {
        ArgumentNullException.ThrowIfNull(preset);
        ArgumentNullException.ThrowIfNull(axes);
        PresetItem data = preset.Items[^1];
        if (data.Axes.FirstOrDefault(axis => axis.Length == ItemShape.Variable).Name is { } open)
        {
            throw new ArgumentException(
                $"The preset '{preset}' leaves the length of the axis '{open}' open; set it by With(\"{open}\", …).", nameof(preset));
        }

        long elements = data.Axes.Aggregate(1L, (product, axis) => product * axis.Length);
        int bits = data.Descriptor.Type.BitWidth;
        ChunkLayout layout = new()
        {
            Axes =
            [
                new()
                {
                    ItemId = preset.TimeId,
                    Step = step ?? preset.Step
                        ?? throw new ArgumentException($"The step of the preset '{preset}' is a setting of the stream.", nameof(step)),
                    Count = heapsPerChunk,
                },
                .. axes.Select((axis, i) => axis.ItemId != 0 || i != 0 ? axis : new()
                {
                    ItemId = preset.SetId,
                    First = axis.First,
                    Step = axis.Step,
                    Count = axis.Count,
                    Values = axis.Values,
                    DataStride = axis.DataStride,
                    PresentStride = axis.PresentStride,
                }),
            ],
            HeapSize = elements * bits / BitsPerByte,

            // Elements that begin within a byte cannot be those of an array.
            HeapShape = bits % BitsPerByte == 0 ? [.. data.Axes.Select(axis => (long)axis.Length)] : null,
        };
        layout.Validate();
        return layout;
    }

    /// <summary>Checks the layout, as the constructors of streams do.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    public void Validate() => OptionFault.Throw(Faults());

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(Faults());

    /// <summary>Bytes from one index of an axis to the next.</summary>
    internal long DataStrideOf(int axis) => Axes[axis].DataStride ?? checked(HeapSize * LengthBehind(axis));

    /// <summary>Flags from one index of an axis to the next.</summary>
    internal long PresentStrideOf(int axis) => Axes[axis].PresentStride ?? checked(FlagsPerHeap * LengthBehind(axis));

    internal IEnumerable<OptionFault> Faults()
    {
        foreach (OptionFault fault in OptionFault.Outside(HeapSize, 1, int.MaxValue, nameof(HeapSize))
            .Concat(OptionFault.Outside(FlagsPerHeap, 1, int.MaxValue, nameof(FlagsPerHeap))))
        {
            yield return fault;
        }

        if (Axes is null)
        {
            yield return OptionFault.Null(nameof(Axes));
            yield break;
        }

        if (Axes.Count is < 1 or > MostAxes)
        {
            yield return OptionFault.OutOfRange(
                nameof(Axes), Axes.Count, $"The number of {nameof(Axes)} must be from 1 to {MostAxes}.");
            yield break;
        }

        if (Origin < 0)
        {
            yield return OptionFault.OutOfRange(nameof(Origin), Origin, $"{nameof(Origin)} must not be negative.");
        }

        bool isValid = true;
        for (int i = 0; i < Axes.Count; i++)
        {
            foreach (OptionFault fault in FaultsOf(i))
            {
                isValid = false;
                yield return fault;
            }
        }

        if (isValid && IsTooLarge())
        {
            yield return OptionFault.Of(nameof(Axes), $"The {nameof(Axes)} need more bytes, flags or time than there can be.");
        }
    }

    private IEnumerable<OptionFault> FaultsOf(int index)
    {
        ChunkAxis? axis = Axes[index];
        string name = $"{nameof(Axes)}[{index}]";
        if (axis is null)
        {
            return [OptionFault.Null(name)];
        }

        if (axis.Values is { } values && (index == 0 || values.Count is < 1 or > ChunkAxis.MostValues
            || values.Any(value => value < 0) || values.Distinct().Count() != values.Count))
        {
            return
            [
                OptionFault.Of(
                    name,
                    $"{name}.{nameof(axis.Values)} must be from 1 to {ChunkAxis.MostValues} different values, none of them " +
                    "negative; the first axis, which is time, has none."),
            ];
        }

        if (index == 0 && axis.First != 0)
        {
            return
            [
                OptionFault.OutOfRange(
                    $"{name}.{nameof(axis.First)}",
                    axis.First,
                    $"{name}.{nameof(axis.First)} must be 0: where time begins is said by {nameof(Origin)}."),
            ];
        }

        return
        [
            .. OptionFault.Outside(
                axis.ItemId, 1, ReceiveStreamOptions.LargestCountItem, $"{name}.{nameof(axis.ItemId)}"),
            .. OptionFault.Outside(axis.First, 0, long.MaxValue, $"{name}.{nameof(axis.First)}"),
            .. OptionFault.Outside(axis.Step, 1, long.MaxValue, $"{name}.{nameof(axis.Step)}"),
            .. OptionFault.Outside(axis.Count, 1, int.MaxValue, $"{name}.{nameof(axis.Count)}"),
            .. OptionFault.Outside(axis.DataStride ?? 0, 0, long.MaxValue, $"{name}.{nameof(axis.DataStride)}"),
            .. OptionFault.Outside(axis.PresentStride ?? 0, 0, long.MaxValue, $"{name}.{nameof(axis.PresentStride)}"),
        ];
    }

    private bool IsTooLarge()
    {
        try
        {
            _ = checked(Axes[0].Step * Axes[0].Count);
            return PresentSize > int.MaxValue || DataSize < 0;
        }
        catch (OverflowException)
        {
            return true;
        }
    }

    private long LengthBehind(int axis) => Axes.Skip(axis + 1).Aggregate(1L, (product, next) => checked(product * next.Length));
}
