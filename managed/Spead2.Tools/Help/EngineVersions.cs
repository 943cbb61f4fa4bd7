// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Help;

/// <summary>What `spead2 --version` prints: the versions of the command and of both engines.</summary>
internal sealed class EngineVersions(Terminal terminal) : SynchronousCommandLineAction
{
    /// <summary>Version of this program, with the commit that it was made of.</summary>
    public static string OfProgram { get; } = Of(typeof(EngineVersions).Assembly);

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ReceiveStreamFactory native = new(NullLogger.Instance);
        terminal.Writer.WriteLine($"spead2 {OfProgram}");
        terminal.Writer.WriteLine($"native engine {native.NativeVersion ?? "cannot be loaded; what is run with --engine native says why"}");
        terminal.Writer.WriteLine($"managed engine {Of(typeof(ManagedReceiveStream).Assembly)}");
        terminal.Writer.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        return 0;
    }

    private static string Of(System.Reflection.Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
