// SPDX-License-Identifier: MIT

using System.ComponentModel.DataAnnotations;

namespace Spead2.Receive;

/// <summary>
/// Datagrams in memory, as if they came one by one from a network that loses nothing. The end of the list stops the
/// stream.
/// </summary>
public sealed class DatagramSourceOptions : PacketSourceOptions
{
    /// <summary>
    /// The datagrams, each exactly one packet. Not copied: they must stay unchanged until the source is removed or the
    /// stream is disposed, and are pinned until then.
    /// </summary>
    [Required]
    public IReadOnlyList<ReadOnlyMemory<byte>> Datagrams { get; set; } = [];

    internal override PacketSource AddTo(ReceiveStreamBase stream) => stream.AddDatagrams(this);

    internal override IEnumerable<OptionFault> Faults()
    {
        if (Datagrams is null)
        {
            yield return OptionFault.Null(nameof(Datagrams));
        }
    }
}
