// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.IO.MemoryMappedFiles;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>Payloads in slots of memory that another process can map, too.</summary>
internal sealed unsafe class SharedMemoryAllocator : CountingAllocator
{
    public const int SlotCount = 8;
    public const int SlotSize = 8192;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _first;
    private readonly ConcurrentBag<int> _freeSlots = [.. Enumerable.Range(0, SlotCount)];

    public SharedMemoryAllocator(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.CreateNew, mapName: null, SlotCount * SlotSize);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _first);
    }

    /// <summary>Where in the shared memory a payload is.</summary>
    public long OffsetOf(byte* payload) => payload - _first;

    protected override MemoryBlock Take(long size, in PacketHeader packet) =>
        size <= SlotSize && _freeSlots.TryTake(out int slot)
            ? new(_first + slot * SlotSize, SlotSize)
            : default;

    protected override void GiveBack(in MemoryBlock block)
    {
        Assert.That(block.Size, Is.EqualTo(SlotSize));
        _freeSlots.Add((int)(OffsetOf((byte*)block.Address) / SlotSize));
    }

    protected override void Dispose(bool disposing)
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        base.Dispose(disposing);
    }
}
