// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Receive;
using Spead2.Tools.Diagnosis;
using Spead2.Tools.Network;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 doctor`.</summary>
internal static class DoctorCommand
{
    private const double UsualTime = 5;
    private const double LongestTime = 3600;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        Argument<string[]> endpoints = new("ENDPOINT")
        {
            Description = $"What is to be received: {Endpoint.Notation}, as in 'spead2 recv'. Without one the machine as a whole "
                + "is looked at.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string> device = new("--interface")
        {
            HelpName = "NAME|ADDRESS",
            Description = "Join multicast groups on this interface, as in eth1 or 10.0.0.1, unless the endpoint has one.",
        };
        Option<long> bufferSize = NumberOption.Whole(
            "--buffer-size", "BYTES", "Socket buffer that the receiver asks for [default: 64 MiB]", null, 0);
        Option<long> packetSize = NumberOption.Whole(
            "--packet-size", "BYTES", "Size of the sender's packets, to be compared with the MTU.", null, 1,
            UdpSourceOptions.LargestDatagram);
        Option<double> seconds = NumberOption.Real(
            "--seconds", "S", "How long to listen, and to watch counters.", UsualTime, most: LongestTime);
        Option<bool> findings = new("--findings") { Description = "Show only what is wrong." };
        Option<bool> json = CommonOption.Json();
        Command command = new(
            "doctor",
            "Says what keeps packets from a receiver on this machine, with the command that cures it. Exit code 1: something is "
            + "wrong. Example: spead2 doctor 239.2.1.150+15:7148 --interface eth1")
        {
            endpoints,
            device,
            bufferSize,
            packetSize,
            seconds,
            findings,
            json,
        };
        command.SetAction(parsed => OperatingSystem.IsLinux()
            ? new Doctor(
                new DoctorSettings
                {
                    Endpoints = [.. (parsed.GetValue(endpoints) ?? []).Select(Read)],
                    Udp = new UdpSettings
                    {
                        Interface = parsed.GetValue(device),
                        BufferSize = RecvCommand.Given(parsed, bufferSize),
                    },
                    PacketSize = (int?)RecvCommand.Given(parsed, packetSize),
                    Time = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                    Json = parsed.GetValue(json),
                    FindingsOnly = parsed.GetValue(findings),
                },
                terminal).Run()
            : throw new UserErrorException("doctor looks at what Linux says of packets; it does not know this system."));
        return command;
    }

    private static Endpoint Read(string text)
    {
        Endpoint endpoint = RecvCommand.ReadArgument(text);
        return endpoint.Port > 0
            ? endpoint
            : throw new UserErrorException($"'{text}' has no port: the system would choose one that nobody sends to.");
    }
}
