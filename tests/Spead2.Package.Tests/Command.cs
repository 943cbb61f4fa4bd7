// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Text;

namespace Spead2.Package.Tests;

/// <summary>A program that runs in a directory. It is killed if it is still there when it is disposed.</summary>
internal sealed class Command : IDisposable
{
    // A busy machine may need minutes to publish a program; shorter than what build.cake calls a hang.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly string _line;

    private Command(string directory, IReadOnlyDictionary<string, string> environment, string program, string[] arguments)
    {
        _line = $"{program} {string.Join(' ', arguments)}";
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // No process stays behind when a command has ended: it would keep the outputs open, and they are read to the end.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    public static Command Start(
        string directory, IReadOnlyDictionary<string, string> environment, string program, params string[] arguments) =>
        new(directory, environment, program, arguments);

    /// <summary>Runs a program to its end, and gives its exit code and what it wrote.</summary>
    public static (int ExitCode, string Output) Run(
        string directory, IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        using Command command = new(directory, environment, program, arguments);
        return command.Wait();
    }

    /// <summary>Runs a program that must succeed, and gives what it wrote.</summary>
    public static string RunWell(
        string directory, IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        using Command command = new(directory, environment, program, arguments);
        (int exitCode, string output) = command.Wait();
        Assert.That(exitCode, Is.Zero, $"{command._line}:\n{output}");
        return output;
    }

    /// <summary>Waits for the end, and gives the exit code and both outputs.</summary>
    public (int ExitCode, string Output) Wait()
    {
        Assert.That(_process.WaitForExit(Deadline), $"{_line} ends within {Deadline}; it wrote:\n{Output()}");
        // This overload also waits for the rest of the outputs.
        _process.WaitForExit();
        return (_process.ExitCode, Output());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Append(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Append(line).Append('\n');
            }
        }
    }

    private string Output()
    {
        lock (_output)
        {
            return _output.ToString();
        }
    }
}
