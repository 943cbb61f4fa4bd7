// SPDX-License-Identifier: MIT

using Spead2.Testing.Configuration;

namespace Spead2.Package.Tests.Consumers;

/// <summary>The sample with appsettings.json, published so that code which nobody seems to use goes.</summary>
[Category("Consume")]
[Platform("Linux")]
internal sealed class ConfigurationTests
{
    private const string Linux = "linux-x64";
    private const string Sample = "dotnet-appsettings";
    private const string Settings = "appsettings.json";
    private const string Show = "--show";

    [TestCase("-p:PublishTrimmed=true", "--self-contained",
        TestName = "trimmed, options from appsettings.json | Spead2.Interop | linux-x64")]
    [TestCase("-p:PublishAot=true",
        TestName = "NativeAOT, options from appsettings.json | Spead2.Interop | linux-x64")]
    public void Every_option_in_the_file_counts(params string[] options)
    {
        ReceiverProject project = ReceiverProject.CopyOf(Path.Combine(Repository.Root, "samples", Sample));
        string output = project.Publish(["--runtime", Linux, .. options]);
        string program = Path.Combine(output, project.Name);
        string file = Path.Combine(output, Settings);
        string original = File.ReadAllText(file);

        File.WriteAllText(file, EveryOption.Json);
        EveryOption.AssertAllAreIn(Command.RunWell(output, FreshUser.Environment, program, Show));

        File.WriteAllText(
            file, """{"Spead2": {"Stream": {"SpinTime": "-1"}, "Sources": [{"Port": 65536}, {"Group": ""}]}}""");
        (int exitCode, string errors) = Command.Run(output, FreshUser.Environment, program, Show);
        Assert.That(exitCode, Is.EqualTo(1), errors);
        Assert.That(
            errors,
            Does.Contain("SpinTime must be from 0 to 2147483647 ms.")
                .And.Contain("Spead2.Sources[0].Port must be between 0 and 65535")
                .And.Contain("Group must be a multicast group"));

        Assert.That(original, Does.Contain(Readme.Port));
        File.WriteAllText(file, original.Replace(Readme.Port, $"{project.Port}", StringComparison.Ordinal));
        Assert.That(
            project.Receive(output, program),
            Does.StartWith($"receiving from 127.0.0.1:{project.Port}\nheap 1: ").And.EndsWith("bytes\n"));
    }
}
