// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Fuzz.Items;

/// <summary>Feeds the heaps of a case to an item group and reads all values.</summary>
internal static class ItemCaseRunner
{
    /// <summary>Runs a case.</summary>
    /// <param name="input">The case.</param>
    /// <param name="tally">Is counted up.</param>
    /// <param name="refuse">Is told of documented exceptions.</param>
    public static void Run(ItemCase input, ItemTally tally, Action<Exception> refuse)
    {
        using var group = new ItemGroup();
        var accepted = new List<IReadOnlyList<FuzzItem>>();
        foreach (IReadOnlyList<FuzzItem> items in input.Heaps)
        {
            using (Heap heap = FuzzHeap.Create(items, input.Flavour))
            {
                if (Update(group, heap, tally, refuse))
                {
                    accepted.Add(items);
                }
            }

            ReadAll(group, input.Flavour, tally, refuse);
        }

        if (accepted.Count < input.Heaps.Count)
        {
            CheckState(group, accepted, input.Flavour);
        }
    }

    /// <summary>Gives a heap to a group; whether it took it.</summary>
    public static bool Update(ItemGroup group, Heap heap, ItemTally tally, Action<Exception> refuse)
    {
        try
        {
            group.Update(heap);
            tally.HeapsAccepted++;
            return true;
        }
        catch (HeapFormatException exception)
        {
            refuse(exception);
            tally.HeapsRefused++;
            return false;
        }
    }

    /// <summary>Reads all values, also those that a refused heap did not touch.</summary>
    public static void ReadAll(ItemGroup group, Flavour flavour, ItemTally tally, Action<Exception> refuse)
    {
        foreach (Item item in group)
        {
            CheckDescriptor(item.Descriptor, flavour);
            if (item.HasValue)
            {
                ValueReader.Read(item, refuse);
                tally.Values++;
            }
        }
    }

    /// <summary>Heaps that were refused have left nothing behind.</summary>
    private static void CheckState(ItemGroup group, List<IReadOnlyList<FuzzItem>> accepted, Flavour flavour)
    {
        using var fresh = new ItemGroup();
        foreach (IReadOnlyList<FuzzItem> items in accepted)
        {
            using Heap heap = FuzzHeap.Create(items, flavour);
            fresh.Update(heap);
        }

        string[] expected = [.. fresh.Select(Describe).Order(StringComparer.Ordinal)];
        string[] actual = [.. group.Select(Describe).Order(StringComparer.Ordinal)];
        if (!actual.SequenceEqual(expected))
        {
            throw new InvalidDataException(
                "Not true: refused heaps leave no trace; there is " + string.Join("; ", actual) + ", expected "
                + string.Join("; ", expected));
        }
    }

    private static string Describe(Item item) => $"{item.Descriptor} {item}";

    /// <summary>A descriptor that was read is the same when it is written and read again.</summary>
    private static void CheckDescriptor(ItemDescriptor descriptor, Flavour flavour)
    {
        byte[] encoded;
        try
        {
            encoded = descriptor.Encode(flavour);
        }
        catch (ArgumentException)
        {
            // It came in a packet of another flavour, which has room for more.
            return;
        }

        using var group = new ItemGroup();
        using Heap heap = FuzzHeap.Create([new FuzzItem(ItemId.Descriptor, 0, encoded)], flavour);
        group.Update(heap);
        ItemDescriptor again = group[descriptor.Id].Descriptor;
        if (!again.Equals(descriptor))
        {
            throw new InvalidDataException($"Not true: {descriptor} is read as it was written; it is {again}");
        }
    }
}
