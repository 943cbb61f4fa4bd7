// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spead2.Benchmarks;

/// <summary>One line of results: what was measured, under which circumstances, and numbers.</summary>
internal sealed class Row(JsonObject json)
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Names of the fields, in order.</summary>
    public IEnumerable<string> Names => json.Select(pair => pair.Key);

    /// <summary>Makes a row of pairs.</summary>
    public static Row Of(params ReadOnlySpan<(string Name, object Value)> fields)
    {
        JsonObject json = [];
        foreach ((string name, object value) in fields)
        {
            json[name] = value switch
            {
                double number => Math.Round(number, 3),
                _ => JsonSerializer.SerializeToNode(value),
            };
        }

        return new(json);
    }

    /// <summary>Reads a line that a benchmark printed.</summary>
    public static Row Parse(string line) => new(JsonNode.Parse(line)!.AsObject());

    /// <summary>Whether there is such a field.</summary>
    public bool Has(string name) => json.ContainsKey(name);

    /// <summary>Whether a field has this text, also as that of a number.</summary>
    public bool Is(string name, object value) =>
        Has(name) && Text(name) == Convert.ToString(value, CultureInfo.InvariantCulture);

    /// <summary>A field as text.</summary>
    public string Text(string name) => json[name]!.ToString();

    /// <summary>A field as a number.</summary>
    public double Number(string name) => json[name]!.GetValue<double>();

    /// <summary>The line.</summary>
    public override string ToString() => json.ToJsonString(Options);
}
