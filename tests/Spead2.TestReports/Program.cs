// SPDX-License-Identifier: MIT

using System.CommandLine;
using Spead2.TestReports.Coverage;
using Spead2.TestReports.Faults;
using Spead2.TestReports.Suites;

RootCommand root = new("Says what came of tests: what build.cake prints after it has run them.")
{
    SuitesCommand.Create(),
    CoverageCommand.Create(),
    FaultsCommand.Create(),
};
return root.Parse(args).Invoke();
