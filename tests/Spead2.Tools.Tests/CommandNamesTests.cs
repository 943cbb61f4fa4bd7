// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Commands;

namespace Spead2.Tools.Tests;

/// <summary>Messages of the library name options of the command.</summary>
public sealed class CommandNamesTests
{
    // What the command has no option for, and what is a common word.
    private static readonly string[] Unnamed =
    [
        "Accounting", "ExplicitStart", "CustomStatistics", "SpinTime", "LongPause", "Port", "Socket", "Connect", "Address", "Name",
    ];

    [Test]
    public async Task Every_property_has_its_option()
    {
        CommandResult help = await InProcess.RunAsync("recv", "--help");
        string[] properties =
        [
            .. new[] { typeof(ReceiveStreamOptions), typeof(UdpSourceOptions), typeof(TcpSourceOptions), typeof(PcapSourceOptions) }
                .SelectMany(type => type.GetProperties()).Select(property => property.Name).Except(Unnamed),
        ];

        Assert.Multiple(() =>
        {
            foreach (string property in properties)
            {
                Assert.That(CommandNames.In(property), Does.StartWith("--"), property);
                Assert.That(help.Output, Does.Contain($"{CommandNames.In(property)} "), property);
            }
        });
    }

    [Test]
    public void Words_of_users_stay() =>
        Assert.That(CommandNames.In("BindHost is \"BindHost\""), Is.EqualTo("--bind is \"BindHost\""));

    [TestCase("native")]
    [TestCase("managed")]
    public async Task Host_of_an_endpoint_is_called_by_its_option(string engine)
    {
        CommandResult result = await InProcess.RunAsync("recv", "no.such.host.invalid:7148", "--engine", engine);

        Assert.That(result.Error, Does.StartWith("Cannot resolve --udp \"no.such.host.invalid\""));
    }

    [TestCase("native")]
    [TestCase("managed")]
    public async Task Host_that_is_refused_is_called_by_its_option(string engine)
    {
        CommandResult result = await InProcess.RunAsync(
            "recv", "--udp", "0", "--bind", "no.such.host.invalid", "--engine", engine);

        Assert.That(result.Error, Does.StartWith("Cannot resolve --bind \"no.such.host.invalid\""));
    }
}
