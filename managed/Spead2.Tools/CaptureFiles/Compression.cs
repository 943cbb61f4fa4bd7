// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Spead2.Tools.CaptureFiles;

/// <summary>Programs that compress, where they are installed.</summary>
internal static class Compression
{
    private const string Zstd = "zstd";

    // Its fastest level, on all processors: it has to keep up.
    private const string ZstdArguments = "-q -c -1 -T0";

    /// <summary>Whether a file with this name is compressed with zstd.</summary>
    public static bool IsZstd(string path) => path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase);

    /// <summary>Starts zstd, which writes a new file of what its standard input gets.</summary>
    /// <exception cref="IOException">The file is there already, or cannot be made, or there is no zstd.</exception>
    public static Process StartZstd(string path)
    {
        ThrowIfMissing(Zstd);
        new FileStream(path, FileMode.CreateNew, FileAccess.Write).Dispose();

        return Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Unsignalled($"{Zstd} {ZstdArguments} > \"$1\""), "sh", path])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>Starts a program that writes to its standard output what a file was before it was compressed.</summary>
    /// <exception cref="IOException">There is no such program.</exception>
    public static Process StartDecompression(string program, string path)
    {
        ThrowIfMissing(program);

        // A path, so that no name is an option.
        string script = Unsignalled($"{program} -q -d -c \"$1\"");
        return Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script, "sh", Path.GetFullPath(path)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    // Ctrl-C in a terminal goes to all programs there: these end when they have got everything, or nobody reads.
    private static string Unsignalled(string command) => $"trap '' INT TERM; exec {command}";

    private static void ThrowIfMissing(string program)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, program))))
        {
            throw new IOException($"the program {program} is not installed");
        }
    }
}
