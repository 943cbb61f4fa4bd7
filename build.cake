// SPDX-License-Identifier: MIT
#load "sanitize.cake"
using System.Text.Json;
using System.Text.RegularExpressions;

const string Solution = "Spead2.Interop.sln";
// CMake presets; those of systems are also what .NET calls them.
const string Preset = "linux-x64";
const string ClangPreset = "linux-x64-clang";
const string AddressSanitizerPreset = "linux-x64-asan";
const string CoveragePreset = "linux-x64-coverage";
const string WindowsPreset = "win-x64-mingw";
const string Arm64Preset = "linux-arm64";
const string MuslPreset = "linux-musl-x64";
const string Results = "artifacts/test-results";
const string RunWithWine = "native/cmake/run-with-wine.sh";
const string WindowsPrograms = "artifacts/win-x64";
const string Packages = "artifacts/packages";
const string PackageSolution = "managed/Packages.slnf";
// Category of tests that have a target of their own.
const string LongTests = "Consume";
// Those that need h5py.
const string FormatTests = "Formats";
// Those that need a server.
const string ServiceTests = "Services";
const string Coverage = "artifacts/coverage";
const string Site = "artifacts/site";
const string SiteTools = "artifacts/tools";
const string DocfxVersion = "2.81.0";
const string AotFolder = "build/aot";
const string AotLibrary = $"{AotFolder}/lib/libspead2aot.so";

// What targets need: a program, or a file, and after "=" the Debian package that brings it, where that has another name.
string[] nativeTools = ["cmake", "ninja=ninja-build", "gcc", "g++", "nm=binutils"];
string[] contractTools = ["clang-14", "clang-14=libclang-common-14-dev"];
string[] wine = ["wine", "wine=wine64"];
string[] packageTools = ["readelf=binutils", "git"];
string[] sampleTools = ["pkg-config", "python3"];
string[] screenTools = ["tmux"];
string[] captureTools = ["tcpdump", "dumpcap=tshark", "zstd"];
string[] coverageTools = ["gcovr"];
string[] fuzzTools = ["/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a=libclang-rt-14-dev"];
string[] valgrind = ["/usr/bin/valgrind=valgrind"];
string[] numPy = ["/usr/lib/python3/dist-packages/numpy/__init__.py=python3-numpy"];
string[] h5py = ["/usr/lib/python3/dist-packages/h5py/__init__.py=python3-h5py"];
string[] systemCallTools = ["strace"];
string[] fontsOfPlots = ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core"];

// The C core for each system, from musl, which needs least, to Windows; the packages carry all of them.
(string Rid, string Preset, string[] Compilers)[] platforms =
[
    (Preset, Preset, []),
    (MuslPreset, MuslPreset, ["musl-gcc=musl-tools"]),
    (Arm64Preset, Arm64Preset,
        ["aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu", "aarch64-linux-gnu-g++=g++-aarch64-linux-gnu",
         "aarch64-linux-gnu-gcc=libc6-dev-arm64-cross"]),
    ("win-x64", WindowsPreset,
        ["x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64", "x86_64-w64-mingw32-g++=g++-mingw-w64-x86-64"]),
];
string[] crossCompilers = [.. platforms.SelectMany(platform => platform.Compilers)];

string target = Argument("target", "");

// What follows the target on the command line of build.sh, one per line: for the program that the target runs.
string[] programArguments = Argument("arguments", "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
var suites = new List<SuiteRun>();
// The names of the tests, whose parts are between bars, make the table at the end, instead of the suites.
bool tableOfTests = false;
var isQuiet = new System.Threading.AsyncLocal<bool>();

Task("setup")
    .Description("Installs the Debian packages that are missing: cmake, ninja, gcc, g++, clang 14, gcovr, pkg-config, Python 3, tmux, tcpdump, tshark, zstd")
    .Does(() => Require([.. nativeTools, .. contractTools, .. coverageTools, .. sampleTools, .. screenTools, .. captureTools]));

Task("native")
    .Description("Builds the C core into build/linux-x64")
    .Does(() => BuildNative(Preset));

Task("aot")
    .Description($"Compiles the managed port to a native library with the C core's interface: {AotLibrary}")
    .Does(PublishAot);

Task("build")
    .Description("Builds the C core and all .NET projects (Release)")
    .IsDependentOn("native")
    .Does(BuildManaged);

Task("test")
    .Description("Runs all tests: C, C with address and undefined-behaviour sanitizers, .NET")
    .IsDependentOn("setup")
    .Does(() =>
    {
        CleanDirectory(Results);
        BuildForTests();
        suites.Add(TestNative("C core, linux-x64", Preset, "--label-exclude", "^aot$"));
        suites.Add(TestNative("C tests of the AOT library", Preset, "--label-regex", "^aot$"));
        suites.Add(TestNative($"C core, {AddressSanitizerPreset}", AddressSanitizerPreset));
        suites.Add(TestCoverage());
        suites.Add(TestManaged(
            "tests/Spead2.Interop.Tests",
            "Chunks and shared ports of the C# facade over the AOT library",
            "FullyQualifiedName~Engines.Chunk|FullyQualifiedName~SharedPort",
            "--environment", $"SPEAD2_CORE_LIBRARY={MakeAbsolute(File(AotLibrary)).FullPath}"));
        foreach (FilePath project in GetFiles("tests/*/*.csproj").OrderBy(path => path.FullPath))
        {
            string name = project.GetFilenameWithoutExtension().ToString();
            suites.Add(TestManaged($"tests/{name}", name, $"TestCategory!={LongTests}&TestCategory!={FormatTests}&TestCategory!={ServiceTests}", [
                "--collect", "XPlat Code Coverage", "--settings", "tests/coverage.runsettings"]));
        }
    });

Task("pack")
    .Description($"Packs the NuGet packages into {Packages} and tests what is in them; --rid RID: for that platform alone")
    .Does(() =>
    {
        Pack(programArguments);
        suites.Add(TestPackages("packages", $"TestCategory!={LongTests}"));
    });

Task("repack")
    .Description("Packs two clones of the last commit in two folders, and compares the bytes; takes minutes")
    .Does(() => Run("tests/Spead2.Package.Tests/repack.sh", Packages));

Task("consume")
    .Description("Receives with fresh programs that use the packages, published in every way; takes minutes")
    .Does(() =>
    {
        Pack([]);
        Require(wine);
        suites.Add(TestPackages("consumers", $"TestCategory={LongTests}|TestCategory=Readme"));
        tableOfTests = true;
    });

Task("demo")
    .Description("Sends heaps over loopback and checks them; then searches the highest rate without loss, and compares with memcpy")
    .IsDependentOn("build")
    .Does(() =>
    {
        RunProgram("managed/Spead2.Tools", "demo");
        RunProgram("managed/Spead2.Tools", "bench", "--seconds", "0.2", "--passes", "3", "--precision", "0.1");
        RunProgram("managed/Spead2.Tools", "bench", "memory", "--passes", "5");
    });

Task("sanitize")
    .Description("Tests the C core with address, undefined-behaviour, thread and memory sanitizers, and the C# facade on the first; --valgrind adds memcheck")
    .IsDependentOn("build")
    .Does(() => suites.AddRange(Sanitize(programArguments.Contains("--valgrind"))));

Task("fuzz")
    .Description("Fuzzes the C core and the items in C#: --minutes N for each target; see --help")
    .Does(With([.. nativeTools, .. contractTools, .. fuzzTools, .. coverageTools],
        () => RunProgram("tests/Spead2.Fuzz.Runner", programArguments)));

Task("mutants")
    .Description("Plants random mutants into copies of the C core and of the managed port and runs the tests; takes an hour; see --help")
    .IsDependentOn("native")
    .Does(() =>
    {
        Require([.. nativeTools, "clang-14", "git"]);
        RunProgram("tests/Spead2.Mutants", programArguments);
    });

Task("coverage")
    .Description("Runs the C tests and prints which lines and branches of the C core they reach")
    .Does(() =>
    {
        EnsureDirectoryExists(Results);
        suites.Add(TestCoverage());
    });

Task("platforms")
    .Description("Builds the C core for Linux, Windows, arm64 and musl, and runs its tests with Wine and qemu; see docs/platforms.md")
    .Does(() =>
    {
        Require([.. nativeTools, .. crossCompilers, .. wine, "qemu-aarch64-static=qemu-user-static"]);
        EnsureDirectoryExists(Results);
        foreach ((_, string preset, _) in platforms)
        {
            BuildNative(preset);
        }

        suites.Add(TestNative("linux-x64", Preset, "--label-exclude", "^aot$"));
        suites.Add(TestNative("linux-musl-x64", MuslPreset));
        suites.Add(TestNative("linux-arm64 (qemu)", Arm64Preset));
        Run(RunWithWine, "--start");
        suites.Add(TestNative("win-x64 (Wine)", WindowsPreset, "--parallel", "1"));
    });

Task("windows")
    .Description("Runs the .NET tests and the command as Windows programs in Wine; takes some minutes")
    .Does(() =>
    {
        Require([.. nativeTools, .. crossCompilers, .. wine]);
        EnsureDirectoryExists(Results);
        BuildNative(WindowsPreset);
        string[] projects = ["tests/Spead2.Tests", "tests/Spead2.Interop.Tests"];
        foreach (string project in (string[])[.. projects, "managed/Spead2.Tools"])
        {
            PublishForWindows(project);
        }

        Run(RunWithWine, "--start");
        suites.Add(DemoWithWine());
        suites.AddRange(projects.Select(TestWithWine));
    });

Task("faults")
    .Description("Makes memory, threads and system calls of the C core fail, also with Wine, and prints what users see; --write updates docs/faults.md")
    .IsDependentOn("native")
    .Does(() =>
    {
        Require([.. nativeTools, .. crossCompilers, .. wine]);
        BuildNative(WindowsPreset);
        Run(RunWithWine, "--start");
        if (PrintFaults("what fails", $"build/{Preset}/native/tests/test_fault_matrix") |
            PrintFaults("what fails on Windows", RunWithWine, $"build/{WindowsPreset}/lib/test_fault_matrix.exe"))
        {
            throw new CakeException("a fault was not seen as docs/faults.md says, or left something behind");
        }
    });

Task("schedules")
    .Description("Runs the C core's threads in many orders of their steps; an argument is the number of orders, 400000 by default")
    .IsDependentOn("native")
    .Does(() =>
    {
        // Each scenario in as many orders, at most, of a cost of at most three; see native/tests/schedule/scheduler.h.
        Environment.SetEnvironmentVariable("SPEAD2_SCHEDULE_LIMIT", programArguments.FirstOrDefault("400000"));
        Environment.SetEnvironmentVariable("SPEAD2_SCHEDULE_COST", "3");
        Run($"build/{Preset}/native/tests/test_schedules");
    });

Task("differential")
    .Description("Compares the engines with a naive model on seeded packets; --help lists its arguments, e.g. --seeds 10000")
    .IsDependentOn("native")
    .IsDependentOn("aot")
    .Does(() => RunProgram("tests/Spead2.Differential", programArguments));

Task("sockets")
    .Description("Sends to 1, 2 and 4 streams that share a port, and looks whether a heap is split or lost; an argument is the packets of each run, 1000000 by default")
    .IsDependentOn("native")
    .Does(() => Run($"build/{Preset}/native/bench/bench_sockets", programArguments));

Task("instructions")
    .Description("Counts the instructions of the C core for a packet, and fails where they have grown by more than 5 %; --write records them")
    .IsDependentOn("native")
    .Does(With(valgrind, () =>
        Run("python3", ["benchmarks/instructions.py", $"build/{Preset}/native/bench/bench_assemble", .. programArguments])));

Task("numpy")
    .Description("Compares what is read of NumPy headers with what NumPy reads, 100,000 of them; --help lists its arguments")
    .Does(With(numPy, () => RunProgram("tests/Shared/Spead2.Fuzz", ["headers", .. programArguments])));

Task("site")
    .Description("Builds the pages and the reference of the API for a browser, artifacts/site/html, and fails on a warning")
    .Does(() =>
    {
        Run("dotnet", "build", "managed/Spead2.Tools", "--configuration", "Release", "--nologo");
        CleanDirectory(Site);
        if (!FileExists($"{SiteTools}/docfx"))
        {
            Run("dotnet", "tool", "install", "docfx", "--tool-path", SiteTools, "--version", DocfxVersion);
        }

        Run($"{SiteTools}/docfx", "docfx.json", "--warningsAsErrors");
        CopyFile($"{Site}/html/README.html", $"{Site}/html/index.html");
        Information($"See {Site}/html/index.html, for example with {SiteTools}/docfx serve {Site}/html");
    });

Task("formats")
    .Description("Reads with NumPy and h5py what the packages and the command save of every kind of item")
    .IsDependentOn("build")
    .Does(With([.. numPy, .. h5py, .. systemCallTools], () =>
    {
        CleanDirectory(Results);
        foreach (string name in (string[])["Spead2.Formats.Tests", "Spead2.Tools.Tests"])
        {
            suites.Add(TestManaged($"tests/{name}", $"{name}, formats", $"TestCategory={FormatTests}"));
        }
    }));

Task("services")
    .Description("Lets Prometheus scrape the sample of a service with metrics, and sees alerts fire on loss and on silence; takes two minutes")
    .IsDependentOn("build")
    .Does(With(["prometheus"], () =>
    {
        CleanDirectory(Results);
        const string name = "Spead2.Extensions.Hosting.Tests";
        suites.Add(TestManaged($"tests/{name}", $"{name}, services", $"TestCategory={ServiceTests}"));
    }));

Task("spinner")
    .Description("Calls both libraries at random from four threads, for 60 seconds or as many as its argument says")
    .IsDependentOn("aot")
    .Does(() =>
    {
        CleanDirectory(Results);
        BuildNative(Preset, AotOption());
        Environment.SetEnvironmentVariable("SPEAD2_SPIN_SECONDS", programArguments.FirstOrDefault("60"));
        suites.Add(TestNative("random calls", Preset, "--verbose", "--tests-regex", @"^(spinner|spinner_aot|any_handle_aot)\."));
    });

Task("soak")
    .Description("Receives for 15 minutes amid loss, damage, a hostile sender and restarts, and accounts for every datagram; see --help")
    .IsDependentOn("native")
    .Does(With(fontsOfPlots, () => RunProgram("tests/Spead2.Soak", programArguments)));

Task("bench")
    .Description("Runs all benchmarks and writes benchmarks/results, with plots: ten minutes, with --quick two; see --help")
    .IsDependentOn("native")
    .IsDependentOn("aot")
    .Does(With(fontsOfPlots, () => RunProgram(
        "benchmarks/Spead2.Benchmarks", ["all", "--programs", $"build/{Preset}/native/bench", .. programArguments])));

Task("bindings")
    .Description("Generates the C# bindings from the C headers and shows what changed; see docs/bindings.md")
    .Does(With(contractTools, () => Run("bindings/generate.sh")));

Task("format")
    .Description("Checks the format of all C# and C files")
    .Does(() =>
    {
        Require(["clang-format-14"]);
        string[] sources =
            [.. GetFiles("{native,managed/Spead2.Aot/Native}/**/*.{c,h}").Select(path => path.FullPath)];
        Run("clang-format-14", ["--dry-run", "--Werror", .. sources]);
        Run("dotnet", "format", Solution, "--verify-no-changes");
    });

RunTarget(target);

if (suites.Count > 0)
{
    if (target is "test" or "coverage")
    {
        PrintCoverage();
    }

    string runs = $"{Results}/suites.json";
    System.IO.File.WriteAllText(runs, JsonSerializer.Serialize(suites));
    Environment.Exit(Report(["suites", runs, .. tableOfTests ? ["--tests"] : Array.Empty<string>()]));
}

void BuildNative(string preset, params string[] options)
{
    Require(nativeTools);
    Run("cmake", ["--preset", preset, .. options]);
    Run("cmake", "--build", "--preset", preset);
}

// The library alone.
void BuildNativeLibrary(string preset)
{
    Run("cmake", "--preset", preset);
    Run("cmake", "--build", "--preset", preset, "--target", "spead2core");
}

// The C core's library comes first, which .NET projects copy. Then, beside each other because each keeps only one processor
// busy at times: the .NET projects; the AOT library and the tests with it; the C core in other ways.
void BuildForTests()
{
    BuildNativeLibrary(Preset);
    Parallel.Invoke(
        BuildManaged,
        () => Quietly(() =>
        {
            PublishAot();
            BuildNative(Preset, AotOption());
        }),
        () => Quietly(() =>
        {
            BuildNative(AddressSanitizerPreset);
            BuildNative(CoveragePreset);
            BuildNative(ClangPreset);
        }));
}

SuiteRun TestNative(string name, string preset, params string[] chosen)
{
    const string wholeOutput = "10000000";
    string results = ResultsOf(name);
    return Timed(name, results, () => Start("ctest", ["--preset", preset, "--no-tests=error", "--output-junit", results,
        "--parallel", $"{Environment.ProcessorCount}",
        "--test-output-size-passed", wholeOutput, "--test-output-size-failed", wholeOutput, .. chosen]));
}

string ResultsOf(string nativeSuite) => MakeAbsolute(File($"{Results}/{nativeSuite.Replace(" ", "-")}.xml")).FullPath;

// Whether something was not as the document says.
bool PrintFaults(string table, params string[] program) => Report(
    ["faults", "--document", "docs/faults.md", "--table", table, .. programArguments, "--", .. program]) != 0;

// The C tests in a build that counts what runs, but the searches through all orders: they run a copy of the core that is not
// counted, and take minutes where every line is.
SuiteRun TestCoverage()
{
    BuildNative(CoveragePreset);
    DeleteFiles($"build/{CoveragePreset}/**/*.gcda");
    return TestNative($"C core, {CoveragePreset}", CoveragePreset, "--exclude-regex", @"^(schedules|flow)\.");
}

// Of the C core as a library and with what tests can make fail, and of the managed code. Of the AOT library, which runs as
// native code, nothing is counted.
void PrintCoverage()
{
    CleanDirectory(Coverage);
    foreach (string library in (string[])["spead2core", "spead2core_internal"])
    {
        // Threads leave gcov some counts below 0.
        Output(
            "gcovr", "--root", ".", "--filter", "native/src/", "--gcov-ignore-parse-errors",
            "--cobertura", $"{Coverage}/{library}.xml", $"build/{CoveragePreset}/native/CMakeFiles/{library}.dir");
    }

    Output(
        "dotnet", "reportgenerator", $"-reports:{Coverage}/*.xml;{Results}/*/coverage.cobertura.xml",
        $"-targetdir:{Coverage}", "-reporttypes:Html;Cobertura");
    Report("coverage", $"{Coverage}/Cobertura.xml", "--output", $"{Coverage}/coverage.txt");
}

// Says to CMake where the second library for the public tests is.
string AotOption() => $"-DSP2_AOT_LIBRARY={MakeAbsolute(File(AotLibrary)).FullPath}";

void PublishAot() => Run(
    "dotnet", "publish", "managed/Spead2.Aot", "--runtime", "linux-x64", "-p:AotTargetFramework=net10.0",
    "--artifacts-path", MakeAbsolute(Directory($"{AotFolder}/net10.0")).FullPath, "--nologo", "--configuration", "Release",
    "--output", $"{AotFolder}/lib");

void PublishForWindows(string project) => Run(
    "dotnet", "publish", project, "--runtime", "win-x64", "--self-contained", "--configuration", "Release",
    "-p:EnableNUnitRunner=true", "--output", $"{WindowsPrograms}/{System.IO.Path.GetFileName(project)}", "--nologo");

int StartWithWine(string name, params string[] arguments) =>
    Start(RunWithWine, [$"{WindowsPrograms}/{name}/{name}.exe", .. arguments]);

SuiteRun TestWithWine(string project)
{
    string name = System.IO.Path.GetFileName(project);
    string file = $"{name}-win-x64.trx";
    DeleteFiles($"{Results}/{file}");
    return Timed($"{name}, win-x64 with Wine", $"{Results}/{file}", () => StartWithWine(
        name, "--results-directory", WindowsPath(Results), "--report-trx", "--report-trx-filename", file, "--no-ansi"));
}

// 1,000 heaps of 64 KiB from 'spead2 send' to 'spead2 recv', at a rate that Wine keeps up with.
SuiteRun DemoWithWine()
{
    const string name = "spead2 send to spead2 recv, win-x64 with Wine";
    const string rate = "0.02";
    return Timed(name, $"1,000 heaps of 64 KiB at {rate} Gb/s", () => StartWithWine(
        "Spead2.Tools", "demo", "--heaps", "1000", "--heap-size", "65536", "--rate", rate));
}

string WindowsPath(string path) => $"Z:{MakeAbsolute(File(path)).FullPath.Replace('/', '\\')}";

void BuildManaged() => Run("dotnet", "build", Solution, "--configuration", "Release", "--nologo");

SuiteRun TestManaged(string project, string name, string filter, params string[] more)
{
    string results = $"{Results}/{name}.trx";
    return Timed(name, results, () => Start(
        "dotnet", ["test", project, "--configuration", "Release", "--no-build", "--nologo",
        "--filter", filter, "--logger", "console;verbosity=normal",
        "--logger", $"trx;LogFileName={name}.trx", "--results-directory", Results,
        "--blame-hang-timeout", "5min", "--blame-hang-dump-type", "none", .. more]));
}

// For all platforms, or for the one of --rid, whose C core alone the packages then carry: Directory.Build.props.
void Pack(string[] arguments)
{
    string rid = arguments is ["--rid", string one] ? one : "";
    var chosen = platforms.Where(platform => rid == "" || platform.Rid == rid).ToArray();
    if (chosen.Length == 0 || (rid == "" && arguments.Length > 0))
    {
        throw new CakeException(
            $"pack understands --rid with one of {string.Join(", ", platforms.Select(platform => platform.Rid))}; " +
            $"not: {string.Join(' ', arguments)}");
    }

    Environment.SetEnvironmentVariable("SPEAD2_RID", rid);
    Require([.. nativeTools, .. chosen.SelectMany(platform => platform.Compilers), .. packageTools]);
    foreach ((_, string preset, _) in chosen)
    {
        BuildNativeLibrary(preset);
    }

    CleanDirectory(Packages);
    Run("dotnet", "build", PackageSolution, "--configuration", "Release", "--nologo");
    Run("dotnet", "pack", PackageSolution, "--configuration", "Release", "--no-build", "--output", Packages, "--nologo",
        "-warnaserror");
}

// The tests look at the packages that have been packed, instead of packing what they find.
SuiteRun TestPackages(string name, string filter)
{
    DeleteFiles($"{Results}/{name}.trx");
    Environment.SetEnvironmentVariable("SPEAD2_PACKAGES", MakeAbsolute(Directory(Packages)).FullPath);
    return TestManaged("tests/Spead2.Package.Tests", name, filter);
}

// Installs the packages of what is missing; their lists may be missing or old, too. Does nothing if all is there.
void Require(string[] tools)
{
    string[] missing = [.. tools.Where(tool => !IsThere(tool.Split('=')[0])).Select(tool => tool.Split('=')[^1])];
    if (missing.Length == 0)
    {
        return;
    }

    string list = string.Join(' ', missing);
    if (!IsThere("apt-get") || !(Environment.IsPrivilegedProcess || IsThere("sudo")))
    {
        throw new CakeException($"Please install what these Debian packages contain: {list}");
    }

    Information($"Installing {list}");
    string apt = $"{(Environment.IsPrivilegedProcess ? "" : "sudo ")}env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400";
    string install = $"{apt} install --yes --no-install-recommends {list}";
    Run("sh", "-c", $"{install} || ({apt} update && {install})");
}

// Does something that needs tools.
Action With(string[] tools, Action action) => () =>
{
    Require(tools);
    action();
};

// On the PATH, or at its own path.
bool IsThere(string program) =>
    EnvironmentVariable("PATH").Split(System.IO.Path.PathSeparator)
        .Any(folder => System.IO.File.Exists(System.IO.Path.Combine(folder, program)));

void Run(string program, params string[] arguments)
{
    if (isQuiet.Value)
    {
        Output(program, arguments);
    }
    else if (Start(program, arguments) is int exitCode and not 0)
    {
        throw new CakeException($"{program} {arguments.FirstOrDefault()} ended with exit code {exitCode}");
    }
}

// What commands print beside others is shown only if one fails.
void Quietly(Action commands)
{
    isQuiet.Value = true;
    commands();
}

// A .NET program of the repository; its exit code is that of the target.
void RunProgram(string project, params string[] arguments)
{
    if (StartProgram(project, arguments) is int exitCode and not 0)
    {
        Environment.Exit(exitCode);
    }
}

int StartProgram(string project, params string[] arguments) =>
    Start("dotnet", ["run", "--project", project, "--configuration", "Release", "--", .. arguments]);

int Start(string program, params string[] arguments) =>
    StartProcess(program, new ProcessSettings { Arguments = ProcessArgumentBuilder.FromStringsQuoted(arguments) });

IEnumerable<string> Output(string program, params string[] arguments)
{
    var settings = new ProcessSettings
    {
        Arguments = ProcessArgumentBuilder.FromStringsQuoted(arguments),
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
    int exitCode = StartProcess(program, settings, out IEnumerable<string> output, out IEnumerable<string> errors);
    return exitCode == 0
        ? output
        : throw new CakeException($"{program} {arguments.FirstOrDefault()} failed:\n{string.Join('\n', output.Concat(errors))}");
}

// Runs a suite.
SuiteRun Timed(string name, string results, Func<int> run)
{
    var time = System.Diagnostics.Stopwatch.StartNew();
    int exitCode = run();
    return new SuiteRun(name, results, exitCode, null, time.Elapsed.TotalSeconds);
}

// What tests/Spead2.TestReports has to say.
int Report(params string[] arguments) => StartProgram("tests/Spead2.TestReports", arguments);

// As tests/Spead2.TestReports/Suites/SuiteRun.cs reads it.
record SuiteRun(string Name, string Results, int ExitCode, int? Reports, double Seconds);
