// SPDX-License-Identifier: MIT
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

/// <summary>Reads the includes of the C core: each layer uses only itself and those below it.</summary>
internal sealed partial class LayeringTests
{
    private const string PublicHeaders = "spead2core";

    /// <summary>Each may use itself and those to the left of it; receiving and sending know nothing of each other.</summary>
    private static readonly string[] LayersFromBottom = ["base", "packet", "memory", "heap", "runtime", "receive", "send", "transport"];

    private static readonly string[] Platforms = ["linux", "posix", "windows"];

    [Test]
    public void A_layer_includes_only_itself_and_lower_layers()
    {
        IEnumerable<Inclusion> upward =
            from inclusion in Inclusions()
            where LayersFromBottom.Contains(inclusion.Folder) && inclusion.IncludedFolder != PublicHeaders
            let included = Array.IndexOf(LayersFromBottom, inclusion.IncludedFolder)
            where included < 0 || included > Array.IndexOf(LayersFromBottom, inclusion.Folder)
                || (inclusion.Folder == "send" && inclusion.IncludedFolder == "receive")
            select inclusion;

        Assert.That(upward, Is.Empty);
    }

    /// <summary>A platform's file implements a header of the base or of one other layer, and knows nothing else.</summary>
    [Test]
    public void A_platform_file_includes_the_base_and_at_most_one_other_layer()
    {
        IEnumerable<string> entangled =
            from inclusion in Inclusions()
            where Platforms.Contains(inclusion.Folder)
            where inclusion.IncludedFolder is not (PublicHeaders or "base") && !Platforms.Contains(inclusion.IncludedFolder)
            group inclusion.IncludedFolder by inclusion.File into layers
            where layers.Distinct().Count() > 1
            select $"{layers.Key} includes {string.Join(", ", layers.Distinct())}";

        Assert.That(entangled, Is.Empty);
    }

    [Test]
    public void Every_source_file_is_in_a_layer_or_a_platform()
    {
        IEnumerable<string> folders = SourceFiles().Select(FolderOf).Distinct();

        Assert.That(folders, Is.Not.Empty.And.SubsetOf(LayersFromBottom.Concat(Platforms)));
    }

    [GeneratedRegex("""^\s*#\s*include\s+"(?<path>[^"]+)""", RegexOptions.Multiline)]
    private static partial Regex Include();

    private static IEnumerable<string> SourceFiles() =>
        Directory.EnumerateFiles(RepositoryFiles.NativeSources, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".c" or ".h")
            .Select(file => Path.GetRelativePath(RepositoryFiles.NativeSources, file).Replace('\\', '/'));

    private static IEnumerable<Inclusion> Inclusions() =>
        from file in SourceFiles()
        from Match include in Include().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.NativeSources, file)))
        select new Inclusion(file, include.Groups["path"].Value);

    /// <summary>The layer, or the platform below os/ in sources (in includes also os/).</summary>
    private static string FolderOf(string path) => path.StartsWith("os/", StringComparison.Ordinal) ? path.Split('/')[1] : path.Split('/')[0];

    private sealed record Inclusion(string File, string Included)
    {
        public string Folder => FolderOf(File);

        public string IncludedFolder => FolderOf(Included);

        public override string ToString() => $"{File} includes {Included}";
    }
}
