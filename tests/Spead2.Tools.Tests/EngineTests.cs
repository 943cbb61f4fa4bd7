// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using Spead2.Testing.Vectors;
using Spead2.Tools.Tests.Vectors;

namespace Spead2.Tools.Tests;

/// <summary>Both engines say the same, and the managed one where there is no native library.</summary>
[TestFixture]
public sealed partial class EngineTests
{
    // More than any vector has: whether the ring is full, which counts, is a matter of time.
    private const string RoomForAllHeaps = "1000";

    [TestCaseSource(typeof(Vector), nameof(Vector.All))]
    public async Task Both_engines_print_the_same_for_a_vector(Vector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using PacketFile file =
            vector.FeedsBuffer ? PacketFile.OfBytes([.. vector.Packets]) : PacketFile.OfDatagrams(vector.Packets);

        string[] arguments =
            ["recv", vector.FeedsBuffer ? "--file" : "--packets", file.Path, "--json", "--items",
             "--ring-heaps", RoomForAllHeaps, .. ReceiveArguments.Of(vector)];

        CommandResult native = await InProcess.RunAsync([.. arguments, "--engine", "native"]);
        CommandResult managed = await InProcess.RunAsync([.. arguments, "--engine", "managed"]);

        Assert.That(native.ExitCode, Is.Zero, native.Error);
        Assert.That(WithoutSearch(managed), Is.EqualTo(WithoutSearch(native)));
    }

    // Each engine looks heaps up with a secret of its own, so that heaps share a chain in one and not in the other.
    private static CommandResult WithoutSearch(CommandResult result) =>
        result with { Output = SearchDistance().Replace(result.Output, "") };

    [GeneratedRegex("\"search_dist\":[0-9]+,")]
    private static partial Regex SearchDistance();

    [TestCase("native")]
    [TestCase("managed")]
    public async Task Only_the_native_engine_needs_the_native_library(string engine)
    {
        using PacketFile file = PacketFile.OfDatagrams(PacketFile.Encode(7, "data"u8.ToArray()));

        CommandResult result = await CommandProcess.RunWithAsync(
            "SPEAD2_CORE_LIBRARY", "/no/such/library.so", "recv", "--packets", file.Path, "--json", "--engine", engine);

        if (engine == "managed")
        {
            Assert.That(result.ExitCode, Is.Zero, result.Error);
            Assert.That(result.Heaps, Has.Length.EqualTo(1));
        }
        else
        {
            Assert.That(result.ExitCode, Is.EqualTo(2));
            Assert.That(
                result.Error,
                Does.Match(@"\A[^\n]*/no/such/library\.so: no such file[^\n]*--engine managed\.\n\z"));
            Assert.That(result.Output, Is.Empty);
        }
    }

    [Test]
    public async Task Unknown_engine_is_refused_with_those_there_are()
    {
        CommandResult result = await InProcess.RunAsync("recv", "--udp", "0", "--engine", "steam");

        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Is.EqualTo("--engine must be native or managed, not 'steam'.\n"));
    }
}
