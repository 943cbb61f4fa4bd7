// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Tests.Items.Codecs;

/// <summary>
/// Memory with a page before it and one after it that end the process when they are touched. Linux only.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int PageSize = 4096;
    private const int ProtectNone = 0;
    private const int ProtectReadWrite = 3;
    private const int MapPrivateAnonymous = 0x22;

    private readonly byte* _mapping;
    private readonly int _size;

    /// <summary>Makes memory of at least so many bytes.</summary>
    public GuardedMemory(int size)
    {
        _size = (size + PageSize - 1) / PageSize * PageSize;
        nint mapping = Map(0, MappingSize, ProtectNone, MapPrivateAnonymous, -1, 0);
        Assert.That(mapping, Is.Not.EqualTo((nint)(-1)), "memory can be mapped");
        _mapping = (byte*)mapping;
        Assert.That(Protect(mapping + PageSize, (nuint)_size, ProtectReadWrite), Is.Zero, "memory can be protected");
    }

    private nuint MappingSize => (nuint)(_size + (2 * PageSize));

    /// <summary>So many elements directly before the page behind the memory.</summary>
    public Span<T> AtEnd<T>(int count)
        where T : unmanaged =>
        new(_mapping + PageSize + _size - (count * sizeof(T)), count);

    /// <summary>So many elements directly behind the page before the memory.</summary>
    public Span<T> AtStart<T>(int count)
        where T : unmanaged =>
        new(_mapping + PageSize, count);

    public void Dispose() => _ = Unmap((nint)_mapping, MappingSize);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
