// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Reads the descriptors of a DESCRIPTOR item: packets of inner heaps, one heap after the other, each packet where
/// the one before it ended. What is no packet ends the item, as it ends a stream of packets; only descriptors that
/// are there and break a rule are errors.
/// </summary>
internal sealed class DescriptorReader(ILogger logger)
{
    private readonly List<SentDescriptor> _descriptors = [];

    /// <summary>The descriptors read since <see cref="Clear"/>, in order.</summary>
    public IReadOnlyList<SentDescriptor> Descriptors => _descriptors;

    /// <summary>Forgets the descriptors.</summary>
    public void Clear() => _descriptors.Clear();

    /// <summary>Reads one item.</summary>
    /// <param name="bytes">The item.</param>
    /// <param name="bugCompat">Bugs of the sender.</param>
    /// <param name="mostDescriptors">Largest number of descriptors together with those of the items before.</param>
    /// <returns>False if an inner heap says that the stream ends: further items are not to be read.</returns>
    /// <exception cref="HeapFormatException">A descriptor breaks a rule.</exception>
    public bool Read(ReadOnlySpan<byte> bytes, BugCompat bugCompat, int mostDescriptors)
    {
        InnerHeap heap = new();
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
                Finish(heap, bugCompat, mostDescriptors);
                heap.Clear();
            }

            if (heap.TryAdd(packet) && heap.IsComplete)
            {
                goesOn = !heap.IsStop;
                if (goesOn)
                {
                    Finish(heap, bugCompat, mostDescriptors);
                }

                heap.Clear();
            }

            goesOn &= !heap.IsStop;
        }

        Finish(heap, bugCompat, mostDescriptors);
        return goesOn;
    }

    private void Finish(InnerHeap heap, BugCompat bugCompat, int mostDescriptors)
    {
        if (!heap.IsContiguous)
        {
            return;
        }

        DescriptorParts parts = heap.ReadParts(logger);
        if (parts.Id == 0)
        {
            DescriptorLog.NoIdentifier(logger);
            return;
        }

        if (_descriptors.Count == mostDescriptors)
        {
            throw new HeapFormatException($"The heap has more than {mostDescriptors} descriptors.");
        }

        _descriptors.Add(SentDescriptor.Read(parts, bugCompat));
    }
}
