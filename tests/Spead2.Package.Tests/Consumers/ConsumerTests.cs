// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using NUnit.Framework.Interfaces;

namespace Spead2.Package.Tests.Consumers;

/// <summary>
/// Fresh programs that receive a heap with the packages, in every way in which programs are published. They need package
/// sources for .NET's own packages and take minutes: ./build.sh consume.
/// </summary>
[Category("Consume")]
[Platform("Linux")]
internal sealed class ConsumerTests
{
    private const string Linux = "linux-x64";
    private const string Windows = "win-x64";
    private const string SingleFile = "-p:PublishSingleFile=true";
    private const string Aot = "-p:PublishAot=true";
    private const string NativeLibrary = "libspead2core.so";

    private static readonly Lazy<(ReceiverProject Project, string Output)> Portable = new(() =>
    {
        ReceiverProject project = ReceiverProject.Create("Spead2.Interop", "net10.0");
        return (project, project.Publish());
    });

    private readonly List<(string Way, string Result)> _table = [];

    [TearDown]
    public void Note_result()
    {
        TestContext.ResultAdapter result = TestContext.CurrentContext.Result;
        string reason = result.Outcome.Status == TestStatus.Passed ? "" : $": {result.Message?.Split('\n')[0]}";
        _table.Add((TestContext.CurrentContext.Test.Name, $"{result.Outcome.Status}{reason}"));
    }

    [OneTimeTearDown]
    public void Print_table()
    {
        int width = _table.Max(row => row.Way.Length);
        TestContext.Progress.WriteLine(
            string.Join('\n', _table.Select(row => $"{row.Way.PadRight(width)}  {row.Result}")));
    }

    [Test]
    public void Program_made_with_the_lines_of_the_readme_receives_by_dotnet_run()
    {
        ReceiverProject project = ReceiverProject.Create("Spead2.Interop", "net10.0");

        project.AssertReceives(project.Directory, "dotnet", "run");
    }

    [Test]
    public void Portable_program_receives()
    {
        (ReceiverProject project, string output) = Portable.Value;

        project.AssertReceives(output, "dotnet", $"{project.Name}.dll");
    }

    [TestCase("Spead2.Interop", Linux, "net10.0", "--no-self-contained",
        TestName = "Spead2.Interop, linux-x64: framework-dependent")]
    [TestCase("Spead2.Interop", Linux, "net10.0", "--self-contained",
        TestName = "Spead2.Interop, linux-x64: self-contained")]
    [TestCase("Spead2.Interop", Linux, "net10.0", "--no-self-contained", SingleFile,
        TestName = "Spead2.Interop, linux-x64: single file, framework-dependent")]
    [TestCase("Spead2.Interop", Linux, "net10.0", "--self-contained", SingleFile,
        TestName = "Spead2.Interop, linux-x64: single file, self-contained")]
    [TestCase("Spead2.Interop", Linux, "net10.0", "--self-contained", SingleFile,
        "-p:IncludeNativeLibrariesForSelfExtract=true",
        TestName = "Spead2.Interop, linux-x64: single file with the C core in it")]
    [TestCase("Spead2.Interop", Linux, "net10.0", "--self-contained", "-p:PublishTrimmed=true",
        TestName = "Spead2.Interop, linux-x64: trimmed")]
    [TestCase("Spead2.Interop", Linux, "net10.0", Aot,
        TestName = "Spead2.Interop, linux-x64: NativeAOT, .NET 10")]
    [TestCase("Spead2.Managed", Linux, "net10.0", "--no-self-contained",
        TestName = "Spead2.Managed, linux-x64: framework-dependent")]
    [TestCase("Spead2.Managed", Linux, "net10.0", "--self-contained", "-p:PublishTrimmed=true",
        TestName = "Spead2.Managed, linux-x64: trimmed")]
    [TestCase("Spead2.Managed", Linux, "net10.0", Aot,
        TestName = "Spead2.Managed, linux-x64: NativeAOT, .NET 10")]
    [TestCase("Spead2.Managed", Linux, "net9.0", Aot,
        TestName = "Spead2.Managed, linux-x64: NativeAOT, .NET 9")]
    [TestCase("Spead2.Interop", Windows, "net10.0", "--self-contained",
        TestName = "Spead2.Interop, win-x64: self-contained")]
    public void Published_program_receives(string package, string runtime, string framework, params string[] options)
    {
        if (package == "Spead2.Interop" && !File.Exists(Repository.NativeBuilds[runtime]))
        {
            Assert.Ignore($"there is no C core for {runtime}: {Repository.NativeBuilds[runtime]}");
        }

        if (runtime == Windows && !IsOnPath("wine"))
        {
            Assert.Ignore("there is no Wine");
        }

        ReceiverProject project = ReceiverProject.Create(package, framework);
        string output = project.Publish(["--runtime", runtime, .. options]);

        if (options.Any(option => option is SingleFile or Aot))
        {
            Assert.That(Directory.EnumerateFiles(output, "*.dll"), Is.Empty, "all assemblies are in the program");
        }

        if (runtime == Windows)
        {
            // Makes what Wine needs in the home directory, and says so.
            Command.RunWell(output, FreshUser.Environment, "wine", "wineboot", "--init");
            try
            {
                project.AssertReceives(output, "wine", $"{project.Name}.exe");
            }
            finally
            {
                Command.RunWell(output, FreshUser.Environment, "wineserver", "--kill");
            }
        }
        else
        {
            project.AssertReceives(output, Path.Combine(output, project.Name));
        }
    }

    [Test]
    public void Command_that_is_installed_as_a_tool_receives()
    {
        string directory = FreshUser.NewDirectory("tool");
        Command.RunWell(
            directory, FreshUser.Environment, "dotnet", "tool", "install", "Spead2.Tools", "--tool-path", "tools",
            "--version", Repository.Version, "--add-source", Packages.Feed);
        string command = Path.Combine(directory, "tools", "spead2");

        Assert.That(Command.RunWell(directory, FreshUser.Environment, command, "--help"), Does.Contain("recv"));
        int port = UdpHeaps.FreePort();
        using Command receiver = Command.Start(
            directory, FreshUser.Environment, command, "recv", "--udp", $"{port}", "--items");
        UdpHeaps.SendTo(port, () => receiver.HasExited);
        (int exitCode, string output) = receiver.Wait();
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain("gain").And.Contain("-6000"));
    }

    [Test]
    public void Missing_native_library_is_explained()
    {
        string output = CopyOfPortable(File.Delete, out string library);

        Assert.That(
            Failure(output),
            Does.Contain("DllNotFoundException")
                .And.Contain($"could not be loaded for {RuntimeInformation.RuntimeIdentifier}")
                .And.Contain($"- {Path.Combine(output, NativeLibrary)}: no such file")
                .And.Contain($"- {library}: no such file")
                .And.Contain("- spead2core: Unable to load")
                .And.Contain("SPEAD2_CORE_LIBRARY"));
    }

    [Test]
    public void Native_library_for_another_processor_is_explained()
    {
        // Offset of the processor in the header of an ELF file, and arm64 there.
        const int machine = 18;
        const byte arm64 = 0xB7;
        string output = CopyOfPortable(
            file =>
            {
                byte[] content = File.ReadAllBytes(file);
                content[machine] = arm64;
                File.WriteAllBytes(file, content);
            },
            out string library);

        Assert.That(
            Failure(output),
            Does.Contain($"- {library}: it is made for Arm64, and this process is X64; Unable to load"));
    }

    [Test]
    public void Native_library_that_is_too_old_is_explained()
    {
        string output = CopyOfPortable(
            file => Command.RunWell(
                Path.GetDirectoryName(file)!, FreshUser.Environment, "bash", "-euc",
                "echo 'unsigned sp2_version_number(void) { return 9; }' | gcc -shared -fPIC -x c -o libspead2core.so -"),
            out string library);

        Assert.That(
            Failure(output),
            Does.Contain($"- {library}: its version is 0.0.9, which does not serve programs made for"));
    }

    private static bool IsOnPath(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, program)));

    /// <summary>Copies the portable program, and does something to its native library.</summary>
    private static string CopyOfPortable(Action<string> harm, out string library)
    {
        string output = FreshUser.NewDirectory("harmed");
        Command.RunWell(output, FreshUser.Environment, "cp", "-r", $"{Portable.Value.Output}/.", output);
        library = Path.Combine(output, "runtimes", Linux, "native", NativeLibrary);
        harm(library);
        return output;
    }

    private static string Failure(string directory)
    {
        (int exitCode, string output) = Command.Run(
            directory, FreshUser.Environment, "dotnet", $"{Portable.Value.Project.Name}.dll");
        Assert.That(exitCode, Is.Not.Zero, output);
        return output;
    }
}
