// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text;
using Spead2.Tools.Output;

namespace Spead2.Tools.Help;

/// <summary>The command `spead2 man`: the page spead2(1), made of the help of all commands.</summary>
internal static class ManualPage
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Command root, Terminal terminal)
    {
        var command = new Command(
            "man", "Prints the manual page of this command. Example: spead2 man | man -l -");
        command.SetAction(_ => terminal.Writer.Write(Of(root)));
        return command;
    }

    /// <summary>The page of a command and of those in it.</summary>
    public static string Of(Command root)
    {
        StringBuilder page = new();
        page.Append($".TH {Upper(root.Name)} 1 \"\" \"{root.Name} {EngineVersions.OfProgram}\"\n");
        page.Append($".SH NAME\n{root.Name} \\- {Text(root.Description!.TrimEnd('.'))}\n");
        page.Append($".SH SYNOPSIS\n.B {root.Name}\n.I COMMAND\n.RI [ options ]\n");
        page.Append(".SH COMMANDS\n");
        foreach (Command command in Visible(root))
        {
            AppendCommand(page, root.Name, command);
        }

        page.Append(".SH EXIT STATUS\n");
        foreach ((int code, string meaning) in ExitCode.Meanings)
        {
            page.Append($".TP\n.B {code}\n{Text(meaning)}\n");
        }

        return page.ToString();
    }

    private static void AppendCommand(StringBuilder page, string parent, Command command)
    {
        string name = $"{parent} {command.Name}";
        HelpText help = HelpText.Split(command.Description!);
        string arguments = string.Concat(command.Arguments.Select(argument => $" {argument.HelpName ?? argument.Name}"));
        page.Append($".SS \"{Text(name)}{Text(arguments)} [options]\"\n{Text(help.Details)}\n");
        if (help.Example.Length > 0)
        {
            page.Append($".PP\n.EX\n{Text(help.Example)}\n.EE\n");
        }

        foreach (Argument argument in command.Arguments)
        {
            page.Append($".TP\n.I {Text(argument.HelpName ?? argument.Name)}\n{Text(argument.Description ?? "")}\n");
        }

        foreach (Option option in command.Options.Where(option => !option.Hidden))
        {
            string value = option.HelpName is { } word ? $" {word}" : "";
            string names = string.Join(", ", option.Aliases.Prepend(option.Name).Distinct());
            page.Append($".TP\n.B \"{Text(names)}{Text(value)}\"\n{Text(option.Description ?? "")}\n");
        }

        foreach (Command inner in Visible(command))
        {
            AppendCommand(page, name, inner);
        }
    }

    private static IEnumerable<Command> Visible(Command command) => command.Subcommands.Where(inner => !inner.Hidden);

    private static string Upper(string name) => name.ToUpperInvariant();

    // A backslash begins an escape, a hyphen is a minus as options need it, and a dot or an apostrophe that begins a line
    // makes a request of it.
    private static string Text(string text)
    {
        string escaped = text.Replace("\\", "\\e").Replace("-", "\\-").Replace("\"", "\\(dq");
        return string.Join('\n', escaped.ReplaceLineEndings("\n").Split('\n')
            .Select(line => line is ['.' or '\'', ..] ? $"\\&{line}" : line));
    }
}
