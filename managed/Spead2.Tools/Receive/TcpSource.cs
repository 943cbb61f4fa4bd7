// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;
using Spead2.Tools.Commands;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Network;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>A TCP port: one connection, or one after the other.</summary>
/// <param name="endpoint">What to listen at; one address.</param>
/// <param name="options">How to receive; host and port are the endpoint's.</param>
internal sealed class TcpSource(Endpoint endpoint, TcpSourceOptions options) : IPacketSource
{
    private PacketSource? _source;

    public bool IsFile => false;

    public bool IsBytestream => true;

    // Dialects are for datagrams.
    public string? SuggestedDialect => null;

    // The port is the last word: programs that start a receiver read which one the system chose.
    public string Name => string.Create(
        CultureInfo.InvariantCulture, $"on TCP {endpoint.Place} port {Port}");

    private int Port => _source?.Port ?? endpoint.Port;

    public void Open()
    {
        // There is nothing to look at before the socket is bound.
    }

    public void AttachTo(IReceiveStream stream, Terminal terminal)
    {
        options.Host = endpoint.Host;
        options.Port = endpoint.Port;
        try
        {
            _source = stream.Add(options);
        }
        catch (Spead2Exception exception)
        {
            throw new UserErrorException(CommandNames.In(exception.Message));
        }

        terminal.Say($"Listening {Name}.");
    }

    public Func<TimeSpan, IReadOnlyList<Finding>>? WatchSilence()
    {
        KernelCounters before = KernelCounters.Read();
        return _ => _source is null
            ? []
            : new TcpSilence(Target.Of(endpoint, new UdpSettings(), NetworkDevice.All()), Port, options.MaxSize, before)
                .Explain(_source.Statistics);
    }

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        PacketSourceStatistics? own = _source?.Statistics;
        if (own is { SkippedBytes: not 0 })
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture, $"{own.SkippedBytes} bytes were passed over in search of a packet."));
        }

        if (own is { UnfinishedBytes: not 0 })
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{own.UnfinishedBytes} bytes of a packet had come when the connection ended."));
        }
    }
}
