// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Spead2.TestReports.Coverage;

/// <summary>Reads the file in which ReportGenerator has merged what gcovr and coverlet have counted.</summary>
internal static partial class CoberturaFile
{
    /// <summary>Reads all lines of code below native/src and managed.</summary>
    public static IReadOnlyList<CoveredLine> Read(TextReader text)
    {
        // The file names a document type that is somewhere in the network.
        using XmlReader reader = XmlReader.Create(text, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });

        // Classes may share a file, and a line: of local functions, for example.
        return
        [
            .. from one in XDocument.Load(reader).Descendants("class")
               let file = Source().Match(((string)one.Attribute("filename")!).Replace('\\', '/')).Value
               where file.Length > 0
               from line in one.Elements("lines").Elements("line")
               let branches = Branches().Match((string?)line.Attribute("condition-coverage") ?? "")
               group new CoveredLine(
                   file, (int)line.Attribute("number")!, (long)line.Attribute("hits")! > 0, Number(branches, 2), Number(branches, 1))
                   by (file, (int)line.Attribute("number")!) into same
               orderby same.Key
               select same.Aggregate((a, b) => a with
               {
                   HasRun = a.HasRun || b.HasRun,
                   Branches = a.Branches + b.Branches,
                   BranchesRun = a.BranchesRun + b.BranchesRun,
               }),
        ];
    }

    private static int Number(Match match, int group) =>
        match.Success ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"(?<=^|/)(native/src|managed)/.*", RegexOptions.RightToLeft)]
    private static partial Regex Source();

    [GeneratedRegex(@"\((\d+)/(\d+)\)")]
    private static partial Regex Branches();
}
