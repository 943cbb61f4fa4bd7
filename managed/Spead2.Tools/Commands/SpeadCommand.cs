// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Spead2.Tools.Help;
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
            new VersionOption { Action = new EngineVersions(terminal), Description = "Show the versions of command and engines" },
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
            CompletionCommand.Create(terminal),
        };
        root.Add(ManualPage.Create(root, terminal));
        root.Add(CompletionCommand.CreateForScripts(root, terminal));
        ParseResult parsed = root.Parse(arguments.Count == 0 ? ["--help"] : arguments);
        if (FindMistake(parsed) is { } mistake)
        {
            return Refuse(terminal, mistake);
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

    // Words that the parser cannot place; and what begins with a hyphen and would be taken for the name of a file or an
    // endpoint, but behind the -- that makes a name of it.
    private static string? FindMistake(ParseResult parsed)
    {
        bool mayBeName = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        IEnumerable<string> names = parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens.Select(token => token.Value));
        string? word = names.Where(name => !mayBeName && name is ['-', _, ..])
            .Concat(parsed.UnmatchedTokens)
            .FirstOrDefault();
        if (word is null)
        {
            return parsed.Errors is [ParseError error, ..] ? error.Message : null;
        }

        string? nearest = NearestName.Of(word, parsed.CommandResult.Command);
        return $"'{word}' is no command or option here; "
            + (nearest is null ? "--help names those that are." : $"perhaps {nearest} is meant.");
    }

    private static int Refuse(Terminal terminal, string message)
    {
        terminal.Refuse(message);
        return ExitCode.UserError;
    }
}
