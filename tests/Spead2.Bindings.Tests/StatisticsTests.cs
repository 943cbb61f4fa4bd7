// SPDX-License-Identifier: MIT
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Spead2.Bindings.Tests;

/// <summary>
/// The statistics of C# are those of the header's table: their names, their order and what they count are said there
/// only.
/// </summary>
internal sealed partial class StatisticsTests
{
    /// <summary>Set to write the file of C# again, after the table has changed; ./build.sh bindings does it.</summary>
    private const string WriteVariable = "SPEAD2_WRITE_STATISTICS";

    // Longest line of C#.
    private const int LineLength = 120;

    [Test]
    public void Statistics_of_dotnet_are_those_of_the_header()
    {
        string generated = Generate();
        if (Environment.GetEnvironmentVariable(WriteVariable) is not null)
        {
            File.WriteAllText(RepositoryFiles.StatisticsOfDotNet, generated);
            WriteBinding();
        }

        Assert.That(
            File.ReadAllText(RepositoryFiles.StatisticsOfDotNet), Is.EqualTo(generated),
            $"./build.sh bindings writes it, or {WriteVariable}=1 dotnet test tests/Spead2.Bindings.Tests");
    }

    /// <summary>
    /// As ClangSharp does it, which cannot be had everywhere; the contract tests look at the fields, and the struct's size.
    /// </summary>
    private static void WriteBinding()
    {
        string[] names = [.. Entries().Select(entry => entry.Groups["name"].Value)];
        string fields = string.Concat(
            names.Select(name => $"\n\n    [NativeTypeName(\"uint64_t\")]\n    public ulong {name};"));
        int size = (2 * sizeof(uint)) + (names.Length * sizeof(ulong));
        Replace(RepositoryFiles.StatisticsBinding, Fields(), fields);
        Replace(RepositoryFiles.StatisticsSizeTest, Size(), $"{size}");
    }

    private static void Replace(string file, Regex what, string by) =>
        File.WriteAllText(file, what.Replace(File.ReadAllText(file), by));

    private static MatchCollection Entries() =>
        Entry().Matches(Table().Match(File.ReadAllText(RepositoryFiles.StatisticsHeader)).Value);

    private static string Generate()
    {
        (string Name, string Prose)[] statistics =
        [
            .. Entries().Select(entry => (PascalCase(entry.Groups["name"].Value), Sentence(entry.Groups["prose"].Value))),
        ];
        Assert.That(statistics, Is.Not.Empty);
        StringBuilder code = new();
        code.Append(
            CultureInfo.InvariantCulture,
            $$"""
            // SPDX-License-Identifier: MIT
            // Generated from SP2_RECEIVE_STATS_MAP in native/include/spead2core/statistics.h by ./build.sh bindings. Do not edit.

            namespace Spead2.Receive;

            /// <summary>The statistics of a stream: names and order, as in SP2_RECEIVE_STATS_MAP.</summary>
            internal enum Statistic
            {
            {{string.Join('\n', statistics.Select(statistic => $"    {statistic.Name},"))}}
            }

            internal sealed partial class StatisticNames
            {
                /// <summary>How many of <see cref="Statistic"/> there are; an engine of a later version may have more.</summary>
                public const int KnownCount = {{statistics.Length}};
            }

            public sealed partial class StreamStatistics
            {
            {{string.Join("\n\n", statistics.Select(Property))}}
            }

            """);
        return code.ToString();
    }

    private static string Property((string Name, string Prose) statistic)
    {
        string summary = $"    /// <summary>{statistic.Prose}</summary>";
        Assert.That(summary, Has.Length.AtMost(LineLength), "the comment in the header is short enough");
        return $"{summary}\n    public long {statistic.Name} => this[Statistic.{statistic.Name}];";
    }

    private static string PascalCase(string name) =>
        string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    private static string Sentence(string comment)
    {
        string prose = Break().Replace(comment, " ");
        return $"{char.ToUpperInvariant(prose[0])}{prose[1..]}.";
    }

    [GeneratedRegex(@"(?<=public uint reserved;).*?(?=\n\}\n)", RegexOptions.Singleline)]
    private static partial Regex Fields();

    [GeneratedRegex(@"(?<=sizeof\(sp2_receive_stats\), Is\.EqualTo\()\d+")]
    private static partial Regex Size();

    [GeneratedRegex(@"#define SP2_RECEIVE_STATS_MAP.*?\n\n", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"X\((?<name>\w+)\)\s*(?:\\\s*)?/\* (?<prose>.*?) \*/", RegexOptions.Singleline)]
    private static partial Regex Entry();

    // Comments that are too long for a line of the macro go on in the next.
    [GeneratedRegex(@"\s*\\?\n\s*")]
    private static partial Regex Break();
}
