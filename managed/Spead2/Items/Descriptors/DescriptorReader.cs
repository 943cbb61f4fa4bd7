// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Items.Descriptors;

/// <summary>
/// Reads the descriptors of a DESCRIPTOR item: packets of inner heaps, one heap after the other, each packet where
/// the one before it ended. What is no packet ends the item, as it ends a stream of packets. A descriptor that breaks a
/// rule is among the others, with its fault; what is none, is cut short or has no identifier is logged and counted only.
/// </summary>
internal sealed class DescriptorReader(ILogger logger)
{
    private readonly List<SentDescriptor> _descriptors = [];

    // The inner heap under assembly.
    private readonly InnerHeap _heap = new();

    // Whether something of the item was ignored.
    private bool _ignores;

    // Whether packets that begin no heap are the rest of one that has been dealt with.
    private bool _passesOver;

    /// <summary>The descriptors read since <see cref="Clear"/>, in order.</summary>
    public IReadOnlyList<SentDescriptor> Descriptors => _descriptors;

    /// <summary>Items since <see cref="Clear"/> of which something was ignored.</summary>
    public int IgnoredItems { get; private set; }

    /// <summary>Forgets the descriptors.</summary>
    public void Clear()
    {
        _descriptors.Clear();
        IgnoredItems = 0;
    }

    /// <summary>Ignores an item that is an immediate, which no packet fits in.</summary>
    public void IgnoreImmediate()
    {
        DescriptorLog.Immediate(logger);
        IgnoredItems++;
    }

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
        _ignores = false;
        _passesOver = false;
        bool goesOn = true;
        while (goesOn && !bytes.IsEmpty)
        {
            if (!InnerPacket.TryDecode(bytes, out InnerPacket packet))
            {
                DescriptorLog.NoPacket(logger, bytes.Length);
                _ignores = true;
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

        goesOn = Finish(heap, bugCompat, mostDescriptors) && goesOn;
        IgnoredItems += _ignores ? 1 : 0;
        return goesOn;
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
                _passesOver = true;
                return Add(new() { Id = id, Fault = InnerHeap.TooLarge }, mostDescriptors);
            case InnerVerdict.PassedOver when heap.IsEmpty && !_passesOver:
                DescriptorLog.CutShort(logger);
                _ignores = true;
                _passesOver = true;
                break;
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
        if (heap.IsEmpty)
        {
            return true;
        }

        _passesOver = false;
        if (!heap.IsContiguous)
        {
            DescriptorLog.CutShort(logger);
            _ignores = true;
            return true;
        }

        DescriptorParts parts = heap.ReadParts(logger);
        if (parts.Id == 0)
        {
            // The end of a stream describes nothing.
            _ignores |= !heap.IsStop;
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
