// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spead2.Tools.Tests;

/// <summary>The samples, built against what is installed, print what their READMEs say.</summary>
public sealed partial class SampleTests
{
    // What users of the C interface read.
    private static readonly string[] Pages = ["abi", "aot", "c-api", "items", "memory", "tuning"];

    private InstalledTree _installed = null!;

    [OneTimeSetUp]
    public async Task Install() => _installed = await InstalledTree.CreateAsync();

    [OneTimeTearDown]
    public void Remove() => _installed?.Dispose();

    [Test]
    public async Task C_sample_receives_the_same_with_each_library_and_each_way_to_build_it(
        [Values("core", "core_static", "aot")] string engine, [Values("CMake", "pkg-config")] string build)
    {
        if (engine == "aot")
        {
            InstalledTree.RequireAot();
        }

        string program = build == "CMake"
            ? await _installed.BuildWithCMakeAsync(engine)
            : await _installed.BuildWithPkgConfigAsync(engine);

        string[] printed = await ReceiveAsync(program, "0");

        string[] all = OutputInReadme("c-receive");
        string[] values = [.. all.Where(line => ValueLine().IsMatch(line))];
        Assert.That(values, Has.Length.EqualTo(16), "two heaps with the values of eight items");
        Assert.That(printed, Is.EqualTo(engine == "aot" ? all : all.Where(line => !values.Contains(line))));
    }

    [Test]
    public async Task Top_shows_a_C_program([Values("core", "aot")] string engine)
    {
        if (engine == "aot")
        {
            InstalledTree.RequireAot();
        }

        string program = await _installed.BuildWithCMakeAsync(engine);
        string pages = Directory.CreateTempSubdirectory("spead2-pages-").FullName;
        try
        {
            (CommandProcess receiver, int port) =
                await CommandProcess.StartListeningAsync("env", $"XDG_RUNTIME_DIR={pages}", program, "0");
            using (receiver)
            {
                CommandResult top = await InProcess.RunAsync("top", "--once", "--json", "--interval", "0.1", "--folder", pages);
                JsonElement stream = JsonDocument.Parse(top.Lines.Single()).RootElement;
                Assert.That(stream.GetProperty("name").GetString(), Is.EqualTo("c-receive"));
                Assert.That(stream.GetProperty("program").GetString(), Is.EqualTo("c-receive"));
                Assert.That(
                    stream.GetProperty("sources")[0].GetProperty("name").GetString(), Is.EqualTo($"Udp 127.0.0.1:{port}"));
                await InProcess.RunAsync("send", "--udp", $"127.0.0.1:{port}");
                await receiver.WaitAsync();
            }

            Assert.That(Directory.GetFiles(pages), Is.Empty);
        }
        finally
        {
            Directory.Delete(pages, recursive: true);
        }
    }

    [Test]
    public async Task C_sample_sends_the_same_with_each_library_and_each_way_to_build_it(
        [Values("core", "core_static", "aot")] string engine, [Values("CMake", "pkg-config")] string build)
    {
        if (engine == "aot")
        {
            InstalledTree.RequireAot();
        }

        string program = build == "CMake"
            ? await _installed.BuildWithCMakeAsync(engine, "c-send")
            : await _installed.BuildWithPkgConfigAsync(engine, "c-send");
        string receiver = await _installed.BuildWithCMakeAsync("core");

        (CommandProcess receiving, int port) = await CommandProcess.StartListeningAsync(receiver, "0");
        using (receiving)
        {
            CommandResult sent = await CommandProcess.RunProgramAsync(
                [program, "127.0.0.1", port.ToString(CultureInfo.InvariantCulture)]);
            CommandResult received = await receiving.WaitAsync();

            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(sent.Lines, Is.EqualTo(new[] { "3 heaps, 5 packets, 4565 bytes" }));
            Assert.That(received.Lines, Is.EqualTo(OutputInReadme("c-send")));
        }
    }

    [Test]
    public async Task Python_sample_prints_the_values()
    {
        InstalledTree.Require("python3");
        InstalledTree.RequireAot();
        string sample = Path.Combine(RepositoryFiles.Root, "samples", "python-ctypes", "receive.py");

        string[] printed = await ReceiveAsync(
            "python3", sample, Path.Combine(_installed.Prefix, "lib", "libspead2aot.so"), "0");

        Assert.That(printed, Is.EqualTo(OutputInReadme("python-ctypes")));
    }

    [Test]
    public async Task Python_sample_ends_on_Ctrl_C()
    {
        InstalledTree.Require("python3");
        InstalledTree.RequireAot();
        string sample = Path.Combine(RepositoryFiles.Root, "samples", "python-ctypes", "receive.py");

        (CommandProcess receiver, _) = await CommandProcess.StartListeningAsync(
            "python3", sample, Path.Combine(_installed.Prefix, "lib", "libspead2aot.so"), "0");
        using (receiver)
        {
            receiver.Interrupt();
            CommandResult ended = await receiver.WaitAsync();

            Assert.That(ended.ExitCode, Is.EqualTo(130), ended.Error);
            Assert.That(ended.Error, Does.Not.Contain("Traceback"));
        }
    }

    [Test]
    public async Task Everything_is_installed_below_DESTDIR()
    {
        InstalledTree.RequireAot();
        string root = Directory.CreateTempSubdirectory("spead2-destdir-").FullName;
        try
        {
            string[] files = await InstalledTree.InstallBelowAsync(root, "/opt/spead2");

            IEnumerable<string> headers = Directory
                .EnumerateFiles(Path.Combine(RepositoryFiles.Root, "native/include/spead2core"))
                .Select(header => $"include/spead2core/{Path.GetFileName(header)}");
            string[] expected =
            [
                .. headers, "lib/libspead2aot.so", "lib/libspead2core.a", "lib/libspead2core.so", "lib/libspead2core.so.0.1",
                "lib/libspead2core.so.0.1.0", "lib/pkgconfig/spead2aot.pc", "lib/pkgconfig/spead2core.pc",
                "lib/cmake/spead2aot/spead2aotConfig.cmake", "lib/cmake/spead2aot/spead2aotConfigVersion.cmake",
                "lib/cmake/spead2core/spead2coreConfig.cmake",
                "lib/cmake/spead2core/spead2coreConfigVersion.cmake",
                "lib/cmake/spead2core/spead2coreTargets.cmake",
                "lib/cmake/spead2core/spead2coreTargets-release.cmake",
                "share/doc/spead2core/CHANGELOG.md", "share/doc/spead2core/LICENSE", "share/doc/spead2core/SECURITY.md",
                .. Pages.Select(page => $"share/doc/spead2core/docs/{page}.md"),
            ];
            Assert.That(files, Is.EquivalentTo(expected.Select(file => $"opt/spead2/{file}")));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    // What a sample prints of two heaps of `spead2 send --items`.
    private static async Task<string[]> ReceiveAsync(params string[] command)
    {
        (CommandProcess receiver, int port) = await CommandProcess.StartListeningAsync(command);
        using (receiver)
        {
            CommandResult sent = await CommandProcess.RunAsync(
                "send", "--udp", $"127.0.0.1:{port}", "--items", "--heaps", "2");
            CommandResult received = await receiver.WaitAsync();
            Assert.That(sent.ExitCode, Is.Zero, sent.Error);
            Assert.That(received.ExitCode, Is.Zero, received.Error);
            return received.Lines;
        }
    }

    // The last block of the README that is not shell.
    private static string[] OutputInReadme(string sample)
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "samples", sample, "README.md"));
        return OutputBlock().Match(readme).Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex(@"^```text\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex OutputBlock();

    [GeneratedRegex(@"^  [a-z]+ \S.* \(.*\) = ")]
    private static partial Regex ValueLine();
}
