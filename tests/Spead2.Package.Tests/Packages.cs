// SPDX-License-Identifier: MIT

using System.IO.Compression;

namespace Spead2.Package.Tests;

/// <summary>
/// The packages that are looked at: of <c>./build.sh pack</c>, which names their directory in SPEAD2_PACKAGES; else those
/// that are packed here, with the C cores that have been built.
/// </summary>
internal static class Packages
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("SPEAD2_PACKAGES");

    private static readonly Lazy<string> Packed = new(() => Given ?? Pack("packages"));

    /// <summary>The only platform whose C core may be in; null: all may.</summary>
    public static string? OnlyPlatform { get; } =
        Environment.GetEnvironmentVariable("SPEAD2_RID") is { Length: > 0 } rid ? rid : null;

    /// <summary>The C core of every platform that may be in is in; else of those that happen to have been built.</summary>
    public static bool AreComplete => Given is not null;

    /// <summary>A directory with all packages.</summary>
    public static string Feed => Packed.Value;

    /// <summary>Where the tests keep files; it goes when they have run.</summary>
    public static string Scratch { get; } = Directory.CreateTempSubdirectory("spead2-packages").FullName;

    public static string PathOf(string name, string extension) =>
        Path.Combine(Feed, $"{name}.{Repository.Version}.{extension}");

    /// <summary>The files in a package, by their paths there.</summary>
    public static IReadOnlyDictionary<string, byte[]> EntriesOf(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        return archive.Entries.ToDictionary(entry => entry.FullName, Content);
    }

    /// <summary>Packs what has been built, and gives the directory.</summary>
    public static string Pack(string name)
    {
        string directory = Path.Combine(Scratch, name);
        Command.RunWell(
            Repository.Root, new Dictionary<string, string>(), "dotnet", "pack", "managed/Packages.slnf", "--no-build",
            "--configuration", Repository.Configuration, "--output", directory, "--nologo", "-warnaserror");
        return directory;
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using MemoryStream content = new();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
