// SPDX-License-Identifier: MIT

using Spectre.Console;

namespace Spead2.Tools.Output;

/// <summary>Where a command writes: results for people or programs, and messages.</summary>
internal sealed class Terminal
{
    // Columns where nobody sees a terminal's width: enough for the explanations in the tables.
    private const int WidthOfFiles = 110;

    private volatile bool _isLive;

    /// <summary>Makes a terminal.</summary>
    /// <param name="output">Standard output as bytes, for JSON.</param>
    /// <param name="writer">The same as text, for people.</param>
    /// <param name="error">Standard error.</param>
    public Terminal(Stream output, TextWriter writer, TextWriter error)
    {
        Output = output;
        Writer = writer;
        Error = error;
        var consoleOutput = new AnsiConsoleOutput(writer);
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = consoleOutput,
            Ansi = consoleOutput.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = consoleOutput.IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (!consoleOutput.IsTerminal)
        {
            Console.Profile.Width = WidthOfFiles;
        }
    }

    /// <summary>Standard output as bytes.</summary>
    public Stream Output { get; }

    /// <summary>Standard output as text.</summary>
    public TextWriter Writer { get; }

    /// <summary>Standard error.</summary>
    public TextWriter Error { get; }

    /// <summary>Standard output for tables.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Whether somebody watches, so that a display that changes makes sense.</summary>
    public bool IsWatched => Console.Profile.Out.IsTerminal && Console.Profile.Capabilities.Ansi;

    /// <summary>Writes a message that is no result.</summary>
    public void Say(string message)
    {
        if (_isLive)
        {
            // Above the display that changes, which a line on standard error would cut in two.
            Console.WriteLine(message);
        }
        else
        {
            Error.WriteLine(message);
        }
    }

    /// <summary>Runs an action with a display that it can change.</summary>
    public void WithLive(Table first, Action<LiveDisplayContext> action)
    {
        _isLive = true;
        try
        {
            Console.Live(first).AutoClear(true).Start(action);
        }
        finally
        {
            _isLive = false;
        }
    }
}
