// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.Tools.CaptureFiles;
using Spead2.Tools.Output;

namespace Spead2.Tools.Commands;

/// <summary>The options of `spead2 dump`.</summary>
internal static class DumpCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        CaptureArguments capture = new();
        Option<long> count = NumberOption.Whole("--count", "N", "Stop after N datagrams.", null, 1);
        Option<bool> json = CommonOption.Json();
        Command command = new(
            "dump",
            "Explains the packets of a capture field by field, one a line; of what is no packet it says why. "
            + "Example: spead2 dump night.pcap --only 239.2.1.150:7148 --count 10")
        {
            count,
            json,
        };
        capture.AddTo(command);
        command.SetAction(parsed =>
            new Dump(capture.Read(parsed), RecvCommand.Given(parsed, count), parsed.GetValue(json), terminal).Run());
        return command;
    }
}
