// SPDX-License-Identifier: MIT

using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Spead2.Receive;

namespace Spead2.Testing.Configuration;

/// <summary>An appsettings.json in which every option has a value that is not its default, and what must come of it.</summary>
internal static class EveryOption
{
    private const string Section = "Spead2";
    private const string Stream = "Stream";
    private const string Sources = "Sources";

    // A socket is an object of the program's.
    private static readonly string[] NotInFiles = [nameof(UdpSourceOptions.Socket)];

    private static readonly JsonSerializerOptions Plain = new() { Converters = { new JsonStringEnumConverter() } };

    private static readonly JsonObject OfStream = new()
    {
        [nameof(ReceiveStreamOptions.Name)] = "beam",
        [nameof(ReceiveStreamOptions.MaxHeaps)] = 5,
        [nameof(ReceiveStreamOptions.RingHeaps)] = 6,
        [nameof(ReceiveStreamOptions.Substreams)] = 2,
        [nameof(ReceiveStreamOptions.MaxHeapSize)] = 1 << 20,
        [nameof(ReceiveStreamOptions.MaxUnsizedGap)] = 1 << 19,
        [nameof(ReceiveStreamOptions.Accounting)] = "BySource",
        [nameof(ReceiveStreamOptions.CntStep)] = 4,
        [nameof(ReceiveStreamOptions.CountItem)] = 0x1600,
        [nameof(ReceiveStreamOptions.SetItem)] = 0x4101,
        [nameof(ReceiveStreamOptions.Senders)] = "Separate",
        [nameof(ReceiveStreamOptions.AllowOutOfOrder)] = false,
        [nameof(ReceiveStreamOptions.AllowUnsizedHeaps)] = false,
        [nameof(ReceiveStreamOptions.StopOnStopItem)] = false,
        [nameof(ReceiveStreamOptions.ContiguousOnly)] = false,
        [nameof(ReceiveStreamOptions.IncompleteKeepPayloadRanges)] = true,
        [nameof(ReceiveStreamOptions.IncompleteKeepPayload)] = true,
        [nameof(ReceiveStreamOptions.ExplicitStart)] = true,
        [nameof(ReceiveStreamOptions.SpinTime)] = "00:00:00.0000420",
        [nameof(ReceiveStreamOptions.LongPause)] = "00:00:02.5000000",
        [nameof(ReceiveStreamOptions.BugCompat)] = "DescriptorWidths, SwapEndian",
        [nameof(ReceiveStreamOptions.CustomStatistics)] = new JsonArray(
            new JsonObject { ["Name"] = "program.late", ["Mode"] = "Maximum" },
            new JsonObject { ["Name"] = "program.early", ["Mode"] = "Counter" }),
    };

    // Not all of a source's options go together.
    private static readonly JsonArray OfSources = new(
        new JsonObject
        {
            [nameof(UdpSourceOptions.Port)] = 7148,
            [nameof(UdpSourceOptions.BindHost)] = "127.0.0.1",
            [nameof(UdpSourceOptions.MaxSize)] = 1500,
            [nameof(UdpSourceOptions.BufferSize)] = 1 << 16,
            [nameof(UdpSourceOptions.Dialect)] = new JsonObject
            {
                [nameof(Dialect.MissingOffsetIsZero)] = true,
                [nameof(Dialect.MissingLengthIsRest)] = false,
                [nameof(Dialect.DatagramIsHeap)] = true,
                [nameof(Dialect.IgnoreHeapLength)] = true,
                [nameof(Dialect.IgnoreOffset)] = true,
                [nameof(Dialect.AllowControlOnly)] = true,
                [nameof(Dialect.ZeroLengthIsRest)] = true,
                [nameof(Dialect.UnpointedItemId)] = 0x3302,
            },
        },
        new JsonObject
        {
            [nameof(UdpSourceOptions.Group)] = "239.2.1.150",
            [nameof(UdpSourceOptions.InterfaceAddress)] = "127.0.0.1",
            [nameof(UdpSourceOptions.Senders)] = new JsonArray("127.0.0.2", "127.0.0.3"),
        },
        new JsonObject
        {
            [nameof(UdpSourceOptions.Group)] = "ff12::1",
            [nameof(UdpSourceOptions.InterfaceIndex)] = 1,
        },
        new JsonObject
        {
            [nameof(UdpSourceOptions.Group)] = "ff12::2",
            [nameof(UdpSourceOptions.InterfaceName)] = "lo",
        });

    /// <summary>The file, which has every option.</summary>
    public static string Json
    {
        get
        {
            AssertHasAll<ReceiveStreamOptions>(OfStream);
            AssertHasAll<UdpSourceOptions>([.. OfSources.Select(source => source!.AsObject())]);
            return new JsonObject
            {
                [Section] = new JsonObject { [Stream] = OfStream.DeepClone(), [Sources] = OfSources.DeepClone() },
            }.ToJsonString();
        }
    }

    /// <summary>Holds options, as JSON of an object with Stream and Sources, to be those of the file.</summary>
    public static void AssertAllAreIn(string options)
    {
        JsonNode bound = JsonNode.Parse(options)!;
        Assert.Multiple(() =>
        {
            AssertIsIn(OfStream, bound[Stream]!, Stream);
            for (int i = 0; i < OfSources.Count; i++)
            {
                AssertIsIn(OfSources[i]!.AsObject(), bound[Sources]![i]!, $"{Sources}[{i}]");
            }
        });
    }

    /// <inheritdoc cref="AssertAllAreIn(string)"/>
    public static void AssertAllAreIn(ReceiveStreamOptions stream, IEnumerable<UdpSourceOptions> sources) =>
        AssertAllAreIn(JsonSerializer.Serialize(new { Stream = stream, Sources = sources }, Plain));

    private static void AssertIsIn(JsonObject expected, JsonNode bound, string where)
    {
        foreach ((string name, JsonNode? value) in expected)
        {
            Assert.That(bound[name]?.ToJsonString(), Is.EqualTo(value!.ToJsonString()), $"{where}.{name}");
        }
    }

    private static void AssertHasAll<T>(params JsonObject[] given)
        where T : new()
    {
        JsonNode defaults = JsonSerializer.SerializeToNode(new T(), Plain)!;
        foreach (PropertyInfo option in typeof(T).GetProperties().Where(option => !NotInFiles.Contains(option.Name)))
        {
            Assert.That(option.GetSetMethod()?.ReturnParameter.GetRequiredCustomModifiers(), Is.Empty, $"{option.Name} is settable");
            JsonNode[] values = [.. given.Select(options => options[option.Name]).OfType<JsonNode>()];
            Assert.That(values, Is.Not.Empty, $"{nameof(EveryOption)} has a value of {option.Name}");
            Assert.That(
                values, Has.None.Matches<JsonNode>(value => JsonNode.DeepEquals(value, defaults[option.Name])),
                $"the value of {option.Name} is not its default");
        }
    }
}
