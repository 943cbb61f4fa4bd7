// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Tools.Commands;
using Spead2.Tools.Output;

namespace Spead2.Tools.Tests;

/// <summary>Runs the command within the test process, which is quicker where only its output matters.</summary>
internal static class InProcess
{
    public static async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using var output = new MemoryStream();
        await using var writer = new StreamWriter(output) { AutoFlush = true };
        await using var error = new StringWriter();
        int exitCode = await SpeadCommand.RunAsync(arguments, new Terminal(output, writer, error));
        return new CommandResult(exitCode, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
