// SPDX-License-Identifier: MIT

namespace Spead2.Package.Tests.Consumers;

/// <summary>
/// Someone who has a .NET SDK, the package sources of this machine, the packages, and nothing else: a home directory of
/// its own.
/// </summary>
internal static class FreshUser
{
    private static readonly string Home = Path.Combine(Packages.Scratch, "home");
    private static readonly string InstalledPackages = Path.Combine(Packages.Scratch, "nuget");

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Variables = new(MoveIn);

    public static IReadOnlyDictionary<string, string> Environment => Variables.Value;

    /// <summary>An empty directory.</summary>
    public static string NewDirectory(string name) =>
        Directory.CreateDirectory(Path.Combine(Home, $"{name}-{Guid.NewGuid():N}")).FullName;

    /// <summary>Runs lines of a shell script, which must succeed.</summary>
    public static void RunLines(string directory, string lines) =>
        Command.RunWell(directory, Environment, "bash", "-euxc", lines);

    /// <summary>Holds a package that has been installed to be the one that was packed for these tests.</summary>
    public static void AssertIsInstalled(string name) =>
        Assert.That(
            Path.Combine(InstalledPackages, name.ToLowerInvariant(), Repository.Version), Does.Exist,
            $"{name} comes from {Packages.Feed}; is it also among the machine's own packages?");

    private static Dictionary<string, string> MoveIn()
    {
        string machine = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        string sources = Path.Combine(machine, ".nuget", "NuGet", "NuGet.Config");
        if (File.Exists(sources))
        {
            string copy = Path.Combine(Home, ".nuget", "NuGet", "NuGet.Config");
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(sources, copy);
        }

        Dictionary<string, string> environment = new()
        {
            ["HOME"] = Directory.CreateDirectory(Home).FullName,
            ["PATH"] = $"{Path.Combine(Home, ".dotnet", "tools")}:{System.Environment.GetEnvironmentVariable("PATH")}",
            ["DOTNET_CLI_HOME"] = Home,
            ["NUGET_PACKAGES"] = InstalledPackages,
            // What this machine has already been sent is not sent again.
            ["NUGET_FALLBACK_PACKAGES"] = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(machine, ".nuget", "packages"),
            ["SPEAD2_CORE_LIBRARY"] = "",
            // Else Wine says what it lacks, for example a display.
            ["WINEDEBUG"] = "-all",
        };
        string repository = Path.Combine(Packages.Scratch, "repository");
        Directory.CreateDirectory(Path.Combine(repository, "artifacts"));
        Directory.CreateSymbolicLink(Path.Combine(repository, "artifacts", "packages"), Packages.Feed);
        Command.RunWell(repository, environment, "bash", "-euxc", Readme.AddSource);
        return environment;
    }
}
