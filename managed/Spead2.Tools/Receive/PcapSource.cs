// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>The UDP datagrams of a capture.</summary>
/// <param name="options">What to read.</param>
internal sealed class PcapSource(PcapSourceOptions options) : IPacketSource
{
    private PacketSource? _source;

    public bool IsFile => true;

    public string? SuggestedDialect => _source?.SuggestedDialect;

    public string Name => $"from '{options.Path}'";

    public void Open()
    {
        // What is wrong with the file shows when it is added.
    }

    public void AttachTo(IReceiveStream stream, Terminal terminal)
    {
        try
        {
            _source = stream.Add(options);
        }
        catch (Spead2Exception exception)
        {
            throw new UserErrorException(CommandNames.In(exception.Message));
        }
    }

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        if (_source?.Statistics is not { } own)
        {
            return;
        }

        (long Count, string Text)[] reasons =
        [
            (own.FramesOther, "hold no UDP datagram"),
            (own.FramesFiltered, "are to other endpoints"),
            (own.FramesOutgoing, "were sent by the capturing host (--outgoing uses them)"),
            (own.FramesTruncated, "have no end (capture with a larger snapshot length, as tcpdump -s 0 does)"),
            (own.FramesMalformed, "have headers that contradict their length"),
            (own.FramesUnreadable, "are of a link type or interface that cannot be read"),
            (own.FragmentsLost, "are fragments of packets with gaps"),
        ];
        string[] unused =
        [
            .. reasons.Where(reason => reason.Count != 0).Select(reason => $"{Readable.Number(reason.Count)} {reason.Text}"),
        ];
        if (unused.Length != 0)
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"Of {Readable.Number(own.Frames)} frames not used: {string.Join("; ", unused)}."));
        }
    }
}
