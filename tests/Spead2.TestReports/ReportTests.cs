// SPDX-License-Identifier: MIT

using Spead2.TestReports.Coverage;
using Spead2.TestReports.Faults;
using Spead2.TestReports.Suites;

namespace Spead2.TestReports;

/// <summary>What is read of the files of runners, and what is printed of it.</summary>
internal sealed class ReportTests
{
    private const string CTest =
        """
        <testsuite>
          <testcase name="udp.A" status="run"><system-out>passed  A (1 ms)</system-out></testcase>
          <testcase name="udp.B" status="fail"><system-out>failed  B (1 ms)
        0 passed, 1 failed, 0 skipped</system-out></testcase>
          <testcase name="udp.C" status="notrun"><skipped/><system-out>skipped C (0 ms): no IPv6 here
        0 passed</system-out></testcase>
          <testcase name="udp.D" status="fail"><system-out>started
        Segmentation fault</system-out></testcase>
        </testsuite>
        """;

    private const string Trx =
        """
        <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
          <UnitTestResult testName="E" outcome="Passed"/>
          <UnitTestResult testName="F" outcome="NotExecuted"><Output><ErrorInfo><Message>no Wine
        here</Message></ErrorInfo></Output></UnitTestResult>
        </Results></TestRun>
        """;

    private const string Cobertura =
        """
        <!DOCTYPE coverage SYSTEM "http://example.invalid/coverage.dtd">
        <coverage><packages><package name="x"><classes>
          <class filename="./native/src/heap/a.c"><lines>
            <line number="1" hits="0"/><line number="2" hits="0"/><line number="3" hits="4" branch="true" condition-coverage="50% (1/2)"/>
            <line number="9" hits="0"/></lines></class>
          <class filename="/home/x/managed/Spead2/B.cs"><methods><method><lines><line number="1" hits="0"/></lines></method></methods>
            <lines><line number="1" hits="0"/><line number="2" hits="1"/></lines></class>
          <class filename="/home/x/managed/Spead2/B.cs"><lines><line number="1" hits="3"/></lines></class>
          <class filename="/home/x/tests/C.cs"><lines><line number="1" hits="1"/></lines></class>
        </classes></package></packages></coverage>
        """;

    [Test]
    public void Outcomes_and_reasons_come_from_the_lines_of_c_tests() => Assert.That(
        Read("c.xml", CTest, exitCode: 1).Tests, Is.EqualTo((TestResult[])
        [
            new("udp.A", Outcome.Passed, ""), new("udp.B", Outcome.Failed, ""),
            new("udp.C", Outcome.Skipped, "no IPv6 here"), new("udp.D", Outcome.Failed, "Segmentation fault"),
        ]));

    [Test]
    public void Reason_in_a_trx_file_is_the_first_line() => Assert.That(
        Read("n.trx", Trx, exitCode: 0).Tests,
        Is.EqualTo((TestResult[])[new("E", Outcome.Passed, ""), new("F", Outcome.Skipped, "no Wine")]));

    [Test]
    public void Runner_that_fails_without_a_failed_test_is_a_failure()
    {
        Suite suite = Read("n.trx", Trx, exitCode: 1);
        Assert.That(suite.Tests[^1], Is.EqualTo(new TestResult("the runner", Outcome.Failed, "ended with exit code 1")));
        Assert.That(suite.Holds, Is.False);
    }

    [Test]
    public void Suite_without_results_is_a_failure() =>
        Assert.That(Suite.Read(new("s", "missing.xml", 0, null, 0)).Tests.Single().Reason, Is.EqualTo("no test ran"));

    [TestCase(0, true)]
    [TestCase(2, false)]
    public void Report_of_a_sanitizer_is_a_failure(int reports, bool holds) =>
        Assert.That(Suite.Read(new("s", "a program", 0, reports, 0)).Holds, Is.EqualTo(holds));

    [Test]
    public void Sums_are_the_last_line()
    {
        StringWriter text = new();
        SuitesReport.WriteSuites(text, [Read("c.xml", CTest, exitCode: 1), Read("n.trx", Trx, exitCode: 0)]);
        Assert.That(text.ToString().TrimEnd().Split('\n'), Is.EqualTo(
            """
            Suite  passed  failed  skipped  seconds
            c.xml       1       2        1        7
            n.trx       1       0        1        7

            Failed:
              c.xml: udp.B
              c.xml: udp.D: Segmentation fault

            Skipped:
              c.xml: udp.C: no IPv6 here
              n.trx: F: no Wine

            2 passed, 2 failed, 2 skipped
            """.Split('\n')));
    }

    [Test]
    public void Lines_that_did_not_run_are_named_once_as_ranges()
    {
        StringWriter text = new();
        CoverageReport.Write(text, CoberturaFile.Read(new StringReader(Cobertura)), "all.txt");
        Assert.That(text.ToString().Trim().Split('\n'), Is.EqualTo(
            """
            Managed code, lines that did not run (all.txt has also the branches): none

            C core, lines that did not run (all.txt has also the branches): 
              native/src/heap/a.c: 1-2, 9

            Managed code                lines             branches
            Spead2                2/2 100.0 %          0/0       –
            all                   2/2 100.0 %          0/0       –

            C core                         lines             branches
            native/src/heap          1/4  25.0 %          1/2  50.0 %
            all                      1/4  25.0 %          1/2  50.0 %
            """.Split('\n')));
    }

    [Test]
    public void Table_of_the_document_is_replaced_and_nothing_else()
    {
        const string document = "a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\nkept\n<!-- end -->\n";
        string table = FaultDocument.Table(["| x | y | z |", "passed Something (1 ms)"]);
        Assert.That(FaultDocument.With(document, "one", table), Is.EqualTo(
            "a\n<!-- one -->\n| Fault | Scenario | What the user sees |\n|---|---|---|\n| x | y | z |\n<!-- end -->\nb\n"
            + "<!-- two -->\nkept\n<!-- end -->\n"));
    }

    private static Suite Read(string name, string content, int exitCode)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("spead2-reports").FullName, name);
        File.WriteAllText(file, content);
        try
        {
            return Suite.Read(new(name, file, exitCode, null, 7.4));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }
}
