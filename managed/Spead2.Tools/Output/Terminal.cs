// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spectre.Console;

namespace Spead2.Tools.Output;

/// <summary>
/// Where a command writes: results for people or programs, and messages. Whatever people see goes through here, and
/// here it becomes <see cref="Printable"/>.
/// </summary>
internal sealed class Terminal
{
    // Columns where nobody sees a terminal's width: enough for the explanations in the tables.
    private const int WidthOfFiles = 110;

    // How often a line that shows progress is written.
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(0.5);

    private readonly IAnsiConsole _console;
    private readonly TextWriter _error;
    private readonly bool _isErrorWatched;
    private readonly Lock _gate = new();
    private LiveScreen? _live;
    private long _progressShown;
    private bool _hasProgress;

    /// <summary>Makes a terminal.</summary>
    /// <param name="output">Standard output as bytes, for JSON.</param>
    /// <param name="writer">The same as text, for people.</param>
    /// <param name="error">Standard error.</param>
    public Terminal(Stream output, TextWriter writer, TextWriter error)
    {
        Output = output;
        Writer = writer;
        _error = error;
        _isErrorWatched = new AnsiConsoleOutput(error).IsTerminal;
        var consoleOutput = new AnsiConsoleOutput(writer);
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = consoleOutput,
            Ansi = consoleOutput.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = consoleOutput.IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (!consoleOutput.IsTerminal)
        {
            _console.Profile.Width = WidthOfFiles;
        }
    }

    /// <summary>Standard output as bytes.</summary>
    public Stream Output { get; }

    /// <summary>Standard output as text.</summary>
    public TextWriter Writer { get; }

    /// <summary>Whether somebody watches, so that a display that changes makes sense.</summary>
    public bool IsWatched => _console.Profile.Out.IsTerminal && _console.Profile.Capabilities.Ansi;

    /// <summary>Writes a message that is no result.</summary>
    public void Say(string message)
    {
        lock (_gate)
        {
            if (_live is null)
            {
                RemoveProgress();
                _error.WriteLine(Printable.Of(message));
            }
            else
            {
                // Above the display that changes, which a line on standard error would cut in two.
                _live.Say(message);
            }
        }
    }

    /// <summary>Writes a message of which there may be many: a display that changes shows the latest of them.</summary>
    public void Warn(string message)
    {
        lock (_gate)
        {
            if (_live is null)
            {
                RemoveProgress();
                _error.WriteLine(Printable.Of(message));
            }
            else
            {
                _live.Warn(message);
            }
        }
    }

    /// <summary>Writes results of which there may be many; while a display changes, the latest of them above it.</summary>
    public void WriteLines(IReadOnlyList<string> lines)
    {
        lock (_gate)
        {
            if (_live is null)
            {
                Writer.Write(string.Concat(lines.Select(line => Printable.Of(line) + '\n')));
                return;
            }

            foreach (string line in lines)
            {
                _live.Print(line);
            }
        }
    }

    /// <summary>Says as one sentence on standard error why the command cannot do what it was asked.</summary>
    public void Refuse(string reason) => _error.WriteLine(Printable.Of(Readable.Sentence(reason)));

    /// <summary>Writes a line of results; it is wrapped for people only.</summary>
    public void WriteLine(string text, Tone tone = Tone.Plain)
    {
        if (!_console.Profile.Out.IsTerminal)
        {
            Writer.WriteLine(Printable.Of(text));
            return;
        }

        _console.Write(TextTable.Show(new(text, tone)));
        _console.WriteLine();
    }

    /// <summary>Writes a table of results.</summary>
    public void Write(TextTable table) => _console.Write(table.Rendering);

    /// <summary>Runs an action with a display that changes.</summary>
    public void WithLive(Action<LiveScreen> action)
    {
        LiveScreen screen = new(Writer, _console.Profile.Capabilities.ColorSystem != ColorSystem.NoColors);
        SetLive(screen);
        try
        {
            action(screen);
        }
        finally
        {
            SetLive(null);
            foreach (string warning in screen.End())
            {
                Say(warning);
            }
        }
    }

    /// <summary>Runs an action with a bar that shows how far it is: the action gets what moves the bar.</summary>
    /// <param name="what">What is shown beside the bar.</param>
    /// <param name="most">Where the bar ends.</param>
    /// <param name="action">The action.</param>
    public Task WithProgressAsync(string what, double most, Func<Action<long>, Task> action) =>
        _console.Progress().AutoClear(true).StartAsync(context =>
        {
            ProgressTask task = context.AddTask(Markup.Escape(Printable.Of(what)), maxValue: most);
            return action(done => task.Value = done);
        });

    /// <summary>
    /// Shows on the last line of standard error how far a command is, twice a second; nothing where nobody watches. The
    /// next message takes its place.
    /// </summary>
    public void ShowProgress(Func<string> line)
    {
        if (!_isErrorWatched || (_hasProgress && Stopwatch.GetElapsedTime(_progressShown) < ProgressInterval))
        {
            return;
        }

        lock (_gate)
        {
            _progressShown = Stopwatch.GetTimestamp();
            RemoveProgress();
            _error.Write(LiveScreen.Cut(Printable.Of(line()), LiveScreen.Width));
            _hasProgress = true;
        }
    }

    /// <summary>Removes the line that shows progress.</summary>
    public void EndProgress()
    {
        lock (_gate)
        {
            RemoveProgress();
        }
    }

    private void RemoveProgress()
    {
        if (_hasProgress)
        {
            _hasProgress = false;
            _error.Write("\r\u001b[K");
        }
    }

    private void SetLive(LiveScreen? screen)
    {
        lock (_gate)
        {
            _live = screen;
        }
    }
}
