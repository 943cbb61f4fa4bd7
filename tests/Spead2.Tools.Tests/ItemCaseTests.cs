// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Spead2.Tools.Tests;

/// <summary>
/// Streams of other implementations and of the field (tests/cases), with the values that a receiver of theirs gives, as
/// JSON that is compared with ours.
/// </summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class ItemCaseTests(string engine)
{
    private const string Folder = "tests/cases";

    // What the peer cannot do: a sub-array of nothing, and fields that are only padding.
    private static readonly Dictionary<string, string> OwnValues = new()
    {
        ["peer-items/c9"] = Empty("|b1"),
        ["peer-items/c135"] = Empty(">u8"),
        ["peer-items/c171"] = Empty(">f4"),
        ["peer-items/c198"] = Empty("<c8"),
        ["items/items2-c343"] = """
            {"x":{"id":4096,"shape":[3],"type":"[('a', '|u1'), ('', '|V7'), ('b', '<f8')]","values":
            [[58,-1.7083355329942296e+191],[97,-3.800569692913259e-303],[181,2.713241477167751e-96]]}}
            """,
    };

    private static string Root => Path.Combine(RepositoryFiles.Root, Folder);

    private static IEnumerable<TestCaseData> PeerItems => JsonDocument
        .Parse(File.ReadAllText(Path.Combine(Root, "peer-items", "expected.json"))).RootElement.EnumerateArray()
        .Select(one => Case(
            $"peer-items/{one.GetProperty("file").GetString()}", one, one.GetProperty("bug"), one.GetProperty("heaps")));

    private static IEnumerable<TestCaseData> Items => Directory.GetFiles(Path.Combine(Root, "items"), "*.json")
        .Order(StringComparer.Ordinal)
        .Select(file =>
        {
            JsonElement one = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
            return Case(
                $"items/{Path.GetFileNameWithoutExtension(file)}", one, one.GetProperty("bug_compat"),
                one.GetProperty("peer"));
        });

    [TestCaseSource(nameof(PeerItems))]
    [TestCaseSource(nameof(Items))]
    public async Task Values_are_those_of_the_peer(string name, int bugCompat, JsonElement heaps)
    {
        CommandResult result = await InProcess.RunAsync(
            "recv", "--file", Path.Combine(Root, $"{name}.spead"), "--items", "--json", "--engine", engine,
            "--bug-compat", bugCompat.ToString(CultureInfo.InvariantCulture), "--max-name-length", "2000");

        Assert.That(result.ExitCode, Is.Zero, result.Error);
        Assert.That(result.Heaps, Has.Length.EqualTo(heaps.GetArrayLength()));
        foreach ((string line, JsonElement peer) in result.Heaps.Zip(heaps.EnumerateArray()))
        {
            JsonElement heap = JsonDocument.Parse(line).RootElement;
            Assert.That(heap.TryGetProperty("failed", out _), Is.False, line);
            Assert.That(heap.GetProperty("cnt").GetUInt64(), Is.EqualTo(peer.GetProperty("cnt").GetUInt64()));
            Assert.That(heap.GetProperty("end_of_stream").GetBoolean(), Is.EqualTo(peer.GetProperty("end").GetBoolean()));
            JsonElement expected = OwnValues.TryGetValue(name, out string? own)
                ? JsonDocument.Parse(own).RootElement
                : peer.GetProperty("values");
            AssertValues(heap.GetProperty("values"), expected);
        }
    }

    [TestCase("type-by-name", "x", "[1]", "<f4", "[9]")]
    [TestCase("unicode-prefix", "x", "[4]", "<i4", "[1,2,3,4]")]
    public async Task Packets_of_the_field_have_values(
        string name, string item, string shape, string type, string values)
    {
        CommandResult result = await InProcess.RunAsync(
            "recv", "--packets", Path.Combine(Root, "packets", $"{name}.packets"), "--items", "--json", "--engine",
            engine);

        Assert.That(
            result.Heaps.Single(),
            Does.Contain($"\"values\":{{\"{item}\":{{\"id\":4096,\"shape\":{shape},\"type\":\"{type}\",\"values\":{values}}}}}"));
    }

    [Test]
    public void There_are_cases() => Assert.That(PeerItems.Count() + Items.Count(), Is.EqualTo(125));

    private static TestCaseData Case(string name, JsonElement one, JsonElement bugCompat, JsonElement heaps) =>
        new TestCaseData(name, bugCompat.GetInt32(), heaps)
            .SetArgDisplayNames($"{name}: {Shortened(one.GetProperty("name").GetString()!)}");

    private static string Shortened(string text) => text.Length > 60 ? text[..60] : text;

    private static string Empty(string type) =>
        $"{{\"x\":{{\"id\":4096,\"shape\":[3,0],\"type\":\"{type}\",\"values\":[]}}}}";

    private static void AssertValues(JsonElement actual, JsonElement expected)
    {
        Assert.That(
            actual.EnumerateObject().Select(item => item.Name),
            Is.EquivalentTo(expected.EnumerateObject().Select(item => item.Name)));
        foreach (JsonProperty item in expected.EnumerateObject())
        {
            JsonElement ours = actual.GetProperty(item.Name);
            string what = $"{ours} against {item.Value}";
            Assert.That(ours.GetProperty("id").GetInt64(), Is.EqualTo(item.Value.GetProperty("id").GetInt64()));

            // The peer has no shape for texts.
            JsonElement shape = item.Value.GetProperty("shape");
            Assert.That(
                shape.ValueKind == JsonValueKind.Null || AreEqual(ours.GetProperty("shape"), shape), Is.True, what);
            Assert.That(AreEqual(ours.GetProperty("values"), item.Value.GetProperty("values")), Is.True, what);
        }
    }

    // Numbers of 32 bits are written with other digits than those of 64 bits that they become in Python.
    private static bool AreEqual(JsonElement actual, JsonElement expected) => (actual.ValueKind, expected.ValueKind) switch
    {
        (JsonValueKind.Array, JsonValueKind.Array) =>
            actual.GetArrayLength() == expected.GetArrayLength()
            && actual.EnumerateArray().Zip(expected.EnumerateArray()).All(pair => AreEqual(pair.First, pair.Second)),
        (JsonValueKind.Number, JsonValueKind.Number) =>
            BigInteger.TryParse(expected.GetRawText(), CultureInfo.InvariantCulture, out BigInteger integer)
                ? BigInteger.TryParse(actual.GetRawText(), CultureInfo.InvariantCulture, out BigInteger own) && own == integer
                : actual.GetDouble().Equals(expected.GetDouble())
                    || ((float)actual.GetDouble()).Equals((float)expected.GetDouble()),
        _ => actual.ValueKind == expected.ValueKind && actual.ToString() == expected.ToString(),
    };
}
