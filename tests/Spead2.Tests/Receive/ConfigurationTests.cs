// SPDX-License-Identifier: MIT

using System.Text;
using Microsoft.Extensions.Configuration;
using Spead2.Receive;
using Spead2.Testing.Configuration;

namespace Spead2.Tests.Receive;

/// <summary>
/// Options from a file, bound by the code that .NET generates for programs that are trimmed or compiled ahead of time.
/// The tests of packages publish such programs.
/// </summary>
public sealed class ConfigurationTests
{
    [Test]
    public void Every_option_is_bound_by_generated_code()
    {
        using MemoryStream file = new(Encoding.UTF8.GetBytes(EveryOption.Json));
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(file).Build();
        ReceiveStreamOptions stream = new();
        configuration.GetSection("Spead2:Stream").Bind(stream);
        UdpSourceOptions[] sources = configuration.GetSection("Spead2:Sources").Get<UdpSourceOptions[]>()!;

        EveryOption.AssertAllAreIn(stream, sources);
        Assert.That(stream.Validate, Throws.Nothing);
        Assert.That(() => Array.ForEach(sources, source => source.Validate()), Throws.Nothing);
        Assert.That(
            typeof(ConfigurationTests).Assembly.GetTypes().Select(type => type.Name),
            Has.Some.Contains("BindingExtensions"),
            "the code is generated");
    }
}
