// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>A UDP port.</summary>
internal sealed class UdpSource(UdpSourceOptions options) : IPacketSource
{
    private PacketSource? _source;

    public bool IsFile => false;

    public string? SuggestedDialect => _source?.SuggestedDialect;

    public string Name => $"on UDP {options.BindHost ?? "0.0.0.0"} port {_source?.Port ?? options.Port}";

    public void Open()
    {
        // There is nothing to look at before the socket is bound.
    }

    public void AttachTo(IReceiveStream stream, Terminal terminal)
    {
        _source = stream.Add(options);
        terminal.Say($"Listening {Name}.");
    }

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        // The statistics say it all.
    }
}
