// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Help;
using Spead2.Tools.Output;

namespace Spead2.Tools.Commands;

/// <summary>The command `spead2`.</summary>
internal static class SpeadCommand
{
    /// <summary>Runs the command and gives its exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal)
    {
        var root = new Command("spead2", "Receives and sends SPEAD streams.")
        {
            new HelpOption(),
            new VersionOption(),
            RecvCommand.Create(terminal),
            SendCommand.Create(terminal),
            RecordCommand.Create(terminal),
            DumpCommand.Create(terminal),
            ReplayCommand.Create(terminal),
            ConvertCommand.Create(terminal),
            BenchCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            DemoCommand.Create(terminal),
            TopCommand.Create(terminal),
        };
        ParseResult parsed = root.Parse(arguments.Count == 0 ? ["--help"] : arguments);
        if (parsed.Errors.Count > 0)
        {
            return Refuse(terminal, ExplainErrors(parsed));
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = terminal.Writer,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UserErrorException e)
        {
            return Refuse(terminal, e.Message);
        }
        catch (Spead2Exception e)
        {
            return Refuse(terminal, CommandNames.In(e.Message));
        }
    }

    private static string ExplainErrors(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count > 0
            ? $"'{parsed.UnmatchedTokens[0]}' is no command or option here; --help names those that are."
            : parsed.Errors[0].Message;

    private static int Refuse(Terminal terminal, string message)
    {
        terminal.Refuse(message);
        return ExitCode.UserError;
    }
}
