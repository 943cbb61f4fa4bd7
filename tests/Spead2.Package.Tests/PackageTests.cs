// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace Spead2.Package.Tests;

/// <summary>What is in the packages. `dotnet build` of the solution comes first; they are packed here.</summary>
internal sealed class PackageTests
{
    private const string NativeFolder = "runtimes/";

    private static readonly string[] Libraries =
        ["Spead2", "Spead2.Extensions.Hosting", "Spead2.Formats", "Spead2.Hdf5", "Spead2.Interop", "Spead2.Managed"];

    // PureHDF reads types by reflection.
    private static readonly string[] Trimmable = [.. Libraries.Where(name => name != "Spead2.Hdf5")];
    private static readonly string[] All = [.. Libraries, "Spead2.Tools"];

    private static readonly Guid EmbeddedSource = new("0e8a571b-6926-466e-b4ad-8ab04611f5fe");

    [Test]
    public void Packages_are_these()
    {
        Assert.That(
            Directory.EnumerateFiles(Packages.Feed).Select(Path.GetFileName),
            Is.EquivalentTo(
                from list in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests/Spead2.Package.Tests/Contents"))
                let package = Path.GetFileNameWithoutExtension(list)
                let name = Path.GetFileNameWithoutExtension(package)
                select $"{name}.{Repository.Version}{Path.GetExtension(package)}"));
    }

    [TestCase("Spead2", "nupkg")]
    [TestCase("Spead2", "snupkg")]
    [TestCase("Spead2.Extensions.Hosting", "nupkg")]
    [TestCase("Spead2.Extensions.Hosting", "snupkg")]
    [TestCase("Spead2.Formats", "nupkg")]
    [TestCase("Spead2.Formats", "snupkg")]
    [TestCase("Spead2.Hdf5", "nupkg")]
    [TestCase("Spead2.Hdf5", "snupkg")]
    [TestCase("Spead2.Interop", "nupkg")]
    [TestCase("Spead2.Interop", "snupkg")]
    [TestCase("Spead2.Managed", "nupkg")]
    [TestCase("Spead2.Managed", "snupkg")]
    [TestCase("Spead2.Tools", "nupkg")]
    public void Content_is_what_its_list_says(string name, string extension)
    {
        string[] listed = Repository.Read($"tests/Spead2.Package.Tests/Contents/{name}.{extension}.txt")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.That(
            Entries(Packages.PathOf(name, extension)).Keys.Where(IsCertain), Is.EquivalentTo(listed.Where(IsExpected)));
    }

    [Test]
    public void Second_run_gives_the_same_bytes()
    {
        string again = Packages.Pack("packages-again");

        Assert.Multiple(() =>
        {
            foreach (string package in Directory.EnumerateFiles(Packages.Feed))
            {
                Assert.That(
                    File.ReadAllBytes(Path.Combine(again, Path.GetFileName(package))).AsSpan()
                        .SequenceEqual(File.ReadAllBytes(package)),
                    $"{Path.GetFileName(package)} is the same");
            }
        });
    }

    [TestCaseSource(nameof(All))]
    public void Package_says_what_it_is(string name)
    {
        XElement metadata = Metadata(name);

        Assert.Multiple(() =>
        {
            Assert.That(Value(metadata, "id"), Is.EqualTo(name));
            Assert.That(Value(metadata, "version"), Is.EqualTo(Repository.Version));
            Assert.That(Value(metadata, "license"), Is.EqualTo("MIT"));
            Assert.That(Value(metadata, "icon"), Is.EqualTo("icon.png"));
            Assert.That(Value(metadata, "readme"), Is.EqualTo("README.md"));
            Assert.That(Value(metadata, "description"), Is.Not.Empty);
        });
    }

    [TestCase("Spead2.Interop", "Spead2", "Spead2.Managed")]
    [TestCase("Spead2.Managed", "Spead2")]
    public void Receiver_needs_exactly_its_version_of_the_others(string name, params string[] others)
    {
        IEnumerable<string> needed = Metadata(name).Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Select(dependency => $"{(string?)dependency.Attribute("id")} {(string?)dependency.Attribute("version")}");

        Assert.That(needed.Distinct(), Is.EquivalentTo(others.Select(other => $"{other} [{Repository.Version}]")));
    }

    [TestCaseSource(nameof(Trimmable))]
    public void Assemblies_may_be_trimmed(string name)
    {
        KeyValuePair<string, byte[]>[] assemblies = [.. Entries(Packages.PathOf(name, "nupkg")).Where(IsAssembly)];

        Assert.That(assemblies, Is.Not.Empty);
        foreach ((string path, byte[] content) in assemblies)
        {
            using PEReader assembly = new(new MemoryStream(content));
            MetadataReader reader = assembly.GetMetadataReader();
            IEnumerable<string> attributes = reader.GetAssemblyDefinition().GetCustomAttributes()
                .Select(handle => Encoding.UTF8.GetString(reader.GetBlobBytes(reader.GetCustomAttribute(handle).Value)));

            Assert.That(attributes, Has.Some.Contains("IsTrimmable").And.Some.Contains("True"), path);
        }
    }

    [TestCaseSource(nameof(Libraries))]
    public void Symbols_have_the_sources_in_them(string name)
    {
        KeyValuePair<string, byte[]>[] files = [.. Entries(Packages.PathOf(name, "snupkg")).Where(IsSymbols)];

        Assert.That(files, Is.Not.Empty);
        foreach ((string path, byte[] content) in files)
        {
            using MetadataReaderProvider symbols = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(content));
            MetadataReader reader = symbols.GetMetadataReader();
            Dictionary<string, string?> sources = reader.Documents.ToDictionary(
                document => reader.GetString(reader.GetDocument(document).Name),
                document => reader.GetCustomDebugInformation(document)
                    .Select(reader.GetCustomDebugInformation)
                    .Where(information => reader.GetGuid(information.Kind) == EmbeddedSource)
                    .Select(information => Text(reader.GetBlobBytes(information.Value)))
                    .SingleOrDefault());

            Assert.That(sources, Is.Not.Empty);
            if (Repository.Configuration == "Release")
            {
                Assert.That(sources.Keys, Has.All.StartsWith("/_/"), path);
            }

            Assert.That(sources.Where(source => source.Value is null), Is.Empty, path);
            Assert.That(
                sources.Where(source => source.Value!.Contains(Repository.Root, StringComparison.Ordinal)), Is.Empty, path);
        }
    }

    [TestCaseSource(nameof(All))]
    public void Nothing_says_where_it_was_built(string name)
    {
        if (Repository.Configuration != "Release")
        {
            Assert.Ignore("only builds in Release leave out where they were made");
        }

        string[] folders =
        [
            Repository.Root,
            .. ((Environment.SpecialFolder[])[Environment.SpecialFolder.UserProfile, Environment.SpecialFolder.ProgramFiles])
                .Select(Environment.GetFolderPath)
                .Where(folder => folder.Length > 1)
                .Select(folder => folder + Path.DirectorySeparatorChar),
        ];
        byte[][] paths =
        [
            .. from encoding in (Encoding[])[Encoding.UTF8, Encoding.Unicode]
               from folder in folders
               select encoding.GetBytes(folder),
        ];
        IEnumerable<string> telling = Directory.EnumerateFiles(Packages.Feed, $"{name}.{Repository.Version}.*")
            .SelectMany(Entries)
            .Where(entry => IsOurs(entry.Key) && paths.Any(path => entry.Value.AsSpan().IndexOf(path) >= 0))
            .Select(entry => entry.Key);

        Assert.That(telling, Is.Empty);
    }

    [TestCase("Spead2.Interop", "ReceiveStream")]
    [TestCase("Spead2.Managed", "ManagedReceiveStream")]
    public void Readme_has_the_example_of_the_repository_s(string name, string stream)
    {
        string example = Repository.Read("README.md").Split("```csharp\n")[1].Split("```")[0]
            .Replace("using Spead2.Receive;", name == "Spead2.Managed" ? "using Spead2.Managed;\nusing Spead2.Receive;" : "using Spead2.Receive;", StringComparison.Ordinal)
            .Replace("new ReceiveStream", $"new {stream}", StringComparison.Ordinal);
        byte[] readme = Entries(Packages.PathOf(name, "nupkg"))["README.md"];

        Assert.That(Encoding.UTF8.GetString(readme), Does.Contain(example));
    }

    /// <summary>Assemblies of others say where they were built, on their machines.</summary>
    private static bool IsOurs(string path) =>
        Path.GetExtension(path) != ".dll" || Path.GetFileName(path).StartsWith("spead2", StringComparison.OrdinalIgnoreCase);

    private static bool IsAssembly(KeyValuePair<string, byte[]> entry) =>
        entry.Key.StartsWith("lib/", StringComparison.Ordinal) && entry.Key.EndsWith(".dll", StringComparison.Ordinal);

    private static bool IsSymbols(KeyValuePair<string, byte[]> entry) =>
        entry.Key.EndsWith(".pdb", StringComparison.Ordinal);

    /// <summary>Whether packages must have a file of the list: C cores for other systems may be left out.</summary>
    private static bool IsExpected(string path) =>
        !path.Contains(NativeFolder, StringComparison.Ordinal)
        || (Packages.AreComplete && Packages.OnlyPlatform is null)
        || path.Contains($"{NativeFolder}{Packages.OnlyPlatform ?? "linux-x64"}/", StringComparison.Ordinal);

    /// <summary>
    /// Where packages are not complete, <see cref="NativeCoreTests"/> say which C cores for other systems are in.
    /// </summary>
    private static bool IsCertain(string path) => Packages.AreComplete || IsExpected(path);

    private static string Text(byte[] source)
    {
        // A length, and compressed bytes; or zero, and the bytes.
        int length = BinaryPrimitives.ReadInt32LittleEndian(source);
        using MemoryStream rest = new(source, sizeof(int), source.Length - sizeof(int));
        using Stream content = length == 0 ? rest : new DeflateStream(rest, CompressionMode.Decompress);
        using StreamReader reader = new(content);
        return reader.ReadToEnd();
    }

    private static IReadOnlyDictionary<string, byte[]> Entries(string package) => Packages.EntriesOf(package);

    private static XElement Metadata(string name)
    {
        byte[] specification = Entries(Packages.PathOf(name, "nupkg"))[$"{name}.nuspec"];
        return XDocument.Load(new MemoryStream(specification)).Root!.Elements().Single();
    }

    private static string? Value(XElement metadata, string name) =>
        metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;
}
