// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Spead2.Testing.Engines;

namespace Spead2.Tools.Tests;

/// <summary>A process that runs the built command, or another program. It is killed if it is still there when the test ends.</summary>
internal sealed partial class CommandProcess : IDisposable
{
    private const string Program = "Spead2.Tools.dll";
    private const int InterruptSignal = 2;
    private const int UserSignal = 10;
    private const int ContinueSignal = 18;
    private const int StopSignal = 19;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private CommandProcess(string[] command, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        // A process inherits that Ctrl-C is ignored, for example from a shell that runs the tests in the background.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
    }

    /// <summary>Starts the command.</summary>
    public static CommandProcess Start(params string[] arguments) => new(Command(arguments));

    /// <summary>
    /// Starts the command as the argument of another one, as it was built: what counts coverage in the copy beside the tests
    /// writes a file of theirs, so that it ends with an exception for other users.
    /// </summary>
    public static CommandProcess StartUnder(string[] other, params string[] arguments)
    {
        string tests = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        string built = Path.Combine(tests, "../../Spead2.Tools", Path.GetFileName(tests), Program);
        return new([.. other, "dotnet", Path.GetFullPath(built), .. arguments]);
    }

    /// <summary>Runs the command to its end.</summary>
    public static async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using var process = new CommandProcess(Command(arguments));
        return await process.WaitAsync();
    }

    /// <summary>Runs the command to its end, with a variable in its environment.</summary>
    public static async Task<CommandResult> RunWithAsync(string name, string value, params string[] arguments)
    {
        using var process = new CommandProcess(Command(arguments), (name, value));
        return await process.WaitAsync();
    }

    /// <summary>Starts a receiver on a port of the system's choice.</summary>
    public static Task<(CommandProcess Receiver, int Port)> StartReceiverAsync(params string[] arguments) =>
        StartListeningAsync(Command(["recv", "--udp", "0", .. arguments]));

    /// <summary>Starts a receiver on endpoints that the arguments give.</summary>
    public static Task<(CommandProcess Receiver, int Port)> StartReceiverOnAsync(params string[] arguments) =>
        StartListeningAsync(Command(["recv", .. arguments]));

    /// <summary>Runs another program to its end.</summary>
    public static async Task<CommandResult> RunProgramAsync(
        string[] command, params (string Name, string Value)[] environment)
    {
        using var process = new CommandProcess(command, environment);
        return await process.WaitAsync();
    }

    /// <summary>Starts a program that says on which port it listens.</summary>
    public static async Task<(CommandProcess Receiver, int Port)> StartListeningAsync(params string[] command)
    {
        var receiver = new CommandProcess(command);
        while (await receiver.ReadErrorLineAsync() is string line)
        {
            Match match = ReadyLine().Match(line);
            if (match.Success)
            {
                return (receiver, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            }
        }

        receiver.Dispose();
        throw new InvalidOperationException($"The receiver is not ready: {receiver._error}");
    }

    /// <summary>Waits until a line of standard output has been written.</summary>
    public async Task<string?> ReadLineAsync()
    {
        string? line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Deadline);
        _output.Append(line).Append('\n');
        return line;
    }

    /// <summary>Waits until the command has said on which port it listens.</summary>
    public int AwaitPort()
    {
        while (ReadErrorLineAsync().GetAwaiter().GetResult() is { } line)
        {
            if (ReadyLine().Match(line) is { Success: true } match)
            {
                return int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            }
        }

        throw new InvalidOperationException($"The command is not ready: {_error}");
    }

    /// <summary>Starts the command with arguments that have it say on which port it listens.</summary>
    public static Task<(CommandProcess Receiver, int Port)> StartListeningCommandAsync(params string[] arguments) =>
        StartListeningAsync(Command(arguments));

    /// <summary>Waits until the command has said of so many endpoints that it listens.</summary>
    public void AwaitListening(int endpoints)
    {
        for (int i = 0; i < endpoints;)
        {
            string? line = ReadErrorLineAsync().GetAwaiter().GetResult();
            Assert.That(line, Is.Not.Null, $"The receiver is not ready: {_error}");
            i += ReadyLine().IsMatch(line!) ? 1 : 0;
        }
    }

    /// <summary>Does what Ctrl-C does.</summary>
    public void Interrupt() => Send(InterruptSignal);

    /// <summary>Does what Ctrl-C in a terminal does: processes that the command has started get it first.</summary>
    public void InterruptAll()
    {
        foreach (int child in Children())
        {
            Assert.That(Kill(child, InterruptSignal), Is.Zero);
        }

        Interrupt();
    }

    /// <summary>Processes that the command has started.</summary>
    public IReadOnlyList<int> Children() =>
    [
        .. Directory.EnumerateDirectories($"/proc/{_process.Id}/task")
            .SelectMany(thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture)),
    ];

    /// <summary>Whether a process has not ended, which one without a parent that waits for it has, too.</summary>
    public static bool IsRunning(int process)
    {
        try
        {
            return !File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException)
        {
            return false;
        }
    }

    /// <summary>Whether a process has a socket of TCP.</summary>
    public static bool HasTcp(int process)
    {
        HashSet<string?> sockets = [.. File.ReadLines("/proc/net/tcp").Skip(1).Select(line =>
            $"socket:[{line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[9]}]")];
        return new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Any(file => sockets.Contains(file.LinkTarget));
    }

    /// <summary>Sends SIGUSR1.</summary>
    public void Trigger() => Send(UserSignal);

    /// <summary>Waits until a line of standard error has been written that has this text.</summary>
    public async Task AwaitErrorAsync(string text)
    {
        string? line;
        do
        {
            line = await ReadErrorLineAsync();
            Assert.That(line, Is.Not.Null, $"no '{text}' in {_error}");
        }
        while (!line!.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>Holds the process where it is.</summary>
    public void Suspend()
    {
        Send(StopSignal);
        Poll.Until(
            () => File.ReadLines($"/proc/{_process.Id}/status").Any(line => line.StartsWith("State:\tT", StringComparison.Ordinal)),
            "the process is stopped");
    }

    /// <summary>Lets it go on.</summary>
    public void Resume() => Send(ContinueSignal);

    /// <summary>Waits for the end of the process.</summary>
    public async Task<CommandResult> WaitAsync()
    {
        Task<string> output = _process.StandardOutput.ReadToEndAsync();
        Task<string> error = _process.StandardError.ReadToEndAsync();
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        return new CommandResult(_process.ExitCode, _output + await output, _error + await error);
    }

    /// <summary>Ends the process as no process can prevent, and waits for that.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private void Send(int signal) =>
        Assert.That(Kill(_process.Id, signal), Is.Zero, "a signal can be sent to the process");

    // The project reference puts the command next to the tests.
    private static string[] Command(string[] arguments) =>
        ["dotnet", Path.Combine(AppContext.BaseDirectory, Program), .. arguments];

    private async Task<string?> ReadErrorLineAsync()
    {
        string? line = await _process.StandardError.ReadLineAsync().WaitAsync(Deadline);
        _error.Append(line).Append('\n');
        return line;
    }

    [GeneratedRegex(@"^Listening on (?:UDP|TCP) .* port (\d+)\.$")]
    private static partial Regex ReadyLine();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
