// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;

namespace Spead2.Package.Tests;

/// <summary>What README.md tells somebody who wants to use the packages.</summary>
internal static partial class Readme
{
    /// <summary>The UDP port of the program and of the lines.</summary>
    public const string Port = "8888";

    private static readonly string Text = Repository.Read("README.md");

    private static readonly string[] Blocks =
    [
        .. ShellBlock().Matches(Install().Match(Text).Groups["section"].Value).Select(block => block.Groups["lines"].Value),
    ];

    /// <summary>The first program.</summary>
    public static string Program => ProgramOf(Text);

    /// <summary>The line that makes the packages known, in the directory of the repository.</summary>
    public static string AddSource => Blocks[0];

    /// <summary>The lines that make a project, in an empty directory.</summary>
    public static string MakeProject => Blocks[1];

    /// <summary>The lines that install the command and send with it.</summary>
    public static string Send => Blocks[2];

    /// <summary>The first C# program in a text.</summary>
    public static string ProgramOf(string text) => Example().Match(text).Groups["code"].Value;

    [GeneratedRegex("## Install\n(?<section>.*?)\n## ", RegexOptions.Singleline)]
    private static partial Regex Install();

    [GeneratedRegex("```sh\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
