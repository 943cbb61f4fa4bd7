// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>Arrays of <c>struct epoll_event</c>, which is packed on x86 and nowhere else.</summary>
internal static unsafe class EpollEvents
{
    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;

    /// <summary>Bytes of an event.</summary>
    public static int Size => IsPacked ? 12 : 16;

    private static int DataOffset => IsPacked ? 4 : 8;

    public static void Write(byte* @event, uint events, long data)
    {
        Unsafe.WriteUnaligned(@event, events);
        Unsafe.WriteUnaligned(@event + DataOffset, data);
    }

    public static long ReadData(byte* events, int index) =>
        Unsafe.ReadUnaligned<long>(events + index * Size + DataOffset);
}
