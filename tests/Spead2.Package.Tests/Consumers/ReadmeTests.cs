// SPDX-License-Identifier: MIT

namespace Spead2.Package.Tests.Consumers;

/// <summary>The path of a new user: the lines of README.md, in an empty directory. Needs package sources.</summary>
[Category("Readme")]
[Platform("Linux")]
internal sealed class ReadmeTests
{
    [TestCase(TestName = "the lines of README.md, dotnet run | Spead2.Interop, Spead2.Tools | linux-x64")]
    public void Lines_of_the_readme_receive_what_they_send()
    {
        if (Packages.OnlyPlatform is string only and not "linux-x64")
        {
            Assert.Ignore($"these are packages for {only} alone");
        }

        ReceiverProject project = ReceiverProject.Create();
        using Command receiver = Command.Start(project.Directory, FreshUser.Environment, "dotnet", "run");
        bool isReady = UdpHeaps.WaitForReceiver(project.Port, () => receiver.HasExited);
        if (isReady)
        {
            Assert.That(Readme.Send, Does.Contain(Readme.Port));
            FreshUser.RunLines(
                FreshUser.NewDirectory("sender"),
                Readme.Send.Replace(Readme.Port, $"{project.Port}", StringComparison.Ordinal));
        }

        (int exitCode, string output) = receiver.Wait();

        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain("samples (4, 16) = [[7, 10, 13, ").And.Contain("count () = 1\n"));
    }
}
