// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Soak.Receiving;

/// <summary>The statistics of several streams, and what their consumers saw, added up.</summary>
internal sealed class Sums
{
    private readonly Dictionary<string, long> _values = [];

    /// <summary>Streams that were added.</summary>
    public int Streams { get; private set; }

    /// <summary>Heaps that consumers took: complete.</summary>
    public long Complete { get; private set; }

    /// <summary>Heaps that consumers took: not complete.</summary>
    public long Incomplete { get; private set; }

    /// <summary>Complete heaps of honest senders with the right content.</summary>
    public long Right { get; private set; }

    /// <summary>Those with another content.</summary>
    public long Wrong { get; private set; }

    /// <summary>Names and sums of the statistics in their order; of maxima the largest.</summary>
    public IEnumerable<KeyValuePair<string, long>> Values => _values;

    /// <summary>Datagrams that were taken from the sockets.</summary>
    public long Received => Audit.ReceivedNames.Sum(name => this[name]);

    /// <summary>The sum of a statistic.</summary>
    public long this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Adds a stream that has stopped.</summary>
    public void Add(StreamStatistics statistics, Consumer consumer)
    {
        Complete += consumer.Complete;
        Incomplete += consumer.Incomplete;
        Right += consumer.Right;
        Wrong += consumer.Wrong;
        Add(statistics);
    }

    /// <summary>Adds a stream that has stopped, and has no heaps to take.</summary>
    public void Add(StreamStatistics statistics)
    {
        Streams++;
        foreach ((string name, long value) in statistics)
        {
            long before = this[name];
            _values[name] = name == "max_batch" ? Math.Max(before, value) : before + value;
        }
    }
}
