// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Spead2.Testing.Engines;

/// <summary>Processes that end with streams that receive, and that somebody reads.</summary>
[NonParallelizable]
public sealed class ExitTests
{
    private const int SigTerm = 15;
    private const int SigAbort = 6;

    // The number that shells and .NET give for the end by a signal.
    private const int Signal = 128;

    // What Windows says of a program of .NET with an exception that nobody catches.
    private const int WindowsException = unchecked((int)0xE0434352);

    [Test]
    public async Task Process_that_disposes_nothing_exits(
        [Values] ExitWay way, [Values("", AbandonProgram.Holding)] string holding)
    {
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, "System.Private.CoreLib.dll")))
        {
            Assert.Ignore("This program brings its own .NET, which starts no other program.");
        }

        if (way == ExitWay.Terminate && OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows has no SIGTERM.");
        }

        ProcessStartInfo start = new("dotnet", ["exec", typeof(AbandonProgram).Assembly.Location, $"{way}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (holding.Length != 0)
        {
            start.ArgumentList.Add(holding);
        }

        // No file of the memory of a process that ends as it should.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource deadline = new(Poll.Deadline);
        try
        {
            Assert.That(
                await process.StandardOutput.ReadLineAsync(deadline.Token), Is.EqualTo(AbandonProgram.Ready));
            if (way == ExitWay.Terminate)
            {
                Assert.That(Kill(process.Id, SigTerm), Is.Zero);
            }

            await process.WaitForExitAsync(deadline.Token);
        }
        finally
        {
            process.Kill();
        }

        Assert.That(process.ExitCode, Is.EqualTo(ExpectedCode(way)), await errors);
    }

    private static int ExpectedCode(ExitWay way) => way switch
    {
        ExitWay.Throw or ExitWay.ThrowOnThread => OperatingSystem.IsWindows() ? WindowsException : Signal + SigAbort,
        ExitWay.Terminate => Signal + SigTerm,
        _ => AbandonProgram.ExitCode,
    };

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
