// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Spead2.Receive;

namespace Spead2.Send;

/// <summary>
/// Packets into queues of this process. While a queue is full the stream waits, which counts as
/// <see cref="SendStatistics.WriterBlocked"/>.
/// </summary>
public sealed class InProcessWriterOptions : PacketWriterOptions
{
    /// <summary>Makes options without a queue.</summary>
    public InProcessWriterOptions()
    {
    }

    /// <summary>Makes options with queues.</summary>
    /// <param name="queues">See <see cref="Queues"/>.</param>
    public InProcessWriterOptions(params IReadOnlyList<InProcessQueueBase> queues) => Queues = queues;

    /// <summary>
    /// Where the packets go: each is one substream. At least one. Disposing the stream waits until what is queued fits:
    /// stop the stream or the queue where nobody reads.
    /// </summary>
    [Required]
    public IReadOnlyList<InProcessQueueBase> Queues { get; set; } = [];

    internal override int SubstreamCount => Queues.Count;

    internal override void AddTo(SendStreamBase stream) => stream.AddInProcess(this);

    internal override IEnumerable<OptionFault> Faults()
    {
        if (Queues is null)
        {
            yield return OptionFault.Null(nameof(Queues));
            yield break;
        }

        if (Queues.Count == 0)
        {
            yield return OptionFault.OutOfRange(nameof(Queues), 0, $"A writer has at least one of {nameof(Queues)}.");
        }

        for (int i = 0; i < Queues.Count; i++)
        {
            if (Queues[i] is null)
            {
                yield return OptionFault.Of(
                    nameof(Queues), string.Create(CultureInfo.InvariantCulture, $"{nameof(Queues)}[{i}] is null."));
            }
        }
    }
}
