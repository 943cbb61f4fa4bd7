// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>A list of datagrams in the form that the C core reads, pinned until it is disposed.</summary>
internal sealed unsafe class NativeDatagrams : IDisposable
{
    private readonly PinnedMemory _memory;

    public NativeDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        _memory = new(datagrams);
        try
        {
            List = (sp2_datagram*)NativeMemory.Alloc((nuint)Count, (nuint)sizeof(sp2_datagram));
        }
        catch
        {
            _memory.Dispose();
            throw;
        }

        for (int i = 0; i < Count; i++)
        {
            List[i] = new() { data = _memory.Address(i), length = (ulong)_memory.Length(i) };
        }
    }

    public sp2_datagram* List { get; }

    public int Count => _memory.Count;

    public void Dispose()
    {
        NativeMemory.Free(List);
        _memory.Dispose();
    }
}
