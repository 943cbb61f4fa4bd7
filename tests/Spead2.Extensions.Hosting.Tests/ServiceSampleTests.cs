// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Spead2.Extensions.Hosting.Tests;

/// <summary>The sample of a service, as a process.</summary>
[TestFixture]
public sealed partial class ServiceSampleTests
{
    private const int TerminateSignal = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private Process? _service;

    private static string Program => Path.Combine(
        typeof(ServiceSampleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!,
        "artifacts", "bin", "dotnet-service", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "dotnet-service.dll");

    [Test]
    public async Task SIGTERM_ends_it_with_0_and_nothing_is_lost()
    {
        int port0 = Loopback.FreePort();
        int port1 = Loopback.FreePort();
        Process service = Start($"--pol0:Udp:0:Port={port0}", $"--pol1:Udp:0:Port={port1}");
        Task<string> error = service.StandardError.ReadToEndAsync();
        await ReadUntilAsync(service, "pol1 receives.");
        await Loopback.SendItemsAsync(port0, 20);
        await Loopback.SendItemsAsync(port1, 20);
        int values = 0;
        while (values < 40 && await service.StandardOutput.ReadLineAsync().WaitAsync(Patience) is string line)
        {
            values += ValueLine().IsMatch(line) ? 1 : 0;
        }

        Stopwatch time = Stopwatch.StartNew();
        Assert.That(Kill(service.Id, TerminateSignal), Is.Zero);
        await service.WaitForExitAsync().WaitAsync(Patience);

        Assert.That(service.ExitCode, Is.Zero, await error);
        Assert.That(values, Is.EqualTo(40));
        Assert.That(time.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)), "the host would wait for 30 seconds");
    }

    [Test]
    public async Task Option_that_breaks_a_rule_is_named_and_the_service_does_not_start()
    {
        Process service = Start("--pol0:Stream:MaxHeaps=0");
        string error = await service.StandardError.ReadToEndAsync().WaitAsync(Patience);
        await service.WaitForExitAsync();

        Assert.That(service.ExitCode, Is.Not.Zero);
        Assert.That(error, Does.Contain("MaxHeaps"));
    }

    [TearDown]
    public void End()
    {
        if (_service is { HasExited: false })
        {
            _service.Kill();
        }

        _service?.Dispose();
    }

    private Process Start(params string[] arguments) => _service = Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = Path.GetDirectoryName(Program),
    })!;

    private static async Task ReadUntilAsync(Process service, string end)
    {
        while (await service.StandardOutput.ReadLineAsync().WaitAsync(Patience) is string line)
        {
            if (line.EndsWith(end, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The service has not said '{end}'.");
    }

    [GeneratedRegex(@"heap \d+: gain = \[\d+, \d+\]$")]
    private static partial Regex ValueLine();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
