// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Items;

namespace Spead2.Tools.Receive;

/// <summary>Shows what is received.</summary>
internal interface IReceiveReport : IDisposable
{
    /// <summary>Shows a heap, at once or later. The heap is disposed afterwards.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="update">Its values, if it was interpreted.</param>
    void Add(Heap heap, ItemUpdate? update);

    /// <summary>No heap is waiting: shows what is ready to be shown.</summary>
    void Flush();

    /// <summary>Shows how far it is. Called between heaps, as often as the user asked for.</summary>
    /// <param name="tally">What has become of the heaps so far.</param>
    /// <param name="statistics">The statistics of the stream.</param>
    /// <param name="time">Time since the command began.</param>
    void ShowInterval(HeapTally tally, StreamStatistics statistics, TimeSpan time);

    /// <summary>Shows the sum of it all. Called once, at the end.</summary>
    /// <param name="tally">What became of the heaps.</param>
    /// <param name="statistics">The statistics of the stream.</param>
    /// <param name="dialect">Name of a dialect that takes what was refused; null if there is none.</param>
    /// <param name="verdict">What is known of loss.</param>
    void Finish(HeapTally tally, StreamStatistics statistics, string? dialect, Verdict verdict);
}
