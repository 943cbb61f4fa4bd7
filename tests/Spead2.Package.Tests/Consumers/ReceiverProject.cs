// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.Package.Tests.Consumers;

/// <summary>A program made in an empty directory with the lines of the README: the example of a package's readme.</summary>
internal sealed partial class ReceiverProject
{
    private const string PackageOfReadme = "Spead2.Interop";
    private const string PortOfReadme = "8888";
    private const string FeedOfReadme = "\"$PWD/artifacts/packages\"";

    private ReceiverProject(string directory, int port)
    {
        Directory = directory;
        Port = port;
    }

    public string Directory { get; }

    /// <summary>The UDP port that it receives from.</summary>
    public int Port { get; }

    public string Name => Path.GetFileName(Directory);

    /// <summary>Makes the program with one of the packages that receive, for a target framework.</summary>
    public static ReceiverProject Create(string package, string framework)
    {
        string lines = Install().Match(Repository.Read("README.md")).Groups["lines"].Value;
        Assert.That(lines, Does.Contain(FeedOfReadme).And.Contain($"dotnet add package {PackageOfReadme}\n"));
        string home = FreshUser.NewDirectory("at");
        Command.RunWell(
            home, FreshUser.Environment, "bash", "-euc",
            // A source can be added once.
            "dotnet nuget remove source spead2 >/dev/null 2>&1 || true\n" +
            lines.Replace(FeedOfReadme, "\"$FEED\"", StringComparison.Ordinal)
                .Replace($"package {PackageOfReadme}\n", $"package {package}\n", StringComparison.Ordinal));
        FreshUser.AssertIsInstalled(package);

        ReceiverProject project = new(System.IO.Directory.GetDirectories(home).Single(), UdpHeaps.FreePort());
        string example = Example().Match(Repository.Read($"docs/packages/{package}.md")).Groups["code"].Value;
        Assert.That(example, Does.Contain(PortOfReadme));
        File.WriteAllText(
            Path.Combine(project.Directory, "Program.cs"),
            example.Replace(PortOfReadme, $"{project.Port}", StringComparison.Ordinal));
        string file = Path.Combine(project.Directory, $"{project.Name}.csproj");
        File.WriteAllText(
            file,
            TargetFramework().Replace(File.ReadAllText(file), $"<TargetFramework>{framework}</TargetFramework>"));
        return project;
    }

    /// <summary>
    /// Publishes the program and gives the directory. A warning is an error. Skips the test if a package of .NET itself
    /// cannot be had.
    /// </summary>
    public string Publish(params string[] options)
    {
        string output = Path.Combine(Directory, "out");
        (int exitCode, string text) = Command.Run(
            Directory, FreshUser.Environment, "dotnet",
            ["publish", "--configuration", "Release", "--output", output, "-warnaserror", "-p:NuGetAudit=false", .. options]);
        Match missing = MissingPackage().Match(text);
        if (missing.Success)
        {
            Assert.Ignore($"a package of .NET cannot be restored: {missing.Groups["what"].Value}");
        }

        Assert.That(exitCode, Is.Zero, text);
        return output;
    }

    /// <summary>Starts a program of this project, sends it a heap and the end of the stream, and checks what it prints.</summary>
    public void AssertReceives(string directory, string program, params string[] arguments)
    {
        using Command command = Command.Start(directory, FreshUser.Environment, program, arguments);
        UdpHeaps.SendTo(Port, () => command.HasExited);
        (int exitCode, string output) = command.Wait();

        Assert.That(output.ReplaceLineEndings("\n"), Is.EqualTo(UdpHeaps.Text), $"{program} {string.Join(' ', arguments)}");
        Assert.That(exitCode, Is.Zero);
    }

    [GeneratedRegex("## Install\n.*?```sh\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Install();

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("<TargetFramework>.*</TargetFramework>")]
    private static partial Regex TargetFramework();

    [GeneratedRegex(@"error NU110\d: (?<what>.*(?:Microsoft\.|ilcompiler).*?)(?: \[|$)", RegexOptions.Multiline)]
    private static partial Regex MissingPackage();
}
