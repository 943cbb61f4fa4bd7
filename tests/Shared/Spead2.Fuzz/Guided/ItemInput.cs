// SPDX-License-Identifier: MIT

using Spead2.Fuzz.Items;
using Spead2.Managed;
using Spead2.Receive;

namespace Spead2.Fuzz.Guided;

/// <summary>
/// Runs an input of bytes: a case of heaps with descriptors and values, or packets that go through the managed engine,
/// whose heaps an item group then gets.
/// </summary>
internal static class ItemInput
{
    /// <summary>Longer inputs are cut.</summary>
    public const int LongestInput = 4096;

    /// <summary>Far above what an input needs.</summary>
    public const long MostAllocation = 64L << 20;

    /// <summary>Bit of the first byte that says that packets follow.</summary>
    public const byte Packets = 0x80;

    private const long LargestHeap = 1 << 16;
    private const int RingHeaps = 1024;

    private static readonly Lazy<IoThreadPool> Pool = new(() => new());

    /// <summary>Runs an input.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="tally">Is counted up.</param>
    /// <param name="begin">Is called when the engine, if the input is for it, has ended.</param>
    /// <param name="refuse">Is told of documented exceptions.</param>
    /// <exception cref="InvalidDataException">A rule is broken.</exception>
    public static void Run(byte[] input, ItemTally tally, Action begin, Action<Exception> refuse)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        if (input.Length > 0 && (input[0] & Packets) != 0)
        {
            RunPackets(input, tally, begin, refuse);
        }
        else
        {
            ItemCase items = ItemBytes.Read(input);
            begin();
            ItemCaseRunner.Run(items, tally, refuse);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        tally.Cases++;
        if (allocated > tally.LargestAllocation)
        {
            (tally.LargestAllocation, tally.LargestCase) = (allocated, tally.Cases);
        }

        if (allocated > MostAllocation)
        {
            throw new InvalidDataException($"Not true: an input allocates at most {MostAllocation} bytes; it does {allocated}");
        }
    }

    private static void RunPackets(byte[] input, ItemTally tally, Action begin, Action<Exception> refuse)
    {
        var heaps = new List<Heap>();
        using var stream = new ManagedReceiveStream(
            new()
            {
                BugCompat = ItemBytes.ReadFlavour(input[0]).BugCompat,
                MaxHeapSize = LargestHeap,
                RingHeaps = RingHeaps,
            },
            pool: Pool.Value);
        stream.AddBufferReader(input.AsMemory(1));
        try
        {
            while (true)
            {
                heaps.Add(stream.Read());
            }
        }
        catch (StreamStoppedException)
        {
            // All heaps are there.
        }

        begin();
        using var group = new ItemGroup();
        using var strict = new ItemGroup { IsStrict = true };
        bool isInStep = true;
        foreach (Heap heap in heaps)
        {
            using (heap)
            {
                isInStep &= ItemCaseRunner.Update(group, strict, isInStep, heap, tally, refuse);
            }

            ItemCaseRunner.ReadAll(group, default, tally, refuse);
        }
    }
}
