// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Tools;

/// <summary>This program, in a process of its own.</summary>
internal static class OwnProgram
{
    /// <summary>Starts the program.</summary>
    /// <param name="start">What is redirected.</param>
    /// <param name="arguments">What it is asked to do.</param>
    public static Process Start(ProcessStartInfo start, params IEnumerable<string> arguments)
    {
        // Either this program's own executable, or the host `dotnet` with this program's assembly.
        string executable = Environment.ProcessPath!;
        start.FileName = executable;
        if (Path.GetFileNameWithoutExtension(executable) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OwnProgram).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
