// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>How the payload of a stream's packets gets into heaps. Under the stream's lock.</summary>
internal sealed unsafe class PayloadCopy(EngineLog log, Tally tally)
{
    // Heaps longer than this do not stay in the caches until their reader gets them.
    private const long LargestCached = 8 << 20;

    private const long AllCached = long.MaxValue;
    private const long NoneCached = -1;

    private CopyMethod _method;
    private PacketCopier? _user;
    private bool _userFailed;

    // Heaps longer than this are copied past the caches.
    private long _longestCached = AllCached;

    public CopyMethod Method
    {
        get => _method;
        set
        {
            _method = value;
            _longestCached = !NonTemporalCopy.IsSupported ? AllCached : value switch
            {
                CopyMethod.NonTemporal => NoneCached,
                CopyMethod.Auto => LargestCached,
                _ => AllCached,
            };
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

    /// <summary>Whether a full fence is needed before another processor is told of a heap.</summary>
    public bool NeedsFence => _longestCached != AllCached;

    /// <summary>Copies payload of a heap of this length, which is 0 if it is not known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(ReadOnlySpan<byte> payload, byte* destination, ulong heapLength)
    {
        if ((long)heapLength > _longestCached)
        {
            NonTemporalCopy.Copy(payload, destination);
        }
        else
        {
            payload.CopyTo(new Span<byte>(destination, payload.Length));
        }
    }

    /// <summary>Copies a packet to where it belongs in the payload of its heap.</summary>
    public void Copy(in Packet packet, byte* heap)
    {
        ulong length = packet.HasHeapLength ? packet.HeapLength : packet.PayloadEnd;
        if (_user is null || !TryUser(_user, packet, new Span<byte>(heap, (int)Math.Min(length, int.MaxValue))))
        {
            Copy(packet.Payload, heap + packet.PayloadOffset, packet.HasHeapLength ? packet.HeapLength : 0);
        }
    }

    private bool TryUser(PacketCopier user, in Packet packet, Span<byte> heap)
    {
        try
        {
            user(heap, packet.Describe(tally.CustomBatch));
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
                    exception,
                    static exception => $"a packet copier failed, so payload is copied plainly: {exception}");
            }

            return false;
        }
    }
}
