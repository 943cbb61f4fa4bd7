// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Completions;
using Spead2.Tools.Output;

namespace Spead2.Tools.Help;

/// <summary>
/// The command `spead2 completion`, which prints a script for a shell, and the hidden command that the script asks for
/// the words that fit.
/// </summary>
internal static class CompletionCommand
{
    // Asked by the scripts, which outlive this version of the command: keep it as it is.
    private const string Words = "complete-line";

    private static readonly Dictionary<string, string> Scripts = new()
    {
        // A description would be a part of the word in bash. Files where no word fits.
        ["bash"] = $$"""
            _spead2() {
                local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]}
                COMPREPLY=($(spead2 {{Words}} "$line" 2>/dev/null | cut -f 1))
                # Readline ends a word at a colon or an equals sign, too.
                local last=${line##*[[:space:]]}
                if [[ $last != "$word" ]]; then
                    COMPREPLY=("${COMPREPLY[@]#"${last%"$word"}"}")
                fi
            }
            complete -o bashdefault -o default -F _spead2 spead2

            """,
        ["zsh"] = $$"""
            #compdef spead2
            _spead2() {
                local -a words
                local word text
                spead2 {{Words}} "$LBUFFER" 2>/dev/null | while IFS=$'\t' read -r word text; do
                    words+=("${word//:/\\:}:$text")
                done
                if (( $#words )); then _describe 'spead2' words; else _files; fi
            }
            compdef _spead2 spead2

            """,
        ["fish"] = $$"""
            complete -c spead2 -a '(spead2 {{Words}} (commandline -cp) 2>/dev/null)'

            """,
        ["pwsh"] = $$"""
            Register-ArgumentCompleter -Native -CommandName spead2 -ScriptBlock {
                param($word, $tree, $position)
                $line = $tree.ToString().PadRight($position).Substring(0, $position)
                spead2 {{Words}} $line 2>$null | ForEach-Object {
                    $found, $text = $_ -split "`t", 2
                    $tip = if ($text) { $text } else { $found }
                    [System.Management.Automation.CompletionResult]::new($found, $found, 'ParameterValue', $tip)
                }
            }

            """,
    };

    /// <summary>Makes `spead2 completion`.</summary>
    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell")
        {
            HelpName = "SHELL",
            Description = $"{string.Join(", ", Scripts.Keys)}.",
        };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command(
            "completion",
            "Prints a script that completes commands, options and their values in a shell. "
            + "Example: source <(spead2 completion bash)")
        {
            shell,
        };
        command.SetAction(parsed => terminal.Writer.Write(Scripts[parsed.GetRequiredValue(shell)]));
        return command;
    }

    /// <summary>Makes the command that the scripts ask.</summary>
    public static Command CreateForScripts(Command root, Terminal terminal)
    {
        var line = new Argument<string>("line");
        var command = new Command(Words) { line };
        command.Hidden = true;
        command.SetAction(parsed => Print(root, parsed.GetRequiredValue(line), terminal));
        return command;
    }

    // A word and its description a line, with a tab between them.
    private static void Print(Command root, string line, Terminal terminal)
    {
        ParseResult parsed = root.Parse(line);
        CompletionContext context = parsed.GetCompletionContext();

        // What begins with a hyphen is no value of an option that may have several.
        IEnumerable<CompletionItem> words = context.WordToComplete.StartsWith('-')
            ? parsed.CommandResult.Command.GetCompletions(context)
            : parsed.GetCompletions(line.Length);
        foreach (CompletionItem word in words.Where(word => !IsOfDos(word.Label)))
        {
            terminal.Writer.WriteLine($"{word.InsertText ?? word.Label}\t{FirstSentence(word.Detail ?? "")}");
        }
    }

    // Other names of --help, which nobody completes.
    private static bool IsOfDos(string word) => word is "-?" or "/?" or "/h";

    private static string FirstSentence(string text) => HelpText.Split(text).Summary;
}
