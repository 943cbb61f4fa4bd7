// SPDX-License-Identifier: MIT
using System.ComponentModel;
using System.Diagnostics;

namespace Spead2.Aot.Tests;

/// <summary>
/// A C program that uses the library as any program does. The library is never loaded into the process of the tests:
/// it has a .NET runtime of its own.
/// </summary>
internal sealed class CHost
{
    private readonly string _program;

    private CHost(string program) => _program = program;

    /// <summary>
    /// Compiles a source of the repository and links it with a library; skips the test without a compiler or library.
    /// </summary>
    /// <param name="source">Path from the repository's root.</param>
    /// <param name="library">Path of the library.</param>
    /// <param name="options">Further options of the compiler.</param>
    public static CHost Compile(string source, string library, params string[] options)
    {
        if (!File.Exists(library))
        {
            Assert.Ignore($"{library} has not been built: ./build.sh {(library.Contains("aot", StringComparison.Ordinal) ? "aot" : "native")}");
        }

        string program = Path.Combine(
            TestContext.CurrentContext.WorkDirectory,
            $"{Path.GetFileNameWithoutExtension(source)}-{Path.GetFileNameWithoutExtension(library)}");
        (int exitCode, _, string errors) = Start(
            "gcc",
            ["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", .. options, "-I",
                Path.Combine(RepositoryFiles.Root, "native/include"), Path.Combine(RepositoryFiles.Root, source),
                "-o", program, library, $"-Wl,-rpath,{Path.GetDirectoryName(library)}", "-lpthread"]);
        Assert.That(exitCode, Is.Zero, errors);
        return new(program);
    }

    /// <summary>Runs the program to its end.</summary>
    public (int ExitCode, string Output, string Errors) Run(params string[] arguments) => Start(_program, arguments);

    private static (int ExitCode, string Output, string Errors) Start(string program, IEnumerable<string> arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.WaitForExit();
            return (process.ExitCode, output.Result, errors.Result);
        }
        catch (Win32Exception)
        {
            Assert.Ignore($"this test needs {program}, which is not installed");
            throw new UnreachableException();
        }
    }
}
