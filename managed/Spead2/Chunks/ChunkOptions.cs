// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using Spead2.Receive;

namespace Spead2.Chunks;

/// <summary>
/// How a stream places its heaps in chunks. The options are checked and read once, when the stream is made; they may be reused
/// and changed afterwards. One of <see cref="Layout"/>, <see cref="Place"/> and <see cref="NativePlace"/> is set.
/// </summary>
/// <remarks>
/// Whatever <see cref="ReceiveStreamOptions"/> say, heaps without a length are not used, and incomplete heaps leave their
/// bytes in the chunk: <see cref="ReceiveStreamOptions.AllowUnsizedHeaps"/>, <see cref="ReceiveStreamOptions.MaxUnsizedGap"/>,
/// <see cref="ReceiveStreamOptions.ContiguousOnly"/>, <see cref="ReceiveStreamOptions.IncompleteKeepPayload"/> and
/// <see cref="ReceiveStreamOptions.IncompleteKeepPayloadRanges"/> have no effect. Nor have
/// <see cref="ReceiveStreamOptions.RingHeaps"/>, <see cref="ReceiveStreamOptions.SpinTime"/> (those of the group count) and
/// <see cref="IReceiveStream.MemoryAllocator"/>; <see cref="IReceiveStream.PacketCopier"/> has.
/// </remarks>
public sealed class ChunkOptions : IValidatableObject
{
    /// <summary>Most <see cref="Items"/>.</summary>
    public const int MostItems = 1024;

    /// <summary>Largest <see cref="MaxHeapExtra"/>: 64 KiB.</summary>
    public const int LargestHeapExtra = 1 << 16;

    /// <summary>A layout that says where heaps belong, without user code. The fastest way.</summary>
    public ChunkLayout? Layout { get; set; }

    /// <summary>A function that says where a heap belongs.</summary>
    public ChunkPlaceFunction? Place { get; set; }

    /// <summary>
    /// Address of a native function that does so: <c>void (*)(ChunkPlaceData *, size_t)</c> as in spead2, or
    /// <c>void (*)(ChunkPlaceData *, size_t, void *)</c>, which gets <see cref="NativePlaceUser"/>. It must stay valid as long
    /// as the stream.
    /// </summary>
    public nint NativePlace { get; set; }

    /// <summary>What <see cref="NativePlace"/> gets as its third argument.</summary>
    public nint NativePlaceUser { get; set; }

    /// <summary>
    /// Identifiers of the items whose immediate values a place function gets, also the special ones 1 to 4. A layout names its
    /// items itself.
    /// </summary>
    [Required]
    public IReadOnlyList<long> Items { get; set; } = [];

    /// <summary>
    /// Chunks that the stream's own heaps are placed in at a time: how far out of order they may come. At most
    /// <see cref="ChunkGroupOptions.MaxChunks"/>; by default (0) as many. In a group, one less lets other streams be slower.
    /// </summary>
    [Range(0, ChunkGroupOptions.LargestChunks)]
    public int MaxChunks { get; set; }

    /// <summary>Bytes of <see cref="ChunkPlace.Extra"/>. By default 0.</summary>
    [Range(0, LargestHeapExtra)]
    public int MaxHeapExtra { get; set; }

    /// <summary>
    /// With a size: <see cref="Chunk.Present"/> has a flag for each packet with so many bytes of payload, from the heap's index
    /// on, that is set when the packet comes; a layout makes room for them by <see cref="ChunkLayout.FlagsPerHeap"/>. By
    /// default (0) it has one for each complete heap.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int PacketPresenceSize { get; set; }

    /// <summary>What <see cref="Chunk.StreamId"/> says of chunks that this stream needed first. By default 0.</summary>
    public long StreamId { get; set; }

    /// <summary>Checks the options, as streams do.</summary>
    /// <exception cref="ArgumentException">An option breaks its rule; the message and the parameter name it.</exception>
    public void Validate() => OptionFault.Throw(Faults());

    /// <summary>Checks what depends on the group, too.</summary>
    internal void Validate(ChunkGroupOptions group)
    {
        Validate();
        OptionFault.Throw(FaultsIn(group));
    }

    /// <summary>All options that break their rules.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) =>
        OptionFault.ToResults(Faults());

    private IEnumerable<OptionFault> Faults()
    {
        OptionFault[] faults =
        [
            .. OptionFault.Outside(MaxChunks, 0, ChunkGroupOptions.LargestChunks, nameof(MaxChunks)),
            .. OptionFault.Outside(MaxHeapExtra, 0, LargestHeapExtra, nameof(MaxHeapExtra)),
            .. OptionFault.Outside(PacketPresenceSize, 0, int.MaxValue, nameof(PacketPresenceSize)),
        ];
        foreach (OptionFault fault in faults)
        {
            yield return fault;
        }

        if ((Layout is null ? 0 : 1) + (Place is null ? 0 : 1) + (NativePlace == 0 ? 0 : 1) != 1)
        {
            yield return OptionFault.Of(
                nameof(Layout), $"One of {nameof(Layout)}, {nameof(Place)} and {nameof(NativePlace)} must be set, and only one.");
        }

        if (Items is null)
        {
            yield return OptionFault.Null(nameof(Items));
        }
        else if (Items.Count > MostItems)
        {
            yield return OptionFault.OutOfRange(
                nameof(Items), Items.Count, $"The number of {nameof(Items)} must be from 0 to {MostItems}.");
        }
        else if (Items.Any(id => id is < 1 or > ReceiveStreamOptions.LargestCountItem))
        {
            yield return OptionFault.OutOfRange(
                nameof(Items),
                string.Join(", ", Items),
                $"{nameof(Items)} must be from 1 to {ReceiveStreamOptions.LargestCountItem}.");
        }

        foreach (OptionFault fault in Layout?.Faults() ?? [])
        {
            yield return fault;
        }

        if (PacketPresenceSize > 0 && Layout is { HeapSize: > 0 } layout
            && (layout.HeapSize - 1) / PacketPresenceSize + 1 is var packets && layout.FlagsPerHeap < packets)
        {
            yield return OptionFault.Of(
                nameof(PacketPresenceSize),
                $"{nameof(PacketPresenceSize)} makes {packets} packets of each heap, but {nameof(Layout)}." +
                $"{nameof(layout.FlagsPerHeap)} is {layout.FlagsPerHeap}.");
        }
    }

    private IEnumerable<OptionFault> FaultsIn(ChunkGroupOptions group)
    {
        if (MaxChunks > group.MaxChunks)
        {
            yield return OptionFault.OutOfRange(
                nameof(MaxChunks), MaxChunks, $"{nameof(MaxChunks)} must be at most that of the group, which is {group.MaxChunks}.");
        }

        if (Layout is { } layout && (layout.DataSize > group.DataSize || layout.PresentSize > group.PresentSize))
        {
            yield return OptionFault.Of(
                nameof(Layout),
                $"{nameof(Layout)} needs chunks of {layout.DataSize} bytes and {layout.PresentSize} flags; " +
                $"{nameof(ChunkGroupOptions.DataSize)} is {group.DataSize}, {nameof(ChunkGroupOptions.PresentSize)} is " +
                $"{group.PresentSize}.");
        }
    }
}
