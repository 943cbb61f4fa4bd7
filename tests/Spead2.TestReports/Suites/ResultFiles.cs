// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Spead2.TestReports.Suites;

/// <summary>Reads what runners of tests write. A file that is missing has no tests.</summary>
internal static partial class ResultFiles
{
    /// <summary>
    /// JUnit's XML of CTest. The reason is in the line of the test (native/tests/test.c); where there is none, for example
    /// after a crash, it is the last line.
    /// </summary>
    public static IReadOnlyList<TestResult> OfCTest(string file) =>
    [
        .. Elements(file, "testcase").Select(test =>
        {
            string output = Text(test, "system-out").Trim();
            Outcome outcome = (string?)test.Attribute("status") switch
            {
                "run" => Outcome.Passed,
                "fail" => Outcome.Failed,
                _ => Outcome.Skipped,
            };
            Match line = LineOfTest().Match(output);
            string reason = line.Success ? line.Groups[1].Value : output.Split('\n')[^1];
            return new TestResult((string)test.Attribute("name")!, outcome, outcome == Outcome.Passed ? "" : reason);
        }),
    ];

    /// <summary>The .trx of dotnet test and of NUnit's runner.</summary>
    public static IReadOnlyList<TestResult> OfTrx(string file) =>
    [
        .. Elements(file, "UnitTestResult").Select(test => new TestResult(
            (string)test.Attribute("testName")!,
            (string?)test.Attribute("outcome") switch
            {
                "Passed" => Outcome.Passed,
                "NotExecuted" => Outcome.Skipped,
                _ => Outcome.Failed,
            },
            Text(test, "Message").Trim().Split('\n')[0])),
    ];

    private static IEnumerable<XElement> Elements(string file, string name) =>
        File.Exists(file) ? Named(XDocument.Load(file), name) : [];

    private static IEnumerable<XElement> Named(XContainer parent, string name) =>
        parent.Descendants().Where(element => element.Name.LocalName == name);

    private static string Text(XElement parent, string name) => Named(parent, name).FirstOrDefault()?.Value ?? "";

    [GeneratedRegex(@"^(?:failed|skipped) +\w+ \(\d+ ms\)(?:: )?(.*)$", RegexOptions.Multiline)]
    private static partial Regex LineOfTest();
}
