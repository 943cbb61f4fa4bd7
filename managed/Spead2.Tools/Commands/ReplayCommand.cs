// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Spead2.Tools.CaptureFiles;
using Spead2.Tools.Network;
using Spead2.Tools.Output;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 replay`.</summary>
internal static class ReplayCommand
{
    private const string AnySpeed = "max";
    private const double BytesPerGigabit = 1e9 / 8;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        CaptureArguments capture = new();
        Option<string> to = new("--to")
        {
            HelpName = "ADDRESS:PORT",
            Description = "Where all datagrams are sent; groups by the way of the default route, to the next router.",
            Required = true,
        };
        Option<double> speed = new("--speed")
        {
            HelpName = "FACTOR|max",
            Description = "How many times as fast as they were captured; max does not look at the times of the capture.",
            DefaultValueFactory = _ => 1,
            CustomParser = ReadSpeed,
        };
        Option<double> rate = NumberOption.Real(
            "--rate", "GBIT/S", "Most gigabits of datagrams a second, without the times of the capture; 0 is no limit.");
        Option<bool> json = CommonOption.Json();
        Command command = new(
            "replay",
            "Sends the UDP datagrams of a capture, as they were captured in time, and says how late they were. "
            + "Example: spead2 replay night.pcap --only 239.2.1.150:7148 --to 127.0.0.1:7148")
        {
            to,
            speed,
            rate,
            json,
        };
        capture.AddTo(command);
        command.SetAction(parsed =>
        {
            bool hasRate = RecvCommand.IsGiven(parsed, rate);
            if (hasRate && RecvCommand.IsGiven(parsed, speed))
            {
                throw new UserErrorException("--rate does not go with --speed.");
            }

            using Replay replay = new(
                new()
                {
                    Capture = capture.Read(parsed),
                    To = ReadDestination(parsed.GetRequiredValue(to)),
                    Speed = hasRate ? 0 : parsed.GetValue(speed),
                    BytesPerSecond = parsed.GetValue(rate) * BytesPerGigabit,
                    Json = parsed.GetValue(json),
                },
                terminal);
            return replay.Run();
        });
        return command;
    }

    private static IPEndPoint ReadDestination(string text)
    {
        Endpoint endpoint = CaptureArguments.ReadAddress(text, "--to");
        return endpoint is { Address: { } address, Port: not 0 }
            ? new(address, endpoint.Port)
            : throw new UserErrorException($"--to needs an address and a port, as in 127.0.0.1:7148, not '{text}'.");
    }

    private static double ReadSpeed(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text == AnySpeed)
        {
            return 0;
        }

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double speed) || !(speed > 0) ||
            double.IsInfinity(speed))
        {
            result.AddError($"--speed must be a number above 0, or {AnySpeed}, not '{text}'.");
        }

        return speed;
    }
}
