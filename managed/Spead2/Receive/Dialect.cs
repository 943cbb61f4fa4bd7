// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// How a packet source reads packets that break a rule of SPEAD and are sent all the same. Without a dialect
/// (<see cref="PacketSourceOptions.Dialect"/>) a source refuses them as malformed.
/// </summary>
/// <remarks>
/// <para>
/// There are dialects by name, each time a new object, and each switch can be set alone. The sources of a stream may have
/// different ones, which are read when the source is added. A packet needs a HEAP_CNT in any case. The packets in item
/// descriptors are read alike whatever the dialect: with <see cref="MissingOffsetIsZero"/> and
/// <see cref="MissingLengthIsRest"/>, where the item is the datagram.
/// </para>
/// <para>
/// The rest of the datagram is what follows the item pointers. A buffer of packets back to back has no datagrams: there
/// it is the rest of the buffer.
/// </para>
/// </remarks>
public sealed record Dialect
{
    /// <summary><see cref="UnpointedItemId"/> of <see cref="SkaLowSps"/>.</summary>
    public const long SkaLowItemId = 0x3301;

    private const long LeastItemId = ItemId.StreamControl + 1;

    // 64-8 has the longest identifiers.
    private const long LargestItemId = (1L << 55) - 1;

    private static readonly (string Name, Func<Dialect> Make)[] Named =
    [
        ("ska-low-sps", () => SkaLowSps),
        ("ska-low-antenna-buffer", () => SkaLowAntennaBuffer),
        ("pyspead", () => PySpead),
        ("datagram-is-heap", () => AnyDatagramIsHeap),
    ];

    /// <summary>
    /// SKA-Low station beams (<c>ska-low-sps</c>): <see cref="DatagramIsHeap"/>, and the payload is the item
    /// <see cref="SkaLowItemId"/>.
    /// </summary>
    public static Dialect SkaLowSps => new() { DatagramIsHeap = true, UnpointedItemId = SkaLowItemId };

    /// <summary>SKA-Low antenna buffers (<c>ska-low-antenna-buffer</c>): <see cref="DatagramIsHeap"/>.</summary>
    public static Dialect SkaLowAntennaBuffer => new() { DatagramIsHeap = true };

    /// <summary>
    /// PySPEAD and ports of it (<c>pyspead</c>): <see cref="MissingOffsetIsZero"/>, <see cref="MissingLengthIsRest"/> and
    /// <see cref="AllowControlOnly"/>.
    /// </summary>
    public static Dialect PySpead => new()
    {
        MissingOffsetIsZero = true,
        MissingLengthIsRest = true,
        AllowControlOnly = true,
    };

    /// <summary>
    /// Firmware whose lengths or offsets are wrong (<c>datagram-is-heap</c>): <see cref="MissingLengthIsRest"/>,
    /// <see cref="DatagramIsHeap"/>, <see cref="IgnoreHeapLength"/>, <see cref="IgnoreOffset"/> and
    /// <see cref="ZeroLengthIsRest"/>.
    /// </summary>
    public static Dialect AnyDatagramIsHeap => new()
    {
        MissingLengthIsRest = true,
        DatagramIsHeap = true,
        IgnoreHeapLength = true,
        IgnoreOffset = true,
        ZeroLengthIsRest = true,
    };

    /// <summary>A packet without PAYLOAD_OFFSET has the offset 0.</summary>
    public bool MissingOffsetIsZero { get; set; }

    /// <summary>The payload of a packet without PAYLOAD_LENGTH is the rest of the datagram.</summary>
    public bool MissingLengthIsRest { get; set; }

    /// <summary>
    /// A packet without HEAP_LENGTH whose PAYLOAD_OFFSET is missing or 0 is a heap, complete as it is, whatever other
    /// packets have its HEAP_CNT.
    /// </summary>
    public bool DatagramIsHeap { get; set; }

    /// <summary>HEAP_LENGTH counts as missing.</summary>
    public bool IgnoreHeapLength { get; set; }

    /// <summary>PAYLOAD_OFFSET counts as missing.</summary>
    public bool IgnoreOffset { get; set; }

    /// <summary>
    /// A packet with an immediate STREAM_CTRL that ends behind its item pointers, without HEAP_LENGTH, PAYLOAD_OFFSET and
    /// PAYLOAD_LENGTH, is a heap without payload.
    /// </summary>
    public bool AllowControlOnly { get; set; }

    /// <summary>Where PAYLOAD_LENGTH is 0 the payload is the rest of the datagram.</summary>
    public bool ZeroLengthIsRest { get; set; }

    /// <summary>
    /// The payload of a heap that no item pointer points to becomes an item with this identifier, from 7; null: it does
    /// not. A heap whose flavour has too few bits for the identifier has no such item.
    /// </summary>
    public long? UnpointedItemId { get; set; }

    /// <summary>Names of dialects, for <see cref="Find"/>.</summary>
    public static IEnumerable<string> GetNames() => Named.Select(named => named.Name);

    /// <summary>The dialect of a name, as <c>spead2 recv --dialect</c> takes it; null if there is none.</summary>
    public static Dialect? Find(string name) => Named.FirstOrDefault(named => named.Name == name).Make?.Invoke();

    /// <summary>The switches as one number.</summary>
    internal DialectFlags Flags =>
        (MissingOffsetIsZero ? DialectFlags.MissingOffsetIsZero : 0) |
        (MissingLengthIsRest ? DialectFlags.MissingLengthIsRest : 0) |
        (DatagramIsHeap ? DialectFlags.DatagramIsHeap : 0) |
        (IgnoreHeapLength ? DialectFlags.IgnoreHeapLength : 0) |
        (IgnoreOffset ? DialectFlags.IgnoreOffset : 0) |
        (AllowControlOnly ? DialectFlags.ControlOnly : 0) |
        (ZeroLengthIsRest ? DialectFlags.ZeroLengthIsRest : 0) |
        (UnpointedItemId is not null ? DialectFlags.UnpointedItem : 0);

    /// <summary>A dialect of switches as one number.</summary>
    internal static Dialect Of(DialectFlags flags, long itemId) => new()
    {
        MissingOffsetIsZero = (flags & DialectFlags.MissingOffsetIsZero) != 0,
        MissingLengthIsRest = (flags & DialectFlags.MissingLengthIsRest) != 0,
        DatagramIsHeap = (flags & DialectFlags.DatagramIsHeap) != 0,
        IgnoreHeapLength = (flags & DialectFlags.IgnoreHeapLength) != 0,
        IgnoreOffset = (flags & DialectFlags.IgnoreOffset) != 0,
        AllowControlOnly = (flags & DialectFlags.ControlOnly) != 0,
        ZeroLengthIsRest = (flags & DialectFlags.ZeroLengthIsRest) != 0,
        UnpointedItemId = (flags & DialectFlags.UnpointedItem) != 0 ? itemId : null,
    };

    /// <summary>The rules that the dialect breaks.</summary>
    internal IEnumerable<OptionFault> Faults() => OptionFault.Outside(
        UnpointedItemId ?? LeastItemId, LeastItemId, LargestItemId, $"{nameof(Dialect)}.{nameof(UnpointedItemId)}");
}
