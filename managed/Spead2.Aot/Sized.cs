// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spead2.Aot;

/// <summary>Structs of callers that begin with their size.</summary>
internal static unsafe class Sized
{
    // No struct of this interface will ever be this long: a larger size is garbage, not a future.
    private const uint LargestSize = 65536;

    /// <summary>
    /// Reads options. Those of a struct that is longer than this library's must be zero there.
    /// </summary>
    public static T Read<T>(T* caller, string name)
        where T : unmanaged => Read(caller, (uint)sizeof(T), name);

    /// <summary>The same for a struct that has got fields since the first release, where its size was the least.</summary>
    public static T Read<T>(T* caller, uint leastSize, string name)
        where T : unmanaged
    {
        uint size = CheckSize(caller, leastSize, name);
        byte* bytes = (byte*)caller;
        for (uint i = (uint)sizeof(T); i < size; i++)
        {
            if (bytes[i] != 0)
            {
                throw Failure.TooNew(
                    $"{name} has a field at byte {i} that this library ({sizeof(T)} bytes) does not know yet; use a " +
                    "newer library");
            }
        }

        T known = default;
        Unsafe.CopyBlockUnaligned(&known, caller, Math.Min(size, (uint)sizeof(T)));
        return known;
    }

    /// <summary>
    /// Writes results as far as the caller knows them, but not the size; what follows in a longer struct becomes zero.
    /// </summary>
    public static void Write<T>(T* caller, in T known, string name)
        where T : unmanaged => Write(caller, known, (uint)sizeof(T), name);

    /// <summary>The same for a struct that has got fields since the first release, where its size was the least.</summary>
    public static void Write<T>(T* caller, in T known, uint leastSize, string name)
        where T : unmanaged
    {
        int size = (int)CheckSize(caller, leastSize, name);
        Span<byte> results = new((byte*)caller + sizeof(uint), size - sizeof(uint));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in known))[sizeof(uint)..];
        int common = Math.Min(results.Length, bytes.Length);
        bytes[..common].CopyTo(results);
        results[common..].Clear();
    }

    private static uint CheckSize(void* caller, uint leastSize, string name)
    {
        uint size = Unsafe.ReadUnaligned<uint>(caller);
        if (size < leastSize || size > LargestSize)
        {
            throw Failure.Argument(
                $"{name}.size is {size}, which no version of this library has had; set it with the INIT macro");
        }

        return size;
    }
}
