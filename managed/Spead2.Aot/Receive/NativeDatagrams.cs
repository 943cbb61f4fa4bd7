// SPDX-License-Identifier: MIT

using Spead2.Bindings;
using Spead2.Managed;

namespace Spead2.Aot;

/// <summary>Datagrams in the caller's memory.</summary>
internal sealed unsafe class NativeDatagrams(sp2_datagram* datagrams, long count) : Datagrams
{
    public override long Count => count;

    // The end of a datagram that is longer than a span can be belongs to no packet.
    public override ReadOnlySpan<byte> this[long index] =>
        new(datagrams[index].data, (int)Math.Min(datagrams[index].length, int.MaxValue));

    public override void Dispose()
    {
        // The memory is the caller's.
    }
}
