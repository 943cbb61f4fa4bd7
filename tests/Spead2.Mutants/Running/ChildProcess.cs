// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Text;

namespace Spead2.Mutants.Running;

/// <summary>Starts programs and waits for them.</summary>
internal static class ChildProcess
{
    /// <summary>What came of a program.</summary>
    /// <param name="ExitCode">Its exit code; null if it was ended because its time was over.</param>
    /// <param name="Output">What it printed.</param>
    public readonly record struct Result(int? ExitCode, string Output);

    /// <summary>Runs a program that must succeed; gives what it printed.</summary>
    /// <exception cref="MutantsFailureException">Its exit code is not 0.</exception>
    public static string Run(string folder, string program, params string[] arguments)
    {
        Result result = Start(folder, program, arguments, new Dictionary<string, string>(), Timeout.InfiniteTimeSpan);
        return result.ExitCode == 0
            ? result.Output
            : throw new MutantsFailureException(
                $"{program} {string.Join(' ', arguments)} ended with exit code {result.ExitCode}:\n{Tail(result.Output)}");
    }

    /// <summary>Runs a program, at most for a time.</summary>
    public static Result Start(
        string folder,
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan limit)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        foreach ((string name, string value) in environment)
        {
            process.StartInfo.Environment[name] = value;
        }

        StringBuilder output = new();
        void Keep(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                lock (output)
                {
                    output.AppendLine(line.Data);
                }
            }
        }

        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(limit);
        if (!ended)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        lock (output)
        {
            return new(ended ? process.ExitCode : null, output.ToString());
        }
    }

    private static string Tail(string output)
    {
        const int Lines = 40;
        return string.Join('\n', output.Split('\n').TakeLast(Lines));
    }
}
