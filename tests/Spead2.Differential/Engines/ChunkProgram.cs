// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Differential.Engines;

/// <summary>
/// The facade over another library than this process has: this program in a process of its own, which gets traces on its
/// standard input. Each answer is a line for each difference, and an empty one.
/// </summary>
internal sealed class ChunkProgram(string name, string library) : IChunkEngine
{
    /// <summary>The argument that makes the program answer.</summary>
    public const string Argument = "--answer-chunks";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private Process? _program;

    public string Name => name;

    public IReadOnlyList<string> Differences(ChunkTrace trace)
    {
        lock (_lock)
        {
            Process program = _program ??= Start();
            Task<List<string>> answer = Task.Run(() => Ask(program, trace));
            if (!answer.Wait(Patience) || program.HasExited)
            {
                program.Kill();
                _program = null;
                return [$"the program has ended, or said nothing for {Patience.TotalSeconds:0} seconds"];
            }

            return answer.Result;
        }
    }

    /// <summary>Answers with what an engine of this process does, until the input ends.</summary>
    public static void Answer(IChunkEngine engine, TextReader input, TextWriter output)
    {
        List<string> lines = [];
        while (input.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                lines.Add(line);
                continue;
            }

            foreach (string difference in engine.Differences(ChunkTraceFile.Parse(lines)))
            {
                output.WriteLine(difference.ReplaceLineEndings(" "));
            }

            output.WriteLine();
            output.Flush();
            lines.Clear();
        }
    }

    private static List<string> Ask(Process program, ChunkTrace trace)
    {
        foreach (string line in ChunkTraceFile.Lines(trace))
        {
            program.StandardInput.WriteLine(line);
        }

        program.StandardInput.WriteLine();
        program.StandardInput.Flush();
        List<string> differences = [];
        while (program.StandardOutput.ReadLine() is { Length: > 0 } line)
        {
            differences.Add(line);
        }

        return differences;
    }

    // It ends with its input.
    private Process Start() => Process.Start(new ProcessStartInfo("dotnet")
    {
        ArgumentList = { typeof(ChunkProgram).Assembly.Location, Argument },
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        Environment = { ["SPEAD2_CORE_LIBRARY"] = library },
    })!;
}
