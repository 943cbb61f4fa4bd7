// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Spead2.Tools.Output;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap as a member of its JSON object.</summary>
internal static class ItemJson
{
    /// <summary>
    /// Writes <c>"values"</c>: by name (or hexadecimal identifier where there is none) the identifier, shape, type and elements in row-major order of each item; a
    /// scalar or a text is a list of one. If something cannot be interpreted, writes <c>"failed"</c>, too: a list with
    /// the identifier, the name and the reason, as far as they are known, and the bytes that were sent.
    /// </summary>
    public static void Write(JsonLines lines, ItemUpdate update)
    {
        Utf8JsonWriter json = lines.Json;
        json.WriteStartObject("values");
        foreach (Item item in update.Items)
        {
            WriteItem(lines, item);
        }

        json.WriteEndObject();
        if (update.Failed.Count == 0)
        {
            return;
        }

        json.WriteStartArray("failed");
        foreach (FailedItem failed in update.Failed)
        {
            WriteFailed(lines, failed);
        }

        json.WriteEndArray();
    }

    private static void WriteItem(JsonLines lines, Item item)
    {
        Utf8JsonWriter json = lines.Json;
        json.WriteStartObject(
            item.Name.Length > 0 ? item.Name : string.Create(CultureInfo.InvariantCulture, $"0x{item.Id:x}"));
        json.WriteNumber("id", item.Id);
        json.WriteStartArray("shape");
        foreach (long length in item.Shape)
        {
            json.WriteNumberValue(length);
        }

        json.WriteEndArray();
        json.WriteString("type", item.Type.ToString());
        json.WriteStartArray("values");
        ElementJson.Write(lines, item);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFailed(JsonLines lines, in FailedItem failed)
    {
        Utf8JsonWriter json = lines.Json;
        json.WriteStartObject();
        if (failed.Id is long id)
        {
            json.WriteNumber("id", id);
        }

        if (failed.Name is string name)
        {
            json.WriteString("name", name);
        }

        json.WriteString("reason", failed.Reason);
        if (failed.Item is { HasRawBytes: true } item)
        {
            json.WritePropertyName("bytes");
            ElementJson.WriteHex(lines, item.RawBytes);
        }

        json.WriteEndObject();
        lines.MakeRoom();
    }
}
