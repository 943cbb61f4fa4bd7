// SPDX-License-Identifier: MIT

using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Spead2.Receive;

/// <summary>
/// Statistics of a stream at one moment (receiving.txt: <c>StreamStats</c>). The first nine have receiving.txt's
/// meaning; the others explain every packet and heap that was not used. Custom statistics
/// (<see cref="ReceiveStreamOptions.CustomStatistics"/>) follow them.
/// </summary>
/// <remarks>
/// <see cref="Packets"/> is the sum of <see cref="PacketsAccepted"/>, those rejected, <see cref="TooLarge"/> and
/// <see cref="AllocationFailed"/>. What is malformed, mismatched in size, truncated, empty, dropped by the kernel or
/// dropped at the stop never got that far. Names are in receiving.txt's spelling, for example <c>max_batch</c>; the order is fixed.
/// </remarks>
[SuppressMessage("Naming", "CA1710", Justification = "Its properties are what matters.")]
public sealed class StreamStatistics : IReadOnlyDictionary<string, long>
{
    // What says nothing that is remarkable, or is said anyway.
    private static readonly Statistic[] Ordinary =
    [
        Statistic.Heaps, Statistic.Packets, Statistic.PayloadBytes, Statistic.PacketsAccepted, Statistic.Batches,
        Statistic.MaxBatch, Statistic.SinglePacketHeaps, Statistic.SearchDist,
    ];

    private readonly ImmutableArray<long> _values;
    private readonly StatisticNames _names;

    /// <summary>Takes the values in the order of the names; without names there are no custom statistics.</summary>
    internal StreamStatistics(ImmutableArray<long> values, StatisticNames? names = null)
    {
        _names = names ?? StatisticNames.Known;
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, _names.InOrder.Length, nameof(values));
        _values = values;
    }

    /// <summary>Names of those that are not custom ones.</summary>
    internal static ImmutableArray<string> Names => StatisticNames.Known.InOrder;

    /// <summary>Heaps put into the stream: complete, evicted and flushed ones.</summary>
    public long Heaps => this[Statistic.Heaps];

    /// <summary>Incomplete heaps pushed out by newer heaps.</summary>
    public long IncompleteHeapsEvicted => this[Statistic.IncompleteHeapsEvicted];

    /// <summary>Heaps still under assembly when the stream stopped.</summary>
    public long IncompleteHeapsFlushed => this[Statistic.IncompleteHeapsFlushed];

    /// <summary>Packets that reached the assembly, used or not.</summary>
    public long Packets => this[Statistic.Packets];

    /// <summary>Times that a packet reader delivered packets as a unit.</summary>
    public long Batches => this[Statistic.Batches];

    /// <summary>Most packets in one such unit.</summary>
    public long MaxBatch => this[Statistic.MaxBatch];

    /// <summary>Packets that are a heap of their own.</summary>
    public long SinglePacketHeaps => this[Statistic.SinglePacketHeaps];

    /// <summary>Hash table entries looked at; a debugging aid.</summary>
    public long SearchDist => this[Statistic.SearchDist];

    /// <summary>Times that a finished heap found the ring full: the stream is not read fast enough.</summary>
    public long WorkerBlocked => this[Statistic.WorkerBlocked];

    /// <summary>Packets that became part of a heap.</summary>
    public long PacketsAccepted => this[Statistic.PacketsAccepted];

    /// <summary>Payload bytes of the accepted packets.</summary>
    public long PayloadBytes => this[Statistic.PayloadBytes];

    /// <summary>Packets without a heap length where unsized heaps are not allowed.</summary>
    public long RejectedUnsized => this[Statistic.RejectedUnsized];

    /// <summary>Packets whose heap length contradicts what is known of the heap.</summary>
    public long RejectedLength => this[Statistic.RejectedLength];

    /// <summary>Packets of another flavour than the first packet of their heap.</summary>
    public long RejectedFlavour => this[Statistic.RejectedFlavour];

    /// <summary>Packets that are not the next one of their heap, where order is required.</summary>
    public long RejectedOrder => this[Statistic.RejectedOrder];

    /// <summary>Packets whose payload had been received already.</summary>
    public long RejectedDuplicate => this[Statistic.RejectedDuplicate];

    /// <summary>Packets of whose payload a part had been received already.</summary>
    public long RejectedOverlap => this[Statistic.RejectedOverlap];

    /// <summary>Packets of heaps that are larger than allowed or have too many parts.</summary>
    public long TooLarge => this[Statistic.TooLarge];

    /// <summary>Packets for whose heap there was no memory.</summary>
    public long AllocationFailed => this[Statistic.AllocationFailed];

    /// <summary>Datagrams or bytes that are not a SPEAD packet.</summary>
    public long Malformed => this[Statistic.Malformed];

    /// <summary>Datagrams that are longer than the packet in them.</summary>
    public long SizeMismatch => this[Statistic.SizeMismatch];

    /// <summary>Datagrams that are larger than the reader accepts.</summary>
    public long Truncated => this[Statistic.Truncated];

    /// <summary>Datagrams without a byte.</summary>
    public long Empty => this[Statistic.Empty];

    /// <summary>Datagrams dropped by the kernel, mostly because the socket's buffer was full.</summary>
    public long KernelDrops => this[Statistic.KernelDrops];

    /// <summary>Heaps with a stop item, which end the stream unseen.</summary>
    public long StopHeaps => this[Statistic.StopHeaps];

    /// <summary>Incomplete heaps that were not delivered because only contiguous ones are wanted.</summary>
    public long IncompleteHeapsDropped => this[Statistic.IncompleteHeapsDropped];

    /// <summary>Heaps under assembly when the user stopped the stream.</summary>
    public long HeapsDroppedAtStop => this[Statistic.HeapsDroppedAtStop];

    /// <summary>
    /// Datagrams that had been taken from a socket when the stream stopped, and were not used. Those that still
    /// waited in the socket are not among them.
    /// </summary>
    public long DatagramsDroppedAtStop => this[Statistic.DatagramsDroppedAtStop];

    /// <summary>
    /// Index of the first custom statistic. It differs between versions of the library; <see cref="IndexOf"/> finds a
    /// statistic by its name.
    /// </summary>
    public int FirstCustomIndex => _names.BuiltInCount;

    /// <summary>Number of statistics, custom ones included.</summary>
    public int Count => _values.Length;

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Keys => _names.InOrder;

    /// <summary>The values, in order.</summary>
    public IEnumerable<long> Values => _values;

    /// <summary>The value of the statistic of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such statistic.</exception>
    public long this[string name] =>
        TryGetValue(name, out long value)
            ? value
            : throw new KeyNotFoundException($"The stream has no statistic that is called \"{name}\".");

    /// <summary>The value of the statistic at an index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such statistic.</exception>
    public long this[int index] =>
        (uint)index < (uint)Count
            ? _values[index]
            : throw new ArgumentOutOfRangeException(
                nameof(index), index, $"The stream has statistics 0 to {Count - 1}.");

    private long this[Statistic statistic] => _values[(int)statistic];

    /// <summary>Finds the index of a statistic, which is the same for the stream's whole life.</summary>
    /// <returns>-1 if there is no such statistic.</returns>
    public int IndexOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _names.IndexOf(name);
    }

    /// <summary>Whether there is a statistic of this name.</summary>
    public bool ContainsKey(string key) => IndexOf(key) >= 0;

    /// <summary>Gives the value of the statistic of a name, if there is one.</summary>
    public bool TryGetValue(string key, out long value)
    {
        int index = IndexOf(key);
        value = index < 0 ? 0 : _values[index];
        return index >= 0;
    }

    /// <summary>Names and values, in order.</summary>
    public IEnumerator<KeyValuePair<string, long>> GetEnumerator() =>
        _names.InOrder.Zip(_values, KeyValuePair.Create).GetEnumerator();

    /// <summary>
    /// One line: what was received, then whatever was lost, refused or otherwise remarkable, and custom statistics, as
    /// far as they are not zero. For example <c>1000 heaps of 8000 packets, 8192000 bytes; kernel drops 12</c>.
    /// </summary>
    public override string ToString()
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"{Heaps} heaps of {Packets} packets, {PayloadBytes} bytes");
        string separator = "; ";
        for (int i = 0; i < Count; i++)
        {
            if (_values[i] != 0 && !Ordinary.Contains((Statistic)i))
            {
                string name = i < FirstCustomIndex ? _names.InOrder[i].Replace('_', ' ') : _names.InOrder[i];
                line.Append(CultureInfo.InvariantCulture, $"{separator}{name} {_values[i]}");
                separator = ", ";
            }
        }

        return line.ToString();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
