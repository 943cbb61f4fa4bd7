// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Fuzz.Items;

/// <summary>
/// Feeds the heaps of a case to an item group, and to a strict one that refuses what the other one takes in part, and
/// reads all values.
/// </summary>
internal static class ItemCaseRunner
{
    /// <summary>Runs a case.</summary>
    /// <param name="input">The case.</param>
    /// <param name="tally">Is counted up.</param>
    /// <param name="refuse">Is told of documented exceptions.</param>
    public static void Run(ItemCase input, ItemTally tally, Action<Exception> refuse)
    {
        using var group = new ItemGroup();
        using var strict = new ItemGroup { IsStrict = true };
        var accepted = new List<IReadOnlyList<FuzzItem>>();
        int seen = 0;
        foreach (IReadOnlyList<FuzzItem> items in input.Heaps)
        {
            using (Heap heap = FuzzHeap.Create(items, input.Flavour))
            {
                bool isInStep = accepted.Count == seen++;
                if (Update(group, strict, isInStep, heap, tally, refuse))
                {
                    accepted.Add(items);
                }
            }

            ReadAll(group, input.Flavour, tally, refuse);
        }

        CheckState(strict, accepted, input.Flavour);
    }

    /// <summary>Gives a heap to both groups; whether the strict one took it.</summary>
    /// <param name="group">The group.</param>
    /// <param name="strict">The strict group.</param>
    /// <param name="isInStep">Whether the strict group has taken every heap so far.</param>
    /// <param name="heap">The heap.</param>
    /// <param name="tally">Is counted up.</param>
    /// <param name="refuse">Is told of documented exceptions.</param>
    public static bool Update(
        ItemGroup group, ItemGroup strict, bool isInStep, Heap heap, ItemTally tally, Action<Exception> refuse)
    {
        UpdatedItems updated = group.Update(heap);
        foreach (Item item in updated)
        {
            Require(item.HasValue && item.Fault is null, "what is updated has a value");
        }

        foreach (FailedItem failed in updated.Failed)
        {
            CheckFailure(group, failed);
        }

        try
        {
            strict.Update(heap);
            tally.HeapsAccepted++;
            Require(!isInStep || updated.Failed.Count == 0, "what is not refused does not fail");
            return true;
        }
        catch (HeapFormatException exception)
        {
            refuse(exception);
            tally.HeapsRefused++;
            return false;
        }
    }

    private static void CheckFailure(ItemGroup group, in FailedItem failed)
    {
        Require(failed.Reason.Length > 0, "a failure has a reason");
        if (failed.Item is { } item)
        {
            Require(item.Fault == failed.Reason && !item.HasValue, "what failed has the fault and no value");
            Require(group.TryGet(item.Id, out Item? found) && ReferenceEquals(found, item), "what failed is in the group");
            Require(item.Value.ToObject() is null && item.Count == 0, "what failed has no elements");
            _ = item.HasRawBytes ? item.RawBytes.Length : 0;
            _ = item.ToString();
        }
    }

    private static void Require(bool condition, string rule)
    {
        if (!condition)
        {
            throw new InvalidDataException($"Not true: {rule}");
        }
    }

    /// <summary>Reads all values, also those that a heap did not touch.</summary>
    public static void ReadAll(ItemGroup group, Flavour flavour, ItemTally tally, Action<Exception> refuse)
    {
        foreach (Item item in group)
        {
            if (item.Type.Kind != ItemKind.Unknown)
            {
                CheckDescriptor(item.Descriptor, flavour);
            }

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
