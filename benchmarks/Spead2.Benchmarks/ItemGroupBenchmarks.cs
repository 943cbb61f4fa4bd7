// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Attributes;

namespace Spead2.Benchmarks;

/// <summary>A heap into an item group: an array of 256 floats and one immediate, whose descriptors are known.</summary>
public class ItemGroupBenchmarks : IDisposable
{
    private const int Length = 256;
    private const long FloatsId = 0x1000;
    private const long CountId = 0x1001;

    private readonly ItemGroup _group = new();
    private readonly MemoryHeap _heap = new(Length * sizeof(float), FloatsId, CountId);
    private Item? _floats;

    /// <summary>Adds the items.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _floats = _group.Add(ItemDescriptor.FromNumPy(
            FloatsId, "floats", "", new ItemShape(Length), ItemType.FromNumPy("<f4")));
        _group.Add(ItemDescriptor.FromFormat(CountId, "count", "", ItemShape.Scalar, new FormatField('u', 40)));
    }

    /// <summary>The update alone.</summary>
    [Benchmark]
    public int Update() => _group.Update(_heap).Count;

    /// <summary>The update, and a look at the array in the heap's memory.</summary>
    [Benchmark]
    public float UpdateAndSpan()
    {
        _group.Update(_heap);
        return _floats!.AsSpan<float>()[Length - 1];
    }

    /// <summary>The update, and a copy of the array.</summary>
    [Benchmark]
    public float[] UpdateAndArray()
    {
        _group.Update(_heap);
        return _floats!.ToArray<float>();
    }

    /// <summary>Releases the memory.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _group.Dispose();
        _heap.Dispose();
        GC.SuppressFinalize(this);
    }
}
