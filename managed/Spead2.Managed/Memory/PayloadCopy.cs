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
    private readonly BlockReuse _reuse = new();

    private PacketCopier? _user;
    private bool _userFailed;

    // Something was copied so that others may not see it yet.
    private bool _fenceDue;

    public CopyMethod Method { get; set; }

    public PacketCopier? User
    {
        get => _user;
        set
        {
            _user = value;
            _userFailed = false;
        }
    }

    private bool IsByReuse => Method is CopyMethod.Default or CopyMethod.Auto;

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

    /// <summary>Whether non-temporal stores are chosen for a block that is out of the caches, or not.</summary>
    public bool Chooses(bool isFar) => NonTemporalCopy.IsSupported && Method switch
    {
        CopyMethod.Standard => false,
        CopyMethod.NonTemporal => true,
        _ => isFar,
    };

    /// <summary>At most so many bytes will be copied to a block.</summary>
    /// <returns>True: by non-temporal stores.</returns>
    public bool Take(byte* block, ulong size) =>
        Chooses((IsByReuse && size >= BlockReuse.Least && _reuse.Take((nint)block)) || size > BlockReuse.Far);

    /// <summary>The same where it turns out that they are this many.</summary>
    public bool Widen(ulong size) => Chooses(size > BlockReuse.Far);

    /// <summary>So many bytes have been copied to a block.</summary>
    public void Count(ulong bytes) => _reuse.Add(bytes);

    /// <summary>Copies payload as it was said when its block was taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(ReadOnlySpan<byte> payload, byte* destination, bool isNonTemporal)
    {
        if (isNonTemporal)
        {
            _fenceDue = true;
            NonTemporalCopy.Copy(payload, destination);
        }
        else
        {
            payload.CopyTo(new Span<byte>(destination, payload.Length));
        }
    }

    /// <summary>Copies a packet to where it belongs in the payload of its heap.</summary>
    public void Copy(in Packet packet, byte* heap, bool isNonTemporal)
    {
        ulong length = packet.HasHeapLength ? packet.HeapLength : packet.PayloadEnd;
        if (_user is null || !TryUser(_user, packet, new Span<byte>(heap, (int)Math.Min(length, int.MaxValue))))
        {
            Copy(packet.Payload, heap + packet.PayloadOffset, isNonTemporal);
        }
    }

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
