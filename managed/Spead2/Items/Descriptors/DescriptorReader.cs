// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Reads the descriptors of a DESCRIPTOR item: packets of inner heaps, one heap after the other, each packet where
/// the one before it ended. What is no packet ends the item, as it ends a stream of packets. A descriptor that breaks a
/// rule is among the others, with its fault; what has no identifier is logged only.
/// </summary>
internal sealed class DescriptorReader(ILogger logger)
{
    private readonly List<SentDescriptor> _descriptors = [];

    // The inner heap under assembly.
    private readonly InnerHeap _heap = new();

    /// <summary>The descriptors read since <see cref="Clear"/>, in order.</summary>
    public IReadOnlyList<SentDescriptor> Descriptors => _descriptors;

    /// <summary>Forgets the descriptors.</summary>
    public void Clear() => _descriptors.Clear();

    /// <summary>Reads one item.</summary>
    /// <param name="bytes">The item.</param>
    /// <param name="bugCompat">Bugs of the sender.</param>
    /// <param name="mostDescriptors">Largest number of descriptors together with those of the items before.</param>
    /// <returns>
    /// False if an inner heap says that the stream ends, or there are too many: further items are not to be read.
    /// </returns>
    public bool Read(ReadOnlySpan<byte> bytes, BugCompat bugCompat, int mostDescriptors)
    {
        InnerHeap heap = _heap;
        heap.Clear();
        bool goesOn = true;
        while (goesOn && !bytes.IsEmpty)
        {
            if (!InnerPacket.TryDecode(bytes, out InnerPacket packet))
            {
                DescriptorLog.NoPacket(logger, bytes.Length);
                break;
            }

            bytes = bytes[packet.Size..];
            if (!heap.Takes(packet))
            {
                goesOn = Finish(heap, bugCompat, mostDescriptors);
                heap.Clear();
            }

            goesOn = goesOn && Take(heap, packet, bugCompat, mostDescriptors);
        }

        return Finish(heap, bugCompat, mostDescriptors) && goesOn;
    }

    // False if nothing after this packet is to be read.
    private bool Take(InnerHeap heap, in InnerPacket packet, BugCompat bugCompat, int mostDescriptors)
    {
        bool goesOn = true;
        switch (heap.Add(packet))
        {
            case InnerVerdict.TooLarge:
                long id = heap.IdWith(packet);
                heap.Clear();
                return Add(new() { Id = id, Fault = InnerHeap.TooLarge }, mostDescriptors);
            case InnerVerdict.Added when heap.IsComplete:
                goesOn = !heap.IsStop && Finish(heap, bugCompat, mostDescriptors);
                heap.Clear();
                break;
        }

        return goesOn && !heap.IsStop;
    }

    // False if there are too many descriptors.
    private bool Finish(InnerHeap heap, BugCompat bugCompat, int mostDescriptors)
    {
        if (!heap.IsContiguous)
        {
            return true;
        }

        DescriptorParts parts = heap.ReadParts(logger);
        if (parts.Id == 0)
        {
            DescriptorLog.NoIdentifier(logger);
            return true;
        }

        return Add(SentDescriptor.Read(parts, bugCompat), mostDescriptors);
    }

    private bool Add(SentDescriptor sent, int mostDescriptors)
    {
        if (_descriptors.Count < mostDescriptors)
        {
            _descriptors.Add(sent);
            return true;
        }

        _descriptors.Add(new()
        {
            Id = 0,
            Fault = $"The heap has more than {mostDescriptors} descriptors; the others are left out.",
        });
        return false;
    }
}
