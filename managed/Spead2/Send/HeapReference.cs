// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>One sending of a heap. A list of them can be prepared once and sent again and again.</summary>
/// <param name="Heap">The heap.</param>
public readonly record struct HeapReference(HeapToSend Heap)
{
    /// <summary>
    /// Heap cnt; null takes the next one of the stream's sequence, which a cnt that is given does not advance.
    /// </summary>
    public long? Cnt { get; init; }

    /// <summary>Which destination, as <see cref="ISendStream.Add"/> has numbered them.</summary>
    public int Substream { get; init; }

    /// <summary>Bytes per second of this heap; null: the stream's rate; 0: unlimited.</summary>
    public double? Rate { get; init; }
}
