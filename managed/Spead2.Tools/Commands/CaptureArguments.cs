// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Tools.CaptureFiles;
using Spead2.Tools.Network;

namespace Spead2.Tools.Commands;

/// <summary>What commands have in common that look at a capture.</summary>
internal sealed class CaptureArguments
{
    private readonly Argument<string> _file = new("FILE")
    {
        Description = "A capture of pcap or pcapng, also compressed with gzip, xz or zstd where that program is installed; - is "
            + "standard input.",
    };

    private readonly Option<string> _only = new("--only")
    {
        HelpName = "[ADDRESS:]PORT",
        Description = "Use only datagrams to there, as in 239.2.1.150:7148; port 0 is every port.",
    };

    private readonly Option<bool> _outgoing = new("--outgoing")
    {
        Description = "Use frames that the capturing host sent, too. Captures of all interfaces (tcpdump -i any) may have a "
            + "packet twice, sent and received.",
    };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_file);
        command.Options.Add(_only);
        command.Options.Add(_outgoing);
    }

    /// <summary>What a user has given.</summary>
    public CaptureSettings Read(ParseResult parsed)
    {
        Endpoint? only = parsed.GetValue(_only) is { } text ? ReadAddress(text, _only.Name) : null;
        return new()
        {
            Path = parsed.GetRequiredValue(_file),
            Address = only?.Address?.GetAddressBytes(),
            Port = only?.Port ?? 0,
            Outgoing = parsed.GetValue(_outgoing),
        };
    }

    /// <summary>An endpoint that is one address and a port, or a port.</summary>
    public static Endpoint ReadAddress(string text, string option)
    {
        var endpoint = Endpoint.Parse(text, option);
        return endpoint.Count > 1 || endpoint.Senders.Count > 0 || endpoint.Interface is not null ||
            (endpoint.Host is not null && endpoint.Address is null)
            ? throw new UserErrorException($"{option} takes one address and a port, not '{text}'.")
            : endpoint;
    }
}
