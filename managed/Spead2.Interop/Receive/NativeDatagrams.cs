// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Receive;

/// <summary>A list of datagrams in the form that the C core reads, pinned until it is disposed.</summary>
internal sealed unsafe class NativeDatagrams : IDisposable
{
    private readonly MemoryHandle[] _pins;

    public NativeDatagrams(IReadOnlyList<ReadOnlyMemory<byte>> datagrams)
    {
        Count = datagrams.Count;
        _pins = new MemoryHandle[Count];
        List = (sp2_datagram*)NativeMemory.Alloc((nuint)Count, (nuint)sizeof(sp2_datagram));
        try
        {
            for (int i = 0; i < Count; i++)
            {
                ReadOnlyMemory<byte> datagram = datagrams[i];
                _pins[i] = datagram.Pin();
                List[i] = new() { data = _pins[i].Pointer, length = (ulong)datagram.Length };
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public sp2_datagram* List { get; }

    public int Count { get; }

    public void Dispose()
    {
        NativeMemory.Free(List);
        Pins.Release(_pins);
    }
}
