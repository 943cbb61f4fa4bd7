// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Spead2.Tools.Items;

/// <summary>The values of one heap as a member of its JSON object.</summary>
internal static class ItemJson
{
    /// <summary>
    /// Writes <c>"values"</c>: by name the identifier, shape, type and elements in row-major order of each item; a
    /// scalar or a text is a list of one. Or writes <c>"error"</c>.
    /// </summary>
    public static void Write(Utf8JsonWriter json, ItemUpdate update)
    {
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
            WriteElements(json, item);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteElements(Utf8JsonWriter json, Item item)
    {
        object value = item.Value.ToObject()!;
        if (item.Shape.Rank == 0 || item.Descriptor.IsText)
        {
            ElementJson.Write(json, item.Type, value);
            return;
        }

        foreach (object element in (Array)value)
        {
            ElementJson.Write(json, item.Type, element);
        }
    }
}
