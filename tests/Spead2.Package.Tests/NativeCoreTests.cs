// SPDX-License-Identifier: MIT

using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Spead2.Package.Tests;

/// <summary>The C cores in the packages: each is for the platform of its folder, and needs only what every such system has.</summary>
internal sealed partial class NativeCoreTests
{
    /// <summary>Of 2012, in RHEL 7; see docs/packages.md.</summary>
    private static readonly Version OldestGlibc = new(2, 17);

    private static readonly string[] WindowsLibraries =
        ["KERNEL32.dll", "WS2_32.dll", "api-ms-win-core-synch-l1-2-0.dll", "bcrypt.dll", "msvcrt.dll"];

    [TestCase("linux-x64", "Advanced Micro Devices X86-64", "libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2")]
    [TestCase("linux-arm64", "AArch64", "libc.so.6", "libpthread.so.0", "ld-linux-aarch64.so.1")]
    [TestCase("linux-musl-x64", "Advanced Micro Devices X86-64", "libc.so")]
    [Platform("Linux")]
    public void Core_for_Linux_is_for_its_processor_and_C_library(string runtime, string machine, params string[] libraries)
    {
        string core = CoreFor(runtime, "libspead2core.so");
        string text = Command.RunWell(
            Packages.Scratch, new Dictionary<string, string> { ["LC_ALL"] = "C" },
            "readelf", "--wide", "--file-header", "--dynamic", "--version-info", core);

        Assert.Multiple(() =>
        {
            Assert.That(Machine().Match(text).Groups[1].Value, Is.EqualTo(machine));
            Assert.That(Needed().Matches(text).Select(match => match.Groups[1].Value), Is.SubsetOf(libraries));
            Assert.That(
                Glibc().Matches(text).Select(match => Version.Parse(match.Groups[1].Value)), Has.None.GreaterThan(OldestGlibc));
        });
    }

    [Test]
    public void Core_for_Windows_needs_libraries_of_Windows_only()
    {
        string core = CoreFor("win-x64", "spead2core.dll");
        byte[] content = File.ReadAllBytes(core);
        using PEReader reader = new(new MemoryStream(content));

        Assert.That(reader.PEHeaders.CoffHeader.Machine, Is.EqualTo(System.Reflection.PortableExecutable.Machine.Amd64));
        Assert.That(Imports(reader), Is.EquivalentTo(WindowsLibraries).IgnoreCase);
    }

    /// <summary>
    /// Takes the core out of the package; the command has the same. Skips the test if the package need not be complete.
    /// </summary>
    private static string CoreFor(string runtime, string file)
    {
        if (Packages.OnlyPlatform is string only && only != runtime)
        {
            Assert.Ignore($"these are packages for {only} alone; ./build.sh pack without --rid builds and tests the rest");
        }

        if (!Packages.EntriesOf(Packages.PathOf("Spead2.Interop", "nupkg"))
            .TryGetValue($"runtimes/{runtime}/native/{file}", out byte[]? content))
        {
            Assert.That(Packages.AreComplete, Is.False, $"Spead2.Interop has the C core for {runtime}");
            Assert.Ignore($"the C core for {runtime} has not been built here; ./build.sh pack builds and tests it");
        }

        Assert.That(
            Packages.EntriesOf(Packages.PathOf("Spead2.Tools", "nupkg"))[$"tools/net10.0/any/runtimes/{runtime}/native/{file}"],
            Is.EqualTo(content));
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(Packages.Scratch, "cores", runtime)).FullName, file);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static IEnumerable<string> Imports(PEReader reader)
    {
        // A row of five numbers for each library, the fourth of which says where its name is; a row of zeros at the end.
        const int row = 20;
        const int name = 12;
        BlobReader table = Section(reader, reader.PEHeaders.PEHeader!.ImportTableDirectory.RelativeVirtualAddress);
        for (int start = 0; ; start += row)
        {
            table.Offset = start + name;
            int address = table.ReadInt32();
            if (address == 0)
            {
                yield break;
            }

            BlobReader text = Section(reader, address);
            int length = text.IndexOf(0);
            yield return text.ReadUTF8(length);
        }
    }

    private static BlobReader Section(PEReader reader, int address) => reader.GetSectionData(address).GetReader();

    [GeneratedRegex(@"Machine: +(.+)")]
    private static partial Regex Machine();

    [GeneratedRegex(@"\(NEEDED\).*\[(.+)\]")]
    private static partial Regex Needed();

    [GeneratedRegex(@"Name: GLIBC_([0-9.]+)")]
    private static partial Regex Glibc();
}
