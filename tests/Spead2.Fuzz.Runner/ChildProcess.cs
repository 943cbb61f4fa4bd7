// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Fuzz.Runner;

/// <summary>Starts programs whose exit code must be 0. What they print goes to the standard error.</summary>
internal static class ChildProcess
{
    /// <summary>Runs a program.</summary>
    /// <exception cref="FuzzFailureException">Its exit code is not 0.</exception>
    public static void Run(string program, params string[] arguments)
    {
        int exitCode = Start(program, arguments, Console.Error.WriteLine);
        if (exitCode != 0)
        {
            throw new FuzzFailureException($"{program} {arguments.FirstOrDefault()} ended with exit code {exitCode}.");
        }
    }

    /// <summary>Runs a program and gives its exit code; what it prints is lost.</summary>
    public static int Try(string program, params string[] arguments) => Start(program, arguments, _ => { });

    private static int Start(string program, string[] arguments, Action<string> print)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        void Print(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                print(line.Data);
            }
        }

        process.OutputDataReceived += Print;
        process.ErrorDataReceived += Print;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode;
    }
}
