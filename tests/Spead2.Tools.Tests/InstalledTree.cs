// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Tests;

/// <summary>
/// What `cmake --install` puts in place, moved to another folder afterwards, so that whatever remembers the first one is
/// noticed. Programs are built against it as users do.
/// </summary>
internal sealed class InstalledTree : IDisposable
{
    private readonly string _folder;

    private InstalledTree(string folder) => _folder = folder;

    /// <summary>Path of the folder with `lib` and `include`.</summary>
    public string Prefix => Path.Combine(_folder, "moved");

    /// <summary>Installs; skips the tests if there is nothing to install or to build with.</summary>
    public static async Task<InstalledTree> CreateAsync()
    {
        Require("cmake", "gcc", "pkg-config");
        var tree = new InstalledTree(Directory.CreateTempSubdirectory("spead2-installed-").FullName);
        string first = Path.Combine(tree._folder, "first");
        await RunAsync(["cmake", "--install", BuildFolder(), "--prefix", first]);
        Directory.Move(first, tree.Prefix);
        return tree;
    }

    /// <summary>Installs below a folder that stands for the root, as makers of packages do; gives the files.</summary>
    public static async Task<string[]> InstallBelowAsync(string root, string prefix)
    {
        Require("cmake");
        await RunAsync(["cmake", "--install", BuildFolder(), "--prefix", prefix], ("DESTDIR", root));
        return
        [
            .. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(root, file)).Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Skips the test if a program is not installed.</summary>
    public static void Require(params string[] programs)
    {
        string[] folders = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator);
        foreach (string program in programs)
        {
            if (!folders.Any(folder => File.Exists(Path.Combine(folder, program))))
            {
                Assert.Ignore($"this test needs {program}, which is not installed");
            }
        }
    }

    /// <summary>Skips the test if the AOT library has not been built.</summary>
    public static void RequireAot()
    {
        if (!File.Exists(RepositoryFiles.AotLibrary))
        {
            Assert.Ignore($"{RepositoryFiles.AotLibrary} has not been built: ./build.sh aot");
        }
    }

    /// <summary>Builds a sample in C with its CMake project; gives the program's path.</summary>
    public async Task<string> BuildWithCMakeAsync(string engine, string sample = "c-receive")
    {
        string build = Path.Combine(_folder, $"cmake-{sample}-{engine}");
        await RunAsync(
            ["cmake", "-S", Sample(sample), "-B", build, $"-DENGINE={engine}", $"-DCMAKE_PREFIX_PATH={Prefix}"]);
        await RunAsync(["cmake", "--build", build]);
        return Path.Combine(build, sample);
    }

    /// <summary>Builds a sample in C with pkg-config, as the receiver's README does; gives the program's path.</summary>
    public async Task<string> BuildWithPkgConfigAsync(string engine, string sample = "c-receive")
    {
        string program = Path.Combine(_folder, $"pkg-config-{sample}-{engine}");
        string library = engine == "core_static"
            ? "$(pkg-config --cflags spead2core) $(pkg-config --variable=libdir spead2core)/libspead2core.a -pthread"
            : $"$(pkg-config --cflags --libs spead2{engine}) -Wl,-rpath,$(pkg-config --variable=libdir spead2{engine})";
        string commands = $"gcc -Wall -Wextra -Werror '{Sample(sample)}/main.c' -o '{program}' {library}";
        await RunAsync(["sh", "-ec", commands], ("PKG_CONFIG_PATH", Path.Combine(Prefix, "lib", "pkgconfig")));
        return program;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Sample(string name) => Path.Combine(RepositoryFiles.Root, "samples", name);

    // Where CMake has built the core: LIBRARY is in its folder lib.
    private static string BuildFolder()
    {
        string folder = Path.GetDirectoryName(Path.GetDirectoryName(RepositoryFiles.NativeLibrary))!;
        if (!File.Exists(Path.Combine(folder, "cmake_install.cmake")))
        {
            Assert.Ignore($"{folder} is no build of CMake: ./build.sh native");
        }

        return folder;
    }

    private static async Task RunAsync(string[] command, params (string Name, string Value)[] environment)
    {
        CommandResult result = await CommandProcess.RunProgramAsync(command, environment);
        Assert.That(result.ExitCode, Is.Zero, $"{string.Join(' ', command)}\n{result.Output}{result.Error}");
    }
}
