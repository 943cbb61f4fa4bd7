// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using NUnit.Framework.Constraints;

namespace Spead2.Package.Tests.Consumers;

/// <summary>
/// Fresh programs that receive a heap with the packages, in every way in which programs are published. They need package
/// sources for .NET's own packages and take minutes: ./build.sh consume, which makes a table of their names.
/// </summary>
[Category("Consume")]
[Platform("Linux")]
internal sealed class ConsumerTests
{
    private const string Interop = "Spead2.Interop";
    private const string Managed = "Spead2.Managed";
    private const string Linux = "linux-x64";
    private const string Windows = "win-x64";
    private const string SingleFile = "-p:PublishSingleFile=true";
    private const string SelfExtracting = "-p:IncludeNativeLibrariesForSelfExtract=true";
    private const string Trimmed = "-p:PublishTrimmed=true";
    private const string Aot = "-p:PublishAot=true";
    private const string NativeLibrary = "libspead2core.so";

    private static readonly Lazy<(ReceiverProject Project, string Output)> Portable = new(() =>
    {
        ReceiverProject project = ReceiverProject.Create();
        return (project, project.Publish());
    });

    [TestCase(TestName = "framework-dependent, for any platform | Spead2.Interop | linux-x64")]
    public void Portable_program_receives()
    {
        (ReceiverProject project, string output) = Portable.Value;

        project.AssertReceives(output, "dotnet", $"{project.Name}.dll");
    }

    [TestCase(Interop, "net10.0", "--no-self-contained",
        TestName = "framework-dependent | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net10.0", "--self-contained",
        TestName = "self-contained | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net10.0", "--no-self-contained", SingleFile,
        TestName = "single file, framework-dependent | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net10.0", "--self-contained", SingleFile,
        TestName = "single file, self-contained | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net10.0", "--self-contained", SingleFile, SelfExtracting,
        TestName = "single file, C core in it | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net10.0", "--self-contained", Trimmed,
        TestName = "trimmed | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net10.0", Aot,
        TestName = "NativeAOT | Spead2.Interop | linux-x64")]
    [TestCase(Interop, "net9.0", Aot,
        TestName = "NativeAOT, .NET 9 | Spead2.Interop | linux-x64")]
    [TestCase(Managed, "net10.0", "--no-self-contained",
        TestName = "framework-dependent | Spead2.Managed | linux-x64")]
    [TestCase(Managed, "net10.0", "--self-contained", SingleFile,
        TestName = "single file, self-contained | Spead2.Managed | linux-x64")]
    [TestCase(Managed, "net10.0", "--self-contained", Trimmed,
        TestName = "trimmed | Spead2.Managed | linux-x64")]
    [TestCase(Managed, "net10.0", Aot,
        TestName = "NativeAOT | Spead2.Managed | linux-x64")]
    [TestCase(Managed, "net9.0", Aot,
        TestName = "NativeAOT, .NET 9 | Spead2.Managed | linux-x64")]
    public void Program_receives_and_says_so_where_its_native_library_is_missing(
        string package, string framework, params string[] options)
    {
        ReceiverProject project = ReceiverProject.Create(package, framework);
        string output = project.Publish(["--runtime", Linux, .. options]);
        string program = Path.Combine(output, project.Name);

        if (options.Any(option => option is SingleFile or Aot))
        {
            Assert.That(Directory.EnumerateFiles(output, "*.dll"), Is.Empty, "all assemblies are in the program");
        }

        project.AssertReceives(output, program);

        string library = Path.Combine(output, NativeLibrary);
        Assert.That(
            File.Exists(library), Is.EqualTo(package == Interop && !options.Contains(SelfExtracting)),
            $"{NativeLibrary} is beside the program");
        if (File.Exists(library))
        {
            File.Delete(library);
            AssertExplains(
                output, [program], Does.Contain($"- {library}: no such file").And.Contain("SPEAD2_CORE_LIBRARY"));
        }
    }

    [TestCase("Spead2.Formats", "night/gain.npy", "--no-self-contained",
        TestName = "framework-dependent, saves npy | Spead2.Formats | linux-x64")]
    [TestCase("Spead2.Formats", "night/gain.npy", "--self-contained", Trimmed,
        TestName = "trimmed, saves npy | Spead2.Formats | linux-x64")]
    [TestCase("Spead2.Formats", "night/gain.npy", Aot,
        TestName = "NativeAOT, saves npy | Spead2.Formats | linux-x64")]
    [TestCase("Spead2.Hdf5", "night.h5", "--no-self-contained",
        TestName = "framework-dependent, saves HDF5 | Spead2.Hdf5 | linux-x64")]
    public void Program_saves_what_it_receives(string package, string file, params string[] options)
    {
        ReceiverProject project = ReceiverProject.Create(package);
        FreshUser.RunLines(project.Directory, $"dotnet add package {Managed}");
        string output = project.Publish(["--runtime", Linux, .. options]);

        Assert.That(project.Receive(output, Path.Combine(output, project.Name)), Is.Empty);
        Assert.That(new FileInfo(Path.Combine(output, file)), Has.Length.GreaterThan(0));
    }

    [TestCase(Interop, TestName = "self-contained, with Wine | Spead2.Interop | win-x64")]
    [TestCase(Managed, TestName = "self-contained, with Wine | Spead2.Managed | win-x64")]
    public void Program_for_Windows_receives(string package)
    {
        RequireCore(Windows);
        if (!IsOnPath("wine"))
        {
            Assert.Ignore("there is no Wine");
        }

        ReceiverProject project = ReceiverProject.Create(package);
        string output = project.Publish("--runtime", Windows, "--self-contained");

        // Makes what Wine needs in the home directory, and waits until its own programs have ended.
        Command.RunWell(output, FreshUser.Environment, "wine", "wineboot", "--init");
        try
        {
            project.AssertReceives(output, "wine", $"{project.Name}.exe");
        }
        finally
        {
            // Fails where the server has ended by itself.
            Command.Run(output, FreshUser.Environment, "wineserver", "--kill");
        }
    }

    [TestCase("linux-arm64", TestName = "framework-dependent: published, not run | Spead2.Interop | linux-arm64")]
    [TestCase("linux-musl-x64", TestName = "framework-dependent: published, not run | Spead2.Interop | linux-musl-x64")]
    public void Program_gets_the_native_library_of_its_platform(string runtime)
    {
        RequireCore(runtime);
        string output = ReceiverProject.Create().Publish(
            "--runtime", runtime, "--no-self-contained", "-p:UseAppHost=false");

        Assert.That(
            File.ReadAllBytes(Path.Combine(output, NativeLibrary)),
            Is.EqualTo(Packages.EntriesOf(Packages.PathOf(Interop, "nupkg"))[PathInPackage(runtime)]));
    }

    [TestCase(TestName = "dotnet tool install | Spead2.Tools | linux-x64")]
    public void Command_that_is_installed_as_a_tool_receives()
    {
        string directory = FreshUser.NewDirectory("tool");
        Command.RunWell(
            directory, FreshUser.Environment, "dotnet", "tool", "install", "Spead2.Tools", "--tool-path", "tools",
            "--version", Repository.Version);
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

    [TestCase(TestName = "C core hidden: the error says what to do | Spead2.Interop | linux-x64")]
    public void Missing_native_library_is_explained()
    {
        string output = CopyOfPortable(File.Delete, out string library);

        AssertPortableExplains(
            output,
            Does.Contain("DllNotFoundException")
                .And.Contain($"could not be loaded for {RuntimeInformation.RuntimeIdentifier}")
                .And.Contain($"- {Path.Combine(output, NativeLibrary)}: no such file")
                .And.Contain($"- {library}: no such file")
                .And.Contain("- spead2core: Unable to load")
                .And.Contain("SPEAD2_CORE_LIBRARY"));
    }

    [TestCase(TestName = "C core hidden: a stream of the factory receives | Spead2.Interop | linux-x64")]
    public void Factory_without_native_library_receives_all_the_same()
    {
        ReceiverProject project = ReceiverProject.Create();
        project.Replace("new ReceiveStream()", "new ReceiveStreamFactory().CreateStream()");
        string output = project.Publish("--runtime", Linux, "--self-contained", Trimmed);
        string program = Path.Combine(output, project.Name);
        project.AssertReceives(output, program);

        File.Delete(Path.Combine(output, NativeLibrary));
        Assert.That(
            project.Receive(output, program),
            Does.StartWith("spead2: warning: Streams are received by the managed port.").And.EndsWith(UdpHeaps.Text));
    }

    [TestCase(TestName = "C core for arm64: the error says so | Spead2.Interop | linux-x64")]
    public void Native_library_for_another_processor_is_explained()
    {
        RequireCore("linux-arm64");
        byte[] core = Packages.EntriesOf(Packages.PathOf(Interop, "nupkg"))[PathInPackage("linux-arm64")];
        string output = CopyOfPortable(file => File.WriteAllBytes(file, core), out string library);

        AssertPortableExplains(
            output, Does.Contain($"- {library}: it is made for Arm64, and this process is X64; Unable to load"));
    }

    [TestCase(TestName = "C core too old: the error says so | Spead2.Interop | linux-x64")]
    public void Native_library_that_is_too_old_is_explained()
    {
        string output = CopyOfPortable(
            file => Command.RunWell(
                Path.GetDirectoryName(file)!, FreshUser.Environment, "bash", "-euc",
                "echo 'unsigned sp2_version_number(void) { return 9; }' | gcc -shared -fPIC -x c -o libspead2core.so -"),
            out string library);

        AssertPortableExplains(
            output, Does.Contain($"- {library}: its version is 0.0.9, which does not serve programs made for"));
    }

    private static string PathInPackage(string runtime) => $"runtimes/{runtime}/native/{NativeLibrary}";

    private static void RequireCore(string runtime)
    {
        if (!Packages.AreComplete && !File.Exists(Repository.NativeBuilds[runtime]))
        {
            Assert.Ignore($"the C core for {runtime} has not been built here; ./build.sh pack does it");
        }
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

    private static void AssertPortableExplains(string directory, IConstraint expected) =>
        AssertExplains(directory, ["dotnet", $"{Portable.Value.Project.Name}.dll"], expected);

    private static void AssertExplains(
        string directory, string[] command, IConstraint expected)
    {
        (int exitCode, string output) = Command.Run(directory, FreshUser.Environment, command[0], command[1..]);
        Assert.That(exitCode, Is.Not.Zero, output);
        Assert.That(output, expected);
    }
}
