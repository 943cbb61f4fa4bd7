// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.Package.Tests.Consumers;

/// <summary>A program made in an empty directory with the lines of README.md: its example, or that of a package's readme.</summary>
internal sealed partial class ReceiverProject
{
    private const string PackageOfReadme = "Spead2.Interop";

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
    public static ReceiverProject Create(string package = PackageOfReadme, string framework = "net10.0")
    {
        string add = $"dotnet add package {PackageOfReadme}\n";
        Assert.That(Readme.MakeProject, Does.Contain(add));
        string empty = FreshUser.NewDirectory("at");
        FreshUser.RunLines(
            empty, Readme.MakeProject.Replace(add, $"dotnet add package {package}\n", StringComparison.Ordinal));
        FreshUser.AssertIsInstalled(package);

        ReceiverProject project = new(System.IO.Directory.GetDirectories(empty).Single(), UdpHeaps.FreePort());
        string program = package == PackageOfReadme
            ? Readme.Program
            : Readme.ProgramOf(Repository.Read($"docs/packages/{package}.md"));
        Assert.That(program, Does.Contain(Readme.Port));
        File.WriteAllText(
            Path.Combine(project.Directory, "Program.cs"),
            program.Replace(Readme.Port, $"{project.Port}", StringComparison.Ordinal));
        string file = Path.Combine(project.Directory, $"{project.Name}.csproj");
        File.WriteAllText(
            file,
            TargetFramework().Replace(File.ReadAllText(file), $"<TargetFramework>{framework}</TargetFramework>"));
        return project;
    }

    /// <summary>Makes the program of a copy of a directory.</summary>
    public static ReceiverProject CopyOf(string directory)
    {
        string copy = Path.Combine(FreshUser.NewDirectory("at"), Path.GetFileName(directory));
        System.IO.Directory.CreateDirectory(copy);
        foreach (string file in System.IO.Directory.EnumerateFiles(directory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return new(copy, UdpHeaps.FreePort());
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

    /// <summary>Changes the program, which must have the text.</summary>
    public void Replace(string text, string by)
    {
        string file = Path.Combine(Directory, "Program.cs");
        string program = File.ReadAllText(file);
        Assert.That(program, Does.Contain(text));
        File.WriteAllText(file, program.Replace(text, by, StringComparison.Ordinal));
    }

    /// <summary>Starts a program of this project, sends it a heap and the end of the stream, and checks what it prints.</summary>
    public void AssertReceives(string directory, string program, params string[] arguments) =>
        Assert.That(
            Receive(directory, program, arguments),
            Is.EqualTo(UdpHeaps.Text),
            $"{program} {string.Join(' ', arguments)}");

    /// <summary>Starts a program of this project, sends it a heap and the end of the stream; gives what it prints.</summary>
    public string Receive(string directory, string program, params string[] arguments)
    {
        using Command command = Command.Start(directory, FreshUser.Environment, program, arguments);
        UdpHeaps.SendTo(Port, () => command.HasExited);
        (int exitCode, string output) = command.Wait();

        Assert.That(exitCode, Is.Zero, output);
        return output;
    }

    [GeneratedRegex("<TargetFramework>.*</TargetFramework>")]
    private static partial Regex TargetFramework();

    [GeneratedRegex(@"error NU110\d: (?<what>.*(?:Microsoft\.|ilcompiler).*?)(?: \[|$)", RegexOptions.Multiline)]
    private static partial Regex MissingPackage();
}
