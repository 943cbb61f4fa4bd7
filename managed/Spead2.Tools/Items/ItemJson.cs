// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Tools.Output;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap as a member of its JSON object.</summary>
internal static class ItemJson
{
    /// <summary>
    /// Writes <c>"values"</c>: by name the identifier, shape, type and elements in row-major order of each item; a
    /// scalar or a text is a list of one. Or writes <c>"error"</c>.
    /// </summary>
    public static void Write(JsonLines lines, ItemUpdate update)
    {
        Utf8JsonWriter json = lines.Json;
        if (update.Error is string error)
        {
            json.WriteString("error", error);
            return;
        }

        json.WriteStartObject("values");
        foreach (Item item in update.Items)
        {
            json.WriteStartObject(item.Name);
            json.WriteNumber("id", item.Id);
            json.WriteStartArray("shape");
            foreach (int length in item.Shape)
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

        json.WriteEndObject();
    }
}
