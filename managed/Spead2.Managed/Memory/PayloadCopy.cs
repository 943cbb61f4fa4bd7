// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>How the payload of a stream's packets gets into heaps. Under the stream's lock.</summary>
/// <param name="log">Where a copier's first failure is said.</param>
/// <param name="customStatistics">What a copier may write to.</param>
internal sealed unsafe class PayloadCopy(EngineLog log, long[] customStatistics)
{
    private const ulong Never = ulong.MaxValue;

    // Even with the smallest ring four heaps are under way at full rate: one under assembly, one that waits for room,
    // one in the ring, one in the consumer's hands. From a quarter of the last-level cache on they do not fit it.
    private const ulong AutoCacheShare = 4;

    private static readonly ulong AutoFrom = LastCache.Size == 0 ? Never : LastCache.Size / AutoCacheShare;

    private CopyMethod _method;
    private PacketCopier? _user;
    private bool _userFailed;

    // Heaps with at least this much memory get a non-temporal copy.
    private ulong _nonTemporalFrom = From(CopyMethod.Default);

    // Something was copied so that others may not see it yet.
    private bool _fenceDue;

    public CopyMethod Method
    {
        get => _method;
        set
        {
            _method = value;
            _nonTemporalFrom = From(value);
        }
    }

    public PacketCopier? User
    {
        get => _user;
        set
        {
            _user = value;
            _userFailed = false;
        }
    }

    /// <summary>Whether packets are copied by this class alone, which need not know what they are.</summary>
    public bool IsPlain => _user is null;

    /// <summary>To be called before another processor is told of a heap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fence()
    {
        if (_fenceDue)
        {
            _fenceDue = false;
            NonTemporalCopy.Fence();
        }
    }

    /// <summary>Copies payload of a heap that has this much memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(ReadOnlySpan<byte> payload, byte* destination, ulong capacity)
    {
        if (capacity >= _nonTemporalFrom)
        {
            _fenceDue = true;
            NonTemporalCopy.Copy(payload, destination);
        }
        else
        {
            payload.CopyTo(new Span<byte>(destination, payload.Length));
        }
    }

    /// <summary>Copies a packet to where it belongs in the payload of its heap, which has this much memory.</summary>
    public void Copy(in Packet packet, byte* heap, ulong capacity)
    {
        ulong length = packet.HasHeapLength ? packet.HeapLength : packet.PayloadEnd;
        if (_user is null || !TryUser(_user, packet, new Span<byte>(heap, (int)Math.Min(length, int.MaxValue))))
        {
            Copy(packet.Payload, heap + packet.PayloadOffset, capacity);
        }
    }

    /// <summary>The least memory of heaps that get a non-temporal copy by a method.</summary>
    internal static ulong From(CopyMethod method) => !NonTemporalCopy.IsSupported ? Never : method switch
    {
        CopyMethod.Standard => Never,
        CopyMethod.NonTemporal => 0,
        _ => AutoFrom,
    };

    private bool TryUser(PacketCopier user, in Packet packet, Span<byte> heap)
    {
        try
        {
            user(heap, packet.Describe(customStatistics));
            return true;
        }
        catch (Exception exception)
        {
            if (!_userFailed)
            {
                _userFailed = true;
                log.Write(
                    MessageKind.User,
                    LogLevel.Warning,
                    (packet.Cnt, exception),
                    static x => $"The packet copier failed for heap {x.Cnt}; its packet was copied plainly: "
                        + ExceptionText.Of(x.exception));
            }

            return false;
        }
    }
}
