// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Spead2.Chunks;

namespace Spead2.Managed;

/// <summary>Says where heaps belong, by their first packets. Under the stream's lock.</summary>
internal abstract class ChunkPlacer
{
    /// <summary>What the options ask for.</summary>
    public static ChunkPlacer Of(ChunkOptions options, ChunkOrigin origin, EngineLog log, long[] customStatistics) =>
        options.Layout is { } layout ? new LayoutPlacer(layout, origin)
        : options.Place is { } place ? new FunctionPlacer(place, options, log, customStatistics)
        : new NativePlacer(options, customStatistics);

    /// <summary>Says where the heap belongs of which this is the first packet.</summary>
    public abstract void Place(in Packet packet, out Placement placement);

    /// <summary>What the placement has written of the heap beside its payload.</summary>
    public virtual ReadOnlySpan<byte> Extra => [];

    /// <summary>
    /// Looks up the values of items in a packet: <see cref="Wire.LengthUnknown"/>, which is -1, of those without. The special four are
    /// what the dialect makes of the packet.
    /// </summary>
    protected static void FindValues(in Packet packet, ReadOnlySpan<ulong> ids, Span<ulong> values)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            values[i] = ids[i] switch
            {
                ItemId.HeapCnt => packet.Cnt,
                ItemId.HeapLength => packet.HeapLength,
                ItemId.PayloadOffset => packet.PayloadOffset,
                ItemId.PayloadLength => packet.PayloadLength,
                _ => Wire.LengthUnknown,
            };
        }

        for (ReadOnlySpan<byte> rest = packet.Items; !rest.IsEmpty; rest = rest[Wire.PointerSize..])
        {
            ulong pointer = BinaryPrimitives.ReadUInt64BigEndian(rest);
            ulong id = Wire.Id(pointer, packet.AddressBits);
            if ((pointer & Wire.ImmediateBit) == 0 || id is >= ItemId.HeapCnt and <= ItemId.PayloadLength)
            {
                continue;
            }

            for (int i = 0; i < ids.Length; i++)
            {
                values[i] = ids[i] == id ? Wire.Value(pointer, packet.AddressBits) : values[i];
            }
        }
    }
}

/// <summary>What places by user code have in common: values of items, and room for extra data.</summary>
internal abstract unsafe class UserPlacer : ChunkPlacer
{
    private const int ExtraAlignment = 16;

    private readonly ulong[] _ids;
    private readonly byte[] _extra;
    private readonly int _extraStart;
    private readonly int _extraSize;

    protected UserPlacer(ChunkOptions options, long[] customStatistics)
    {
        _ids = [.. options.Items.Select(id => (ulong)id)];
        Values = GC.AllocateArray<long>(_ids.Length, pinned: true);
        CustomStatistics = customStatistics;
        _extraSize = options.MaxHeapExtra;
        _extra = GC.AllocateArray<byte>(_extraSize + ExtraAlignment, pinned: true);
        fixed (byte* start = _extra)
        {
            _extraStart = (int)(-(nint)start & (ExtraAlignment - 1));
        }
    }

    public override ReadOnlySpan<byte> Extra => ExtraRoom;

    /// <summary>Does not move in memory.</summary>
    protected long[] Values { get; }

    /// <summary>Does not move in memory.</summary>
    protected long[] CustomStatistics { get; }

    /// <summary>Does not move in memory.</summary>
    protected Span<byte> ExtraRoom => _extra.AsSpan(_extraStart, _extraSize);

    /// <summary>Looks up the values of the items in a packet.</summary>
    protected void FindValues(in Packet packet) =>
        FindValues(packet, _ids, MemoryMarshal.Cast<long, ulong>(Values.AsSpan()));
}

/// <summary>A user-supplied delegate.</summary>
internal sealed class FunctionPlacer(
    ChunkPlaceFunction function, ChunkOptions options, EngineLog log, long[] customStatistics)
    : UserPlacer(options, customStatistics)
{
    private bool _hasFailed;

    public override void Place(in Packet packet, out Placement placement)
    {
        FindValues(packet);
        ChunkPlace place = new()
        {
            Packet = packet.Bytes,
            Items = Values,
            CustomStatistics = CustomStatistics,
            Extra = ExtraRoom,
            ChunkId = -1,
        };
        try
        {
            function(ref place);
        }
        catch (Exception exception)
        {
            place.ChunkId = -1;
            SayFailed(packet.Cnt, exception);
        }

        placement = new()
        {
            Outcome = Placement.Placed,
            ChunkId = place.ChunkId,
            HeapIndex = (ulong)place.HeapIndex,
            HeapOffset = (ulong)place.HeapOffset,
            ExtraOffset = (ulong)place.ExtraOffset,
            ExtraSize = (ulong)place.ExtraSize,
        };
    }

    private void SayFailed(ulong cnt, Exception exception)
    {
        if (!_hasFailed)
        {
            _hasFailed = true;
            log.Write(
                MessageKind.User,
                LogLevel.Warning,
                (cnt, exception),
                static x => $"Place failed for heap {x.cnt}, which was rejected: {ExceptionText.Of(x.exception)}");
        }
    }
}

/// <summary>A user-supplied native function.</summary>
internal sealed unsafe class NativePlacer(ChunkOptions options, long[] customStatistics)
    : UserPlacer(options, customStatistics)
{
    // One with two parameters does not look at the third.
    private readonly delegate* unmanaged<ChunkPlaceData*, nuint, void*, void> _function =
        (delegate* unmanaged<ChunkPlaceData*, nuint, void*, void>)options.NativePlace;

    private readonly void* _user = (void*)options.NativePlaceUser;

    public override void Place(in Packet packet, out Placement placement)
    {
        FindValues(packet);
        fixed (byte* bytes = packet.Bytes)
        fixed (long* items = Values)
        fixed (byte* extra = ExtraRoom)
        fixed (long* statistics = CustomStatistics)
        {
            ChunkPlaceData place = new()
            {
                Packet = bytes,
                PacketSize = (nuint)packet.Bytes.Length,
                Items = items,
                ChunkId = -1,
                BatchStats = (ulong*)statistics,
                Extra = extra,
            };
            _function(&place, (nuint)sizeof(ChunkPlaceData), _user);
            placement = new()
            {
                Outcome = Placement.Placed,
                ChunkId = place.ChunkId,
                HeapIndex = place.HeapIndex,
                HeapOffset = place.HeapOffset,
                ExtraOffset = place.ExtraOffset,
                ExtraSize = place.ExtraSize,
            };
        }
    }
}
