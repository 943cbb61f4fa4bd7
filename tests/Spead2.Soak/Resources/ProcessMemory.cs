// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.InteropServices;

namespace Spead2.Soak.Resources;

/// <summary>What the memory of this process is, as the kernel, malloc and the garbage collector say.</summary>
/// <param name="Resident">Bytes of the process that are in memory.</param>
/// <param name="NativeUsed">Bytes of malloc's blocks in use: by the engine, the runtime and libraries.</param>
/// <param name="NativeKept">Bytes that malloc has obtained and nobody uses now.</param>
/// <param name="ManagedUsed">Bytes of managed objects.</param>
internal readonly partial record struct ProcessMemory(long Resident, long NativeUsed, long NativeKept, long ManagedUsed)
{
    /// <summary>What it is now.</summary>
    /// <param name="isQuiet">Whether objects that nobody uses shall be collected first.</param>
    public static ProcessMemory Now(bool isQuiet)
    {
        if (isQuiet)
        {
            // What has a finalizer goes with the second collection.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }

        MallInfo malloc = mallinfo2();
        return new(
            ResidentBytes(),
            (long)(malloc.Used + malloc.Mapped),
            (long)malloc.Free,
            GC.GetTotalMemory(forceFullCollection: false));
    }

    /// <summary>Bytes of the process that are in memory.</summary>
    public static long ResidentBytes() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture)
        * Environment.SystemPageSize;

    [LibraryImport("libc")]
    private static partial MallInfo mallinfo2();

    // struct mallinfo2 of glibc.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct MallInfo
    {
        private readonly nuint _arenas;
        private readonly nuint _freeBlocks;
        private readonly nuint _fastBlocks;
        private readonly nuint _mappedBlocks;
        public readonly nuint Mapped;
        private readonly nuint _unused;
        private readonly nuint _fastBytes;
        public readonly nuint Used;
        public readonly nuint Free;
        private readonly nuint _topBytes;
    }
}
