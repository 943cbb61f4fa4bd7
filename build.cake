// SPDX-License-Identifier: MIT
#load "coverage.cake"
#load "sanitize.cake"
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

const string Solution = "Spead2.Interop.sln";
const string Preset = "linux-x64";
const string ClangPreset = "linux-x64-clang";
const string AddressSanitizerPreset = "linux-x64-asan";
const string CoveragePreset = "linux-x64-coverage";
const string WindowsPreset = "win-x64-mingw";
const string Arm64Preset = "linux-arm64";
const string MuslPreset = "linux-musl-x64";
const string Results = "artifacts/test-results";
const string WindowsPrograms = "artifacts/win-x64";
const string Packages = "artifacts/packages";
// What packages are made of, and their tests.
const string PackageSolution = "managed/Packages.slnf";
const string PackageTests = "tests/Spead2.Package.Tests/Spead2.Package.Tests.csproj";
// Category of tests that have a target of their own.
const string LongTests = "Consume";
const string FaultDocument = "docs/faults.md";
// Options of 'dotnet test' that count which lines of the managed code run.
string[] countLines = ["--collect", "XPlat Code Coverage", "--settings", "tests/coverage.runsettings"];
const string AotFolder = "build/aot";
const string AotLibrary = $"{AotFolder}/lib/libspead2aot.so";

// A program that is not on the PATH, and the Debian package that brings it.
(string Program, string Package)[] nativeTools =
[
    ("cmake", "cmake"), ("ninja", "ninja-build"), ("gcc", "gcc"), ("g++", "g++"), ("nm", "binutils"),
];
(string Program, string Package)[] contractTools = [("clang-14", "clang-14"), ("clang-14", "libclang-common-14-dev")];
(string Program, string Package)[] crossCompilers =
[
    ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"), ("x86_64-w64-mingw32-g++", "g++-mingw-w64-x86-64"),
    ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"), ("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu"),
    ("aarch64-linux-gnu-gcc", "libc6-dev-arm64-cross"),
    ("musl-gcc", "musl-tools"),
];
(string Program, string Package)[] wine = [("wine", "wine"), ("wine", "wine64")];
(string Program, string Package)[] emulators = [.. wine, ("qemu-aarch64-static", "qemu-user-static")];
(string Program, string Package)[] packageTools = [("readelf", "binutils"), ("git", "git")];
(string Program, string Package)[] sampleTools = [("pkg-config", "pkg-config"), ("python3", "python3")];
(string Program, string Package)[] fuzzTools = [("/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a", "libclang-rt-14-dev")];
(string Program, string Package)[] coverageTools = [("gcovr", "gcovr")];
// The letters of plots.
(string Program, string Package)[] fonts = [("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core")];
(string Program, string Package)[] formatTools = [("clang-format-14", "clang-format-14")];

// The C core for other systems than this one, from musl, which needs least, to Windows.
string[] crossPresets = [MuslPreset, Arm64Preset, WindowsPreset];

string target = Argument("target", "help");

// What follows the target on the command line of build.sh, one per line: for the program that the target runs.
string[] programArguments = Argument("arguments", "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
var suites = new List<Suite>();
// The names of the tests, whose parts are between bars, make the table at the end, instead of the suites.
bool tableOfTests = false;

Task("help")
    .Description("Lists the targets");

Task("setup")
    .Description("Installs the Debian packages that are missing: cmake, ninja, gcc, g++, clang 14, pkg-config, Python 3")
    .Does(() => Require([.. nativeTools, .. contractTools, .. sampleTools]));

Task("native")
    .Description("Builds the C core into build/linux-x64")
    .Does(() => BuildNative(Preset));

Task("aot")
    .Description($"Compiles the managed port to a native library with the C core's interface: {AotLibrary}")
    .Does(PublishAot);

Task("build")
    .Description("Builds the C core and all .NET projects (Release)")
    .IsDependentOn("native")
    .Does(() => Run("dotnet", "build", Solution, "--configuration", "Release", "--nologo"));

Task("test")
    .Description("Runs all tests: C, C with address and undefined-behaviour sanitizers, .NET")
    .IsDependentOn("setup")
    .IsDependentOn("build")
    .IsDependentOn("aot")
    .Does(() =>
    {
        CleanDirectory(Results);
        BuildNative(Preset, AotOption());
        BuildNative(ClangPreset);
        BuildNative(AddressSanitizerPreset);
        suites.Add(TestNative("C core, linux-x64", Preset, "--label-exclude", "^aot$"));
        suites.Add(TestNative("C tests of the AOT library", Preset, "--label-regex", "^aot$"));
        suites.Add(TestNative($"C core, {AddressSanitizerPreset}", AddressSanitizerPreset));
        suites.Add(TestCoverage());
        foreach (FilePath project in GetFiles("tests/*/*.csproj").OrderBy(path => path.FullPath))
        {
            suites.Add(TestManaged(
                project, project.GetFilenameWithoutExtension().ToString(), $"TestCategory!={LongTests}", countLines));
        }
    });

Task("pack")
    .Description($"Packs the NuGet packages into {Packages}, with the C core for all systems, and tests what is in them")
    .Does(() =>
    {
        Pack();
        suites.Add(TestPackages("packages", $"TestCategory!={LongTests}"));
    });

Task("repack")
    .Description("Packs two clones of the last commit in two folders, and compares the bytes; takes minutes")
    .Does(Repack);

Task("consume")
    .Description("Receives with fresh programs that use the packages, published in every way; takes minutes")
    .Does(() =>
    {
        Pack();
        Require(wine);
        suites.Add(TestPackages("consumers", $"TestCategory={LongTests}|TestCategory=Readme"));
        tableOfTests = true;
    });

Task("demo")
    .Description("Sends 1,000 heaps of 1 MiB over loopback from 'spead2 send' to 'spead2 recv'")
    .IsDependentOn("build")
    .Does(() => Run(
        "dotnet", "run", "--project", "managed/Spead2.Tools", "--configuration", "Release", "--no-build", "--", "demo"));

Task("sanitize")
    .Description("Tests the C core with address, undefined-behaviour, thread and memory sanitizers, and the C# facade on the first; --valgrind adds memcheck")
    .IsDependentOn("build")
    .Does(() => suites.AddRange(Sanitize(programArguments.Contains("--valgrind"))));

Task("fuzz")
    .Description("Fuzzes the C core and the items in C#: --minutes N for each target; see --help")
    .Does(() =>
    {
        Require([.. nativeTools, .. contractTools, .. fuzzTools, .. coverageTools]);
        Environment.Exit(Start(
            "dotnet",
            ["run", "--project", "tests/Spead2.Fuzz.Runner", "--configuration", "Release", "--", .. programArguments]));
    });

Task("coverage")
    .Description("Runs the C tests and prints which lines and branches of the C core they reach")
    .Does(() =>
    {
        EnsureDirectoryExists(Results);
        suites.Add(TestCoverage());
        PrintNativeCoverage();
    });

Task("platforms")
    .Description("Builds the C core for Linux, Windows, arm64 and musl, and runs its tests with Wine and qemu; see docs/platforms.md")
    .Does(() =>
    {
        Require([.. nativeTools, .. crossCompilers, .. emulators]);
        EnsureDirectoryExists(Results);
        foreach (string preset in (string[])[Preset, .. crossPresets])
        {
            BuildNative(preset);
        }

        suites.Add(TestNative("linux-x64", Preset, "--label-exclude", "^aot$"));
        suites.Add(TestNative("linux-musl-x64", MuslPreset));
        suites.Add(TestNative("linux-arm64 (qemu)", Arm64Preset));
        StartWine();
        suites.Add(TestNative("win-x64 (Wine)", WindowsPreset));
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

        StartWine();
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
        StartWine();
        bool write = programArguments.Contains("--write");
        bool[] held =
        [
            PrintFaults("what fails", $"build/{Preset}/native/tests/test_fault_matrix", "", write),
            PrintFaults("what fails on Windows", "native/cmake/run-with-wine.sh", $"build/{WindowsPreset}/lib/test_fault_matrix.exe", write),
        ];
        if (!write && held.Contains(false))
        {
            throw new CakeException($"a fault was not seen as {FaultDocument} says, or left something behind");
        }
    });

Task("schedules")
    .Description("Runs the C core's threads in many orders of their steps; an argument is the number of orders, 400000 by default")
    .IsDependentOn("native")
    .Does(() => RunSchedules(programArguments.FirstOrDefault() ?? "400000"));

Task("differential")
    .Description("Compares the engines with a naive model on seeded packets; --help lists its arguments, e.g. --seeds 10000")
    .IsDependentOn("native")
    .IsDependentOn("aot")
    .Does(() => Run(
        "dotnet",
        ["run", "--project", "tests/Spead2.Differential", "--configuration", "Release", "--", .. programArguments]));

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
    .Does(() =>
    {
        Require(fonts);
        Run(
            "dotnet",
            ["run", "--project", "tests/Spead2.Soak", "--configuration", "Release", "--", .. programArguments]);
    });

Task("bench")
    .Description("Runs all benchmarks and writes benchmarks/results, with plots: ten minutes, with --quick two; see --help")
    .IsDependentOn("native")
    .IsDependentOn("aot")
    .Does(() =>
    {
        Require(fonts);
        Run(
            "dotnet",
            ["run", "--project", "benchmarks/Spead2.Benchmarks", "--configuration", "Release", "--", "all", "--programs",
             $"build/{Preset}/native/bench", .. programArguments]);
    });

Task("bindings")
    .Description("Generates the C# bindings from the C headers and shows what changed; see docs/bindings.md")
    .Does(() =>
    {
        string[] generated = ["bindings/Spead2.Bindings/Generated", "tests/Spead2.Bindings.Tests/Generated"];
        string[] generator = ClangSharp();
        Run(generator[0], [.. generator[1..], "@bindings/clangsharp.rsp"]);
        Run("git", ["add", "--intent-to-add", "--", .. generated]);
        Run("git", ["diff", "--exit-code", "--", .. generated]);
    });

Task("format")
    .Description("Checks the format of all C# and C files")
    .Does(() =>
    {
        Require(formatTools);
        string[] sources =
            [.. GetFiles("{native,managed/Spead2.Aot/Native}/**/*.{c,h}").Select(path => path.FullPath)];
        Run("clang-format-14", ["--dry-run", "--Werror", .. sources]);
        Run("dotnet", "format", Solution, "--verify-no-changes");
    });

if (!Tasks.Any(task => task.Name == target) || target == "help")
{
    bool asked = target == "help";
    Console.WriteLine(asked ? "./build.sh TARGET" : $"There is no target '{target}'. The targets are:");
    foreach (var task in Tasks)
    {
        Console.WriteLine($"  {task.Name,-12} {task.Description}");
    }

    Environment.Exit(asked ? 0 : 1);
}

RunTarget(target);

if (suites.Count > 0)
{
    if (target == "test")
    {
        PrintManagedCoverage();
        PrintNativeCoverage();
    }

    Environment.Exit(Summarize(suites, tableOfTests));
}

// The C core -----------------------------------------------------------------------------------------------------------

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

Suite TestNative(string name, string preset, params string[] chosen)
{
    const string wholeOutput = "10000000";
    string results = ResultsOf(name);
    int exitCode = Start("ctest", ["--preset", preset, "--no-tests=error", "--output-junit", results,
        "--test-output-size-passed", wholeOutput, "--test-output-size-failed", wholeOutput, .. chosen]);
    return Suite.FromJUnit(name, results, exitCode);
}

string ResultsOf(string nativeSuite) => MakeAbsolute(File($"{Results}/{nativeSuite.Replace(" ", "-")}.xml")).FullPath;

// Each scenario in as many orders, at most, of a cost of at most three; see native/tests/schedule/scheduler.h.
void RunSchedules(string orders)
{
    var settings = new ProcessSettings
    {
        EnvironmentVariables = new Dictionary<string, string>
        {
            ["SPEAD2_SCHEDULE_LIMIT"] = orders,
            ["SPEAD2_SCHEDULE_COST"] = "3",
        },
    };
    if (StartProcess($"build/{Preset}/native/tests/test_schedules", settings) != 0)
    {
        throw new CakeException("an order went wrong, or one that should have done so did not");
    }
}

// The rows that a program's tests of faults print, which the document has, too: there they are between two comments.
// Gives whether all of its tests passed.
bool PrintFaults(string table, string program, string arguments, bool write)
{
    const string heading = "| Fault | Scenario | What the user sees |\n|---|---|---|\n";
    int exitCode = StartProcess(
        program, new ProcessSettings { Arguments = arguments, RedirectStandardOutput = true }, out IEnumerable<string> output);
    string[] lines = [.. output];
    string rows = heading + string.Concat(lines.Where(line => line.StartsWith("| ")).Select(line => line + "\n"));
    Console.WriteLine($"\n{table}:\n{rows}");
    Console.WriteLine(string.Join('\n', lines.Where(line => !line.StartsWith("| "))));
    if (write)
    {
        System.IO.File.WriteAllText(FaultDocument, Regex.Replace(
            System.IO.File.ReadAllText(FaultDocument), $"(?<=<!-- {table} -->\n).*?(?=<!-- end -->)", _ => rows,
            RegexOptions.Singleline));
    }

    return exitCode == 0;
}

// All C tests in a build that counts what runs.
Suite TestCoverage()
{
    BuildNative(CoveragePreset);
    ForgetNativeCoverage(CoveragePreset);
    return TestNative($"C core, {CoveragePreset}", CoveragePreset);
}

void PrintNativeCoverage() => PrintCoverage("C core", "native", ReadNativeCoverage(CoveragePreset), folder => folder);

// By assembly. Of the AOT library, which runs as native code, nothing is counted.
void PrintManagedCoverage() => PrintCoverage(
    "Managed code", "managed", ReadManagedCoverage(GetFiles($"{Results}/*/coverage.json")), folder => folder.Split('/')[1]);

// Says to CMake where the second library for the public tests is.
string AotOption() => $"-DSP2_AOT_LIBRARY={MakeAbsolute(File(AotLibrary)).FullPath}";

// The newest .NET whose compiler and runtime for native libraries the package feed has.
void PublishAot()
{
    const string runtime = "linux-x64";
    string[] frameworks = ["net10.0", "net9.0"];
    string[] Arguments(string framework) =>
    [
        "managed/Spead2.Aot", "--runtime", runtime, $"-p:AotTargetFramework={framework}",
        "--artifacts-path", MakeAbsolute(Directory($"{AotFolder}/{framework}")).FullPath, "--nologo",
    ];
    Require([("gcc", "gcc")]);
    string chosen = frameworks.FirstOrDefault(framework => Succeeds("dotnet", ["restore", .. Arguments(framework)[..^1]])) ??
        throw new CakeException(
            $"The packages runtime.{runtime}.Microsoft.DotNet.ILCompiler and Microsoft.NETCore.App.Runtime of " +
            $"{string.Join(" or ", frameworks)} cannot be restored");
    Information($"The AOT library is built for {chosen}" + (chosen == frameworks[0]
        ? ""
        : $", because the packages of {frameworks[0]} cannot be restored here"));
    Run("dotnet", ["publish", .. Arguments(chosen), "--configuration", "Release", "--output", $"{AotFolder}/lib"]);
}

// Wine's own folder is made and its server started before the tests, whose time is limited. The server ends when nobody
// has used it for a while; then it would list, below the results, what programs left open. Status 2: it runs already.
void StartWine()
{
    Environment.SetEnvironmentVariable("WINEPREFIX", MakeAbsolute(Directory("build/wine")).FullPath);
    Environment.SetEnvironmentVariable("WINEDEBUG", "-all");
    EnsureDirectoryExists("build/wine");
    Run("sh", "-c", "wineserver -p60 > /dev/null 2>&1 || test $? = 2");
    Run("wineboot", "--update");
}

void PublishForWindows(string project) => Run(
    "dotnet", "publish", project, "--runtime", "win-x64", "--self-contained", "--configuration", "Release",
    "-p:EnableNUnitRunner=true", "--output", $"{WindowsPrograms}/{System.IO.Path.GetFileName(project)}", "--nologo");

// A .NET program in Wine 8. The first three variables let .NET survive exceptions there: native/tests/wine_frames.c. Wine
// does not get on with memory that is mapped twice, which is what the last is about.
int StartWithWine(string project, params string[] arguments)
{
    string name = System.IO.Path.GetFileName(project);
    Environment.SetEnvironmentVariable("CORECLR_ENABLE_PROFILING", "1");
    Environment.SetEnvironmentVariable("CORECLR_PROFILER", Guid.Empty.ToString("B"));
    Environment.SetEnvironmentVariable(
        "CORECLR_PROFILER_PATH", WindowsPath($"build/{WindowsPreset}/lib/wine_frames.dll"));
    Environment.SetEnvironmentVariable("DOTNET_EnableWriteXorExecute", "0");
    return Start("native/cmake/run-with-wine.sh", [$"{WindowsPrograms}/{name}/{name}.exe", .. arguments]);
}

Suite TestWithWine(string project)
{
    string name = $"{System.IO.Path.GetFileName(project)}-win-x64";
    string file = $"{Results}/{name}.trx";
    if (FileExists(file))
    {
        DeleteFile(file);
    }

    int exitCode = StartWithWine(
        project, "--results-directory", WindowsPath(Results), "--report-trx", "--report-trx-filename", $"{name}.trx",
        "--no-ansi");
    return Suite.FromTrx($"{System.IO.Path.GetFileName(project)}, win-x64 with Wine", file, exitCode);
}

// 1,000 heaps of 64 KiB from 'spead2 send' to 'spead2 recv', at a rate that Wine keeps up with.
Suite DemoWithWine()
{
    const string name = "spead2 send to spead2 recv, win-x64 with Wine";
    const string rate = "0.02";
    int exitCode = StartWithWine("managed/Spead2.Tools", "demo", "--heaps", "1000", "--heap-size", "65536", "--rate", rate);
    return Suite.OfProgram(name, $"1,000 heaps of 64 KiB at {rate} Gb/s", exitCode);
}

string WindowsPath(string path) => $"Z:{MakeAbsolute(File(path)).FullPath.Replace('/', '\\')}";

// .NET -----------------------------------------------------------------------------------------------------------------

Suite TestManaged(FilePath project, string name, string filter, params string[] more)
{
    string results = $"{Results}/{name}.trx";
    int exitCode = Start(
        "dotnet", ["test", project.FullPath, "--configuration", "Release", "--no-build", "--nologo",
        "--filter", filter, "--logger", "console;verbosity=normal",
        "--logger", $"trx;LogFileName={name}.trx", "--results-directory", Results,
        "--blame-hang-timeout", "5min", "--blame-hang-dump-type", "none", .. more]);
    return Suite.FromTrx(name, results, exitCode);
}

// Packages -------------------------------------------------------------------------------------------------------------

void Pack()
{
    Require([.. nativeTools, .. crossCompilers, .. packageTools]);
    foreach (string preset in (string[])[Preset, .. crossPresets])
    {
        BuildNativeLibrary(preset);
    }

    CleanDirectory(Packages);
    Run("dotnet", "build", PackageSolution, "--configuration", "Release", "--nologo");
    Run("dotnet", "pack", PackageSolution, "--configuration", "Release", "--no-build", "--output", Packages, "--nologo",
        "-warnaserror");
}

// The tests look at the packages that have been packed, instead of packing what they find.
Suite TestPackages(string name, string filter)
{
    string results = $"{Results}/{name}.trx";
    if (FileExists(results))
    {
        DeleteFile(results);
    }

    Environment.SetEnvironmentVariable("SPEAD2_PACKAGES", MakeAbsolute(Directory(Packages)).FullPath);
    return TestManaged(PackageTests, name, filter);
}

void Repack()
{
    string[] folders = [.. new[] { "one", "the-other/one" }.Select(name =>
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"spead2-{Environment.ProcessId}", name))];
    foreach (string folder in folders)
    {
        Run("git", "clone", "--quiet", "--no-hardlinks", ".", folder);
    }

    foreach (string folder in folders)
    {
        Run("bash", "-euc", "cd \"$1\" && ./build.sh pack", "bash", folder);
    }

    string[] Digests(string folder) => [.. System.IO.Directory.GetFiles($"{folder}/{Packages}")
        .Select(file => $"{CalculateFileHash(file).ToHex()}  {System.IO.Path.GetFileName(file)}").Order()];
    string[][] digests = [.. folders.Select(Digests)];
    Console.WriteLine(string.Join('\n', [.. folders.Zip(digests, (folder, of) => $"\n{folder}:\n  {string.Join("\n  ", of)}")]));
    DeleteDirectory(
        System.IO.Path.GetDirectoryName(folders[0]), new DeleteDirectorySettings { Recursive = true, Force = true });
    if (digests[0].Length == 0 || !digests[0].SequenceEqual(digests[1]))
    {
        throw new CakeException("The packages differ");
    }

    Console.WriteLine($"\nAll {digests[0].Length} packages are the same.");
}

// The generator of the bindings with the arguments that depend on the machine: the program that SPEAD2_CLANGSHARP names,
// or the tool that bindings/.config/dotnet-tools.json pins. bindings/clangsharp.rsp holds paths from the root, where a
// tool of that manifest cannot be started, so the tool gets a folder of its own; it comes without clang's headers.
string[] ClangSharp()
{
    if (EnvironmentVariable("SPEAD2_CLANGSHARP") is { Length: > 0 } generator)
    {
        return [generator];
    }

    Require(contractTools);
    using JsonDocument manifest = JsonDocument.Parse(System.IO.File.ReadAllText("bindings/.config/dotnet-tools.json"));
    JsonProperty tool = manifest.RootElement.GetProperty("tools").EnumerateObject().Single();
    string version = tool.Value.GetProperty("version").GetString();
    string folder = $"artifacts/tools/{tool.Name}-{version}";
    if (!DirectoryExists(folder))
    {
        Run("dotnet", "tool", "install", tool.Name, "--version", version, "--tool-path", folder);
    }

    string clangHeaders = Output("clang-14", "-print-resource-dir").Single() + "/include";
    return [$"{folder}/{tool.Value.GetProperty("commands")[0].GetString()}", "--include-directory", clangHeaders];
}

// Programs and packages ------------------------------------------------------------------------------------------------

// Installs the packages of the programs that are not on the PATH. Does nothing if all are there.
void Require((string Program, string Package)[] tools)
{
    string[] packages = [.. tools.Where(tool => !IsOnPath(tool.Program)).Select(tool => tool.Package)];
    if (packages.Length == 0)
    {
        return;
    }

    string list = string.Join(' ', packages);
    bool isRoot = Environment.IsPrivilegedProcess;
    if (!IsOnPath("apt-get") || !(isRoot || IsOnPath("sudo")))
    {
        throw new CakeException($"Please install what these Debian packages contain: {list}");
    }

    string[] apt = [.. isRoot ? [] : (string[])["sudo"], "env", "DEBIAN_FRONTEND=noninteractive", "apt-get",
        "-o", "DPkg::Lock::Timeout=400"];
    string[] install = [.. apt, "install", "--yes", "--no-install-recommends", .. packages];
    Information($"Installing {list}");
    if (Start(install[0], install[1..]) != 0)
    {
        // The package lists may be missing or old.
        string[] update = [.. apt, "update"];
        Run(update[0], update[1..]);
        Run(install[0], install[1..]);
    }
}

// A library is named by its whole path.
bool IsOnPath(string program) =>
    EnvironmentVariable("PATH").Split(System.IO.Path.PathSeparator)
        .Any(folder => System.IO.File.Exists(System.IO.Path.Combine(folder, program)));

void Run(string program, params string[] arguments)
{
    int exitCode = Start(program, arguments);
    if (exitCode != 0)
    {
        throw new CakeException($"{program} {arguments.FirstOrDefault()} ended with exit code {exitCode}");
    }
}

int Start(string program, params string[] arguments) =>
    StartProcess(program, new ProcessSettings { Arguments = Quoted(arguments) });

bool Succeeds(string program, params string[] arguments)
{
    var settings = new ProcessSettings
    {
        Arguments = Quoted(arguments),
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
    return StartProcess(program, settings, out _, out _) == 0;
}

IEnumerable<string> Output(string program, params string[] arguments)
{
    var settings = new ProcessSettings
    {
        Arguments = Quoted(arguments),
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
    return StartProcess(program, settings, out IEnumerable<string> output, out IEnumerable<string> errors) == 0
        ? output
        : throw new CakeException($"{program} failed: {string.Join(' ', errors)}");
}

ProcessArgumentBuilder Quoted(string[] arguments) =>
    arguments.Aggregate(new ProcessArgumentBuilder(), (builder, argument) => builder.AppendQuoted(argument));

// Results --------------------------------------------------------------------------------------------------------------

// Prints a table of the suites or of their tests, the tests that failed or were skipped, and the sums; gives the exit
// code.
int Summarize(IReadOnlyList<Suite> suites, bool ofTests)
{
    Console.WriteLine();
    if (ofTests)
    {
        PrintTests([.. suites.SelectMany(suite => suite.Tests)]);
    }
    else
    {
        PrintSuites(suites);
    }

    foreach (Outcome outcome in (Outcome[])[Outcome.Failed, Outcome.Skipped])
    {
        string[] lines =
        [
            .. from suite in suites
               from test in suite.Tests
               where test.Outcome == outcome
               select $"  {suite.Name}: {test.Name}{(test.Reason == "" ? "" : ": ")}{test.Reason}",
        ];
        if (lines.Length > 0)
        {
            Console.WriteLine($"\n{outcome}:\n{string.Join('\n', lines)}");
        }
    }

    int failed = suites.Sum(suite => suite.Failed);
    Console.WriteLine();
    Console.WriteLine(
        $"{suites.Sum(suite => suite.Passed)} passed, {failed} failed, {suites.Sum(suite => suite.Skipped)} skipped");
    return failed == 0 && suites.All(suite => suite.Reports is null or 0) ? 0 : 1;
}

void PrintSuites(IReadOnlyList<Suite> suites)
{
    int width = suites.Max(suite => suite.Name.Length);
    bool sanitized = suites.Any(suite => suite.Reports is not null);
    (string Title, Func<Suite, int?> Value)[] columns =
    [
        .. sanitized ? [("run", suite => suite.Passed + suite.Failed)] : Array.Empty<(string, Func<Suite, int?>)>(),
        ("passed", suite => suite.Passed), ("failed", suite => suite.Failed), ("skipped", suite => suite.Skipped),
        .. sanitized ? [("reports", suite => suite.Reports)] : Array.Empty<(string, Func<Suite, int?>)>(),
    ];
    Console.WriteLine($"{"Suite".PadRight(width)}  {string.Join(' ', columns.Select(column => $"{column.Title,7}"))}");
    foreach (Suite suite in suites)
    {
        Console.WriteLine($"{suite.Name.PadRight(width)}  {string.Join(' ', columns.Select(column => $"{column.Value(suite),7}"))}");
    }
}

// A row per test, in the order of their names, whose parts are the columns.
void PrintTests(IReadOnlyList<Test> tests)
{
    string[][] rows =
    [
        ["How published", "Package", "Platform", "Result"],
        .. tests.OrderBy(test => test.Name, StringComparer.Ordinal)
            .Select(test => (string[])[.. test.Name.Split(" | "), test.Outcome.ToString().ToLowerInvariant()]),
    ];
    int columns = rows.Max(row => row.Length);
    int[] widths = [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => row.ElementAtOrDefault(column)?.Length ?? 0))];
    foreach (string[] row in rows)
    {
        Console.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}

enum Outcome
{
    Passed,
    Failed,
    Skipped,
}

record Test(string Name, Outcome Outcome, string Reason);

class Suite
{
    public string Name { get; }
    public List<Test> Tests { get; }

    // What a sanitizer has reported; null: there was none.
    public int? Reports { get; set; }

    public int Passed => Tests.Count(test => test.Outcome == Outcome.Passed);
    public int Failed => Tests.Count(test => test.Outcome == Outcome.Failed);
    public int Skipped => Tests.Count(test => test.Outcome == Outcome.Skipped);

    // A suite in which nothing ran, or whose runner failed although no test did, counts as one failure.
    private Suite(string name, IEnumerable<Test> tests, int exitCode)
    {
        Name = name;
        Tests = [.. tests];
        if (exitCode != 0 && Failed == 0)
        {
            Tests.Add(new Test("the runner", Outcome.Failed, $"ended with exit code {exitCode}"));
        }
        else if (Passed + Failed == 0)
        {
            Tests.Add(new Test("the suite", Outcome.Failed, "no test ran"));
        }
    }

    public static Suite FromJUnit(string name, string file, int exitCode) =>
        new(name, Elements(file, "testcase").Select(TestOfCTest), exitCode);

    public static Suite OfProgram(string name, string what, int exitCode) => new(
        name,
        [new Test(what, exitCode == 0 ? Outcome.Passed : Outcome.Failed, exitCode == 0 ? "" : $"exit code {exitCode}")], exitCode);

    public static Suite FromTrx(string name, string file, int exitCode) =>
        new(name, Elements(file, "UnitTestResult").Select(test => new Test(
            (string)test.Attribute("testName"),
            (string)test.Attribute("outcome") switch
            {
                "Passed" => Outcome.Passed,
                "NotExecuted" => Outcome.Skipped,
                _ => Outcome.Failed,
            },
            Text(test, "Message").Trim().Split('\n')[0])), exitCode);

    // Why a C test was skipped is said in its line (native/tests/test.c); where there is none, for example after a crash, the
    // last line is the reason.
    private static Test TestOfCTest(XElement test)
    {
        string output = Text(test, "system-out").Trim();
        Outcome outcome = (string)test.Attribute("status") switch
        {
            "run" => Outcome.Passed,
            "fail" => Outcome.Failed,
            _ => Outcome.Skipped,
        };
        Match line = Regex.Match(output, @"^(?:failed|skipped) +\w+ \(\d+ ms\)(?:: )?(.*)$", RegexOptions.Multiline);
        string reason = line.Success ? line.Groups[1].Value : output.Split('\n')[^1];
        return new Test((string)test.Attribute("name"), outcome, outcome == Outcome.Passed ? "" : reason);
    }

    private static IEnumerable<XElement> Elements(string file, string name) =>
        System.IO.File.Exists(file) ? Named(XDocument.Load(file), name) : [];

    private static IEnumerable<XElement> Named(XContainer parent, string name) =>
        parent.Descendants().Where(element => element.Name.LocalName == name);

    private static string Text(XElement parent, string name) => Named(parent, name).FirstOrDefault()?.Value ?? "";
}
