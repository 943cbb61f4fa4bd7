// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Datagrams that are pinned.</summary>
internal sealed unsafe class PinnedDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams) : Datagrams
{
    private readonly PinnedMemory _memory = new(datagrams);

    public override long Count => _memory.Count;

    public override ReadOnlySpan<byte> this[long index] => new(_memory.Address((int)index), _memory.Length((int)index));

    public override void Dispose() => _memory.Dispose();
}
