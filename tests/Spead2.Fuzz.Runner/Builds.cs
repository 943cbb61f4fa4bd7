// SPDX-License-Identifier: MIT

using Spead2.Fuzz.Runner.Reached;

namespace Spead2.Fuzz.Runner;

/// <summary>Builds the programs that fuzz and that count lines.</summary>
internal static class Builds
{
    private const string SharpFuzzVersion = "2.3.0";

    /// <summary>Builds all that these targets need.</summary>
    public static void All(IReadOnlyList<FuzzTarget> targets)
    {
        foreach (string preset in (string[])[FuzzTarget.FuzzPreset, ReachedLines.Preset])
        {
            ChildProcess.Run("cmake", "--preset", preset);
            ChildProcess.Run("cmake", "--build", "--preset", preset);
        }

        foreach (FuzzTarget target in targets.Where(target => !target.IsCore))
        {
            BuildItemsFuzzer(Path.GetDirectoryName(target.Program)!);
        }
    }

    // The program with a copy of Spead2 that counts which ways its code goes. SharpFuzz is a tool: nothing refers to it.
    private static void BuildItemsFuzzer(string program)
    {
        string tool = $"artifacts/tools/sharpfuzz-{SharpFuzzVersion}";
        if (!Directory.Exists(tool))
        {
            ChildProcess.Run(
                "dotnet", "tool", "install", "SharpFuzz.CommandLine", "--version", SharpFuzzVersion, "--tool-path", tool);
        }

        if (Directory.Exists(program))
        {
            Directory.Delete(program, recursive: true);
        }

        ChildProcess.Run(
            "dotnet", "publish", FuzzTarget.ItemsProject, "--configuration", "Release", "--output", program, "--nologo");
        ChildProcess.Run($"{tool}/sharpfuzz", $"{program}/Spead2.dll");
        string common = Directory.GetFiles(tool, "SharpFuzz.Common.dll", SearchOption.AllDirectories)[0];
        File.Copy(common, $"{program}/{Path.GetFileName(common)}", overwrite: true);
    }
}
