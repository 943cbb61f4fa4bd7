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
            Description = "Where datagrams are sent that no --map has; groups by the way of the default route, to the next router.",
        };
        Option<string[]> map = new("--map")
        {
            HelpName = "FROM=TO",
            Description = "Send datagrams to FROM in the capture to TO, as in 239.2.1.150+15:7148=127.0.0.1:7148. Two ranges have "
                + "equally many addresses. May be given several times.",
            AllowMultipleArgumentsPerToken = false,
        };
        Option<long> loop = NumberOption.Whole(
            "--loop", "N", "Send the capture N times, with heap cnts that count on; 0 goes on until Ctrl-C. Packets that stop the "
            + "stream go out the last time only.", 1, 0);
        Option<ulong> timeItem = new("--time-item")
        {
            HelpName = "ID",
            Description = "With --loop: an immediate item that counts on, too, as a time stamp does, for example 0x1600.",
            CustomParser = ReadItem,
        };
        Option<double> drop = NumberOption.Part("--drop", "Lose packets on purpose: this part, as in 0.1%.");
        Option<double> duplicate = NumberOption.Part("--duplicate", "Send packets twice: this part, as in 0.1%.");
        Option<double> corrupt = NumberOption.Part("--corrupt", "Send packets with a wrong bit: this part, as in 0.1%.");
        Option<long> reorder = NumberOption.Whole(
            "--reorder", "N", "Mix packets: up to N overtake another one.", 0, 0, SendCommand.MostReordered);
        Option<long> seed = NumberOption.Whole(
            "--seed", "N", "Which packets --drop, --duplicate, --corrupt and --reorder choose.", 1, 0, int.MaxValue);
        Option<bool> compareTimer = new("--compare-timer")
        {
            Description = "Afterwards wait for the same times without sending, and say how late that is.",
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
            map,
            speed,
            rate,
            loop,
            timeItem,
            drop,
            duplicate,
            corrupt,
            reorder,
            seed,
            compareTimer,
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

            string[] maps = parsed.GetValue(map) ?? [];
            if (maps.Length == 0 && parsed.GetValue(to) is null)
            {
                throw new UserErrorException("Give --to or --map to say where the datagrams go.");
            }

            double factor = hasRate ? 0 : parsed.GetValue(speed);
            if (factor == 0 && parsed.GetValue(compareTimer))
            {
                throw new UserErrorException("--compare-timer goes with the times of the capture, not with --rate or --speed max.");
            }

            CaptureSettings captured = capture.Read(parsed);
            long loops = parsed.GetValue(loop);
            if (loops != 1 && captured.Path == CaptureInput.StandardInput)
            {
                throw new UserErrorException("--loop needs a file, not standard input.");
            }

            bool hasFaults = new Option[] { drop, duplicate, corrupt, reorder }.Any(option => RecvCommand.IsGiven(parsed, option));
            using Replay replay = new(
                new()
                {
                    Capture = captured,
                    Maps = [.. maps.SelectMany(ReplayTargets.ReadMap)],
                    To = parsed.GetValue(to) is { } others ? ReadDestination(others) : null,
                    Loops = loops == 0 ? null : loops,
                    TimeItem = parsed.GetValue(timeItem),
                    Faults = !hasFaults ? null : new(
                        parsed.GetValue(drop),
                        parsed.GetValue(duplicate),
                        (int)parsed.GetValue(reorder),
                        (int)parsed.GetValue(seed),
                        parsed.GetValue(corrupt)),
                    CompareTimer = parsed.GetValue(compareTimer),
                    Speed = factor,
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

    private static ulong ReadItem(ArgumentResult result)
    {
        if (NumberOption.TryReadNumber(result.Tokens[0].Value, out ulong id))
        {
            return id;
        }

        result.AddError($"--time-item must be the identifier of an item, as in 0x1600, not '{result.Tokens[0].Value}'.");
        return 0;
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
