// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Managed;
using Spead2.Tools.CaptureFiles;
using Spead2.Tools.Network;
using Spead2.Tools.Output;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 convert`.</summary>
internal static class ConvertCommand
{
    private const double BytesPerGigabit = 1e9 / 8;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        CaptureArguments capture = new();
        Argument<string> output = new("OUTPUT")
        {
            Description = "The new file. A capture is pcap if its name ends in .pcap, else pcapng; with .zst behind it, it is "
                + "compressed by the program zstd.",
        };
        Option<Choice<DatagramFormat>> from = Format("--from", "What FILE is: capture");
        Option<Choice<DatagramFormat>> to = Format("--to", "What OUTPUT becomes: capture");
        Option<string> source = new("--source")
        {
            HelpName = "ADDRESS:PORT",
            Description = "With --from datagrams or packets: who sent them.",
            DefaultValueFactory = _ => "127.0.0.1:7148",
        };
        Option<string> destination = new("--destination")
        {
            HelpName = "ADDRESS:PORT",
            Description = "With --from datagrams or packets: where to.",
            DefaultValueFactory = _ => "127.0.0.1:7148",
        };
        Option<double> rate = NumberOption.Real(
            "--rate", "GBIT/S", "With --from datagrams or packets: how fast they came, from the start of 1970 on; 0: all at once.");
        Option<bool> json = CommonOption.Json();
        Command command = new(
            "convert",
            "Turns captures into files of datagrams or packets, and back, or into another format. "
            + "Example: spead2 convert night.pcapng night.packets --to packets");
        capture.AddTo(command);
        command.Arguments.Add(output);
        foreach (Option option in (Option[])[from, to, source, destination, rate, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            SenderAddress sender = ReadAddress(parsed, source);
            SenderAddress receiver = ReadAddress(parsed, destination);
            if (sender.Length != receiver.Length)
            {
                throw new UserErrorException("--source and --destination are both of IPv4, or both of IPv6.");
            }

            Option[] withoutCapture = [source, destination, rate];
            if (parsed.GetRequiredValue(from).Value == DatagramFormat.Capture &&
                withoutCapture.FirstOrDefault(option => RecvCommand.IsGiven(parsed, option)) is { } misplaced)
            {
                throw new UserErrorException($"{misplaced.Name} goes with --from datagrams or packets only: a capture says it.");
            }

            using Conversion conversion = new(
                new()
                {
                    Input = capture.Read(parsed),
                    From = parsed.GetRequiredValue(from).Value,
                    Output = parsed.GetRequiredValue(output),
                    To = parsed.GetRequiredValue(to).Value,
                    Source = sender,
                    Destination = receiver,
                    BytesPerSecond = parsed.GetValue(rate) * BytesPerGigabit,
                    Json = parsed.GetValue(json),
                },
                terminal);
            return conversion.Run();
        });
        return command;
    }

    private static Option<Choice<DatagramFormat>> Format(string name, string description) => ChoiceOption.Create<DatagramFormat>(
        name,
        "WHAT",
        $"{description}, datagrams (each behind its length, 32 bits, little-endian) or packets (back to back).",
        new("capture", DatagramFormat.Capture),
        new("datagrams", DatagramFormat.Datagrams),
        new("packets", DatagramFormat.Packets));

    private static SenderAddress ReadAddress(ParseResult parsed, Option<string> option)
    {
        string text = parsed.GetRequiredValue(option);
        Endpoint endpoint = CaptureArguments.ReadAddress(text, option.Name);
        return endpoint.Address is { } address
            ? SenderAddress.Of(address.GetAddressBytes(), endpoint.Port)
            : throw new UserErrorException($"{option.Name} needs an address and a port, as in 127.0.0.1:7148, not '{text}'.");
    }
}
