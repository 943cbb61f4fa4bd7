// SPDX-License-Identifier: MIT
// Runs the tests with sanitizers, and counts what these report.
using System.Text.RegularExpressions;

const string Sanitizer = "(?:ERROR|WARNING): (?:Address|Leak|Memory|Thread)Sanitizer|runtime error: ";

// What does not run in memcheck: a program that starts itself; one that looks for its pages in /proc; the switched stacks
// of the schedules. And what is no test of the core's memory, or is not started by the launcher.
const string NotForMemcheck = @"^(exit\.|mmap\.|schedules\.|fuzz_|imports$|released_binary\.)";

// In the usual time random calls do not come to succeed in memcheck.
const string SpinSecondsForMemcheck = "30";

(string Name, string Preset)[] sanitizers =
[
    ("address and undefined behaviour (gcc)", AddressSanitizerPreset),
    ("address and undefined behaviour (clang)", "linux-x64-clang-asan"),
    ("threads (gcc)", "linux-x64-tsan"),
    ("memory and undefined behaviour (clang)", "linux-x64-msan"),
];

IEnumerable<SuiteRun> Sanitize(bool valgrind)
{
    Require([.. nativeTools, .. contractTools, .. fuzzTools]);
    if (valgrind)
    {
        Require(["valgrind"]);
    }

    EnsureDirectoryExists(Results);
    foreach ((string name, string preset) in sanitizers)
    {
        BuildNative(preset);
        yield return Counted(TestNative(name, preset), Sanitizer, ResultsOf(name));
    }

    yield return TestFacadeSanitized();
    if (valgrind)
    {
        const string name = "memcheck (valgrind)";
        const string preset = "linux-x64-valgrind";
        Environment.SetEnvironmentVariable("SPEAD2_SPIN_SECONDS", SpinSecondsForMemcheck);
        BuildNative(preset);
        yield return Counted(
            TestNative(name, preset, "--exclude-regex", NotForMemcheck), @"(?<=ERROR SUMMARY: )[1-9]\d* errors", ResultsOf(name));
    }
}

// With how often there is a report in files.
SuiteRun Counted(SuiteRun run, string report, params string[] files) =>
    run with { Reports = files.Sum(file => Regex.Matches(System.IO.File.ReadAllText(file), report).Count) };

// The facade with a C core that has the address sanitizer, which must be the first library of the process. It cannot
// tell leaks of the core from what .NET keeps. C# reads without asking the sanitizer: only other bytes show that memory of a
// heap was freed too early.
SuiteRun TestFacadeSanitized()
{
    const string overwriteFreed = "max_free_fill_size=1048576:free_fill_byte=221";
    string log = MakeAbsolute(File($"{Results}/address-sanitizer")).FullPath;
    DeleteFiles($"{log}.*");
    string core = MakeAbsolute(File($"build/{AddressSanitizerPreset}/lib/libspead2core.so")).FullPath;
    string runtime = Output("gcc", "-print-file-name=libasan.so").Single();
    SuiteRun run = TestManaged(
        "tests/Spead2.Interop.Tests", "C# facade, address and undefined behaviour (gcc)", $"TestCategory!={LongTests}",
        "--environment", $"SPEAD2_CORE_LIBRARY={core}", "--environment", $"LD_PRELOAD={runtime}",
        "--environment", $"ASAN_OPTIONS=detect_leaks=0:handle_segv=0:use_sigaltstack=0:log_path={log}:{overwriteFreed}");
    return Counted(run, Sanitizer, [.. GetFiles($"{log}.*").Select(file => file.FullPath)]);
}
