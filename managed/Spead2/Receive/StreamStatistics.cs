// SPDX-License-Identifier: MIT

using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Spead2.Receive;

/// <summary>
/// Statistics of a stream at one moment (spead2: <c>StreamStats</c>). The first nine have spead2's
/// meaning; the others explain every packet and heap that was not used. Custom statistics
/// (<see cref="ReceiveStreamOptions.CustomStatistics"/>) follow them.
/// </summary>
/// <remarks>
/// <see cref="Packets"/> is the sum of <see cref="PacketsAccepted"/>, those rejected, <see cref="TooLarge"/> and
/// <see cref="AllocationFailed"/>. What is malformed, mismatched in size, truncated, empty, dropped by the kernel or
/// dropped at the stop never got that far. Names are in spead2's spelling, for example <c>max_batch</c>; the order is fixed.
/// </remarks>
[SuppressMessage("Naming", "CA1710", Justification = "Its properties are what matters.")]
public sealed partial class StreamStatistics : IReadOnlyDictionary<string, long>
{
    // Names of what is a largest value, of which none is too large.
    private const string Maximum = "max_";

    // What says nothing that is remarkable, or is said anyway.
    private static readonly Statistic[] Ordinary =
    [
        Statistic.Heaps, Statistic.Packets, Statistic.PayloadBytes, Statistic.PacketsAccepted, Statistic.Batches,
        Statistic.SinglePacketHeaps, Statistic.SearchDist,
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

    private bool IsOrdinary(int index) =>
        index < FirstCustomIndex &&
        (Ordinary.Contains((Statistic)index) || _names.InOrder[index].StartsWith(Maximum, StringComparison.Ordinal));

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
            if (_values[i] != 0 && !IsOrdinary(i))
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
