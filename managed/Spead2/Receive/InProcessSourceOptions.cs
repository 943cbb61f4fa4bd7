// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;

namespace Spead2.Receive;

/// <summary>
/// Packets from a queue of this process. Nothing is lost when the ring is full: the queue fills up, and its writers wait.
/// </summary>
public sealed class InProcessSourceOptions : PacketSourceOptions
{
    /// <summary>Makes options without a queue.</summary>
    public InProcessSourceOptions()
    {
    }

    /// <summary>Makes options with a queue.</summary>
    /// <param name="queue">See <see cref="Queue"/>.</param>
    public InProcessSourceOptions(InProcessQueueBase queue) => Queue = queue;

    /// <summary>The queue, which no other source reads from.</summary>
    [Required]
    public InProcessQueueBase? Queue { get; set; }

    internal override PacketSource AddTo(ReceiveStreamBase stream) => stream.AddInProcess(this);

    internal override IEnumerable<OptionFault> Faults()
    {
        if (Queue is null)
        {
            yield return OptionFault.Null(nameof(Queue));
        }
    }
}
