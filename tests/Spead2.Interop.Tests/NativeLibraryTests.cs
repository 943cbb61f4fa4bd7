// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>A library that is missing or wrong is explained.</summary>
[NonParallelizable]
public sealed class NativeLibraryTests
{
    private static readonly string BuiltLibrary =
        Path.Combine(AppContext.BaseDirectory, "runtimes", OperatingSystem.IsWindows() ? "win-x64" : "linux-x64", "native",
            NativeLibraryCandidates.FileName);

    private string _directory = "";

    [SetUp]
    public void Make_directory() => _directory = Directory.CreateTempSubdirectory("spead2").FullName;

    [TearDown]
    public void Remove_directory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Missing_library_is_explained()
    {
        string[] paths = [InDirectory("first.so"), InDirectory("second.so")];

        Assert.That(
            () => NativeLibraryLoader.Load([.. paths, "no-such-library"]),
            Throws.InstanceOf<DllNotFoundException>().With.Message.Contains(RuntimeInformation.RuntimeIdentifier)
                .And.Message.Contains($"{paths[0]}: no such file")
                .And.Message.Contains($"{paths[1]}: no such file")
                .And.Message.Contains("no-such-library: Unable to load")
                .And.Message.Contains("SPEAD2_CORE_LIBRARY"));
    }

    [Test]
    public void File_that_is_no_library_is_explained_in_the_loader_s_words()
    {
        string loader = OperatingSystem.IsWindows() ? "0x8007000B" : "invalid ELF header";
        string path = InDirectory(NativeLibraryCandidates.FileName);
        File.WriteAllText(path, "This is text, and long enough to have room for what a library begins with.");

        Assert.That(
            () => NativeLibraryLoader.Load([path]),
            Throws.InstanceOf<DllNotFoundException>().With.Message.Contains(loader));
    }

    [Test]
    public void Library_of_another_kind_is_explained()
    {
        string file = OperatingSystem.IsWindows() ? "System.IO.Compression.Native.dll" : "libSystem.Native.so";
        string other = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), file);

        Assert.That(
            () => NativeLibraryLoader.Load([other]),
            Throws.InstanceOf<DllNotFoundException>().With.Message.Contains("has no function sp2_version_number"));
    }

    [Test]
    public void Library_of_another_version_is_explained()
    {
        string path = CompileLibraryOfVersion("0.0.9", 9);

        Assert.That(
            () => NativeLibraryLoader.Load([path]),
            Throws.InstanceOf<DllNotFoundException>()
                .With.Message.Contains("its version is 0.0.9, which does not serve programs made for")
                .And.Message.Contains($"{NativeVersion.OfBindings}"));
    }

    [Test]
    public void First_library_that_fits_is_taken()
    {
        nint library = NativeLibraryLoader.Load([InDirectory("missing.so"), BuiltLibrary]);

        Assert.That(library, Is.Not.Zero);
        NativeLibrary.Free(library);
    }

    [TestCase(1_002_003u, 1_002_003u, true)]
    [TestCase(1_002_004u, 1_002_003u, true)]
    [TestCase(1_003_000u, 1_002_003u, true)]
    [TestCase(1_002_002u, 1_002_003u, false)]
    [TestCase(2_002_003u, 1_002_003u, false)]
    [TestCase(0_001_001u, 0_001_000u, true)]
    [TestCase(0_002_000u, 0_001_000u, false)]
    [TestCase(0_001_000u, 0_001_001u, false)]
    public void Version_serves_callers_by_the_rule_of_the_header(uint library, uint caller, bool serves)
    {
        Assert.That(new NativeVersion(library).Serves(new NativeVersion(caller)), Is.EqualTo(serves));
    }

    [Test]
    public void Candidates_are_near_the_program_and_then_those_of_dotnet()
    {
        using EnvironmentVariable variable = new(NativeLibraryCandidates.OverrideVariable, null);
        IReadOnlyList<string> candidates = NativeLibraryCandidates.InOrder();

        Assert.That(candidates, Has.Member(BuiltLibrary).And.Unique);
        Assert.That(candidates[^1], Is.EqualTo("spead2core"));
    }

    [Test]
    public void Variable_names_the_only_candidate()
    {
        using EnvironmentVariable variable = new(NativeLibraryCandidates.OverrideVariable, "/somewhere/else.so");

        Assert.That(NativeLibraryCandidates.InOrder(), Is.EqualTo(new[] { Path.GetFullPath("/somewhere/else.so") }));
    }

    [Test]
    public void Stream_without_library_says_why()
    {
        using EnvironmentVariable variable = new(NativeLibraryCandidates.OverrideVariable, InDirectory("missing.so"));
        Type stream = new SecondCopy().LoadFromAssemblyPath(typeof(ReceiveStream).Assembly.Location)
            .GetType(typeof(ReceiveStream).FullName!)!;

        Assert.That(
            () => Activator.CreateInstance(stream, [null, null, null, null]),
            Throws.InstanceOf<TargetInvocationException>()
                .With.InnerException.InstanceOf<DllNotFoundException>()
                .And.InnerException.Message.Contains($"{InDirectory("missing.so")}: no such file"));
    }

    private static void Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments))!;
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero);
        }
        catch (Win32Exception)
        {
            Assert.Ignore($"there is no {program} to build a library with");
        }
    }

    private string CompileLibraryOfVersion(string text, int number)
    {
        string source = InDirectory("version.c");
        string library = InDirectory("libspead2core.so");
        File.WriteAllText(
            source,
            $$"""
            unsigned sp2_version_number(void) { return {{number}}; }
            const char *sp2_version_string(void) { return "{{text}}"; }
            """);
        Run("gcc", "-shared", "-fPIC", "-o", library, source);
        return library;
    }

    private string InDirectory(string name) => Path.Combine(_directory, name);
}
