// SPDX-License-Identifier: MIT
using System.ComponentModel;
using System.Diagnostics;

namespace Spead2.Bindings.Tests;

/// <summary>A command line program that a test needs.</summary>
internal sealed class Tool
{
    private readonly string _file;

    private Tool(string file) => _file = file;

    /// <summary>The C compiler that knows the headers' meaning; SPEAD2_CLANG names another one than clang-14.</summary>
    public static Tool Clang() =>
        Find("the contract test", [Environment.GetEnvironmentVariable("SPEAD2_CLANG") ?? "clang-14", "clang"]);

    /// <summary>The lister of a library's symbols.</summary>
    public static Tool Nm() => Find("the export test", ["nm"]);

    /// <summary>The keeper of the sources' history.</summary>
    public static Tool Git() => Find("the test of the commits", ["git"]);

    /// <summary>Runs the program and gives what it writes to standard output.</summary>
    /// <param name="toleratesErrors">Whether output counts although the program says that there are errors.</param>
    public string Run(IEnumerable<string> arguments, string input = "", bool toleratesErrors = false)
    {
        using Process process = Process.Start(new ProcessStartInfo(_file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0 && !toleratesErrors)
        {
            throw new InvalidOperationException($"{_file} gave exit code {process.ExitCode}: {errors.Result}");
        }

        return output.Result;
    }

    /// <summary>Finds the first program of a list that starts; skips the test if there is none.</summary>
    private static Tool Find(string purpose, string[] names)
    {
        foreach (string name in names)
        {
            var tool = new Tool(name);
            try
            {
                tool.Run(["--version"]);
                return tool;
            }
            catch (Win32Exception)
            {
                // Not installed: the next name.
            }
        }

        Assert.Ignore($"{purpose} needs {string.Join(" or ", names)}, which is not installed");
        throw new UnreachableException();
    }
}
