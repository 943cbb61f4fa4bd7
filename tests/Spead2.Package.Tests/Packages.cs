// SPDX-License-Identifier: MIT

namespace Spead2.Package.Tests;

/// <summary>The packages of this build, packed into a directory for the tests.</summary>
internal static class Packages
{
    private static readonly Lazy<string> Packed = new(() => Pack("packages"));

    /// <summary>A directory with all packages.</summary>
    public static string Feed => Packed.Value;

    /// <summary>Where the tests keep files; it goes when they have run.</summary>
    public static string Scratch { get; } = Directory.CreateTempSubdirectory("spead2-packages").FullName;

    public static string PathOf(string name, string extension) =>
        Path.Combine(Feed, $"{name}.{Repository.Version}.{extension}");

    /// <summary>Packs what has been built, and gives the directory.</summary>
    public static string Pack(string name)
    {
        string directory = Path.Combine(Scratch, name);
        Command.RunWell(
            Repository.Root, new Dictionary<string, string>(), "dotnet", "pack", "Spead2.Interop.sln", "--no-build",
            "--configuration", Repository.Configuration, "--output", directory, "--nologo");
        return directory;
    }
}
