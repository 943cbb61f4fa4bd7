// SPDX-License-Identifier: MIT

using System.Text.Json;
using Spead2.Receive;
using Spead2.Tools.Items;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>
/// A heap as a JSON object: what it is, hashes of its bytes in place of the bytes, and its values if it was
/// interpreted.
/// </summary>
internal static class HeapJson
{
    public static void Write(JsonLines lines, Heap heap, ItemUpdate? update)
    {
        Utf8JsonWriter json = lines.Json;
        ReadOnlySpan<byte> payload = heap.Payload.Span;
        string payloadHash = heap.IsContiguous ? Fnv1a64.Of(payload) : HashRanges(heap, payload);
        json.WriteStartObject();
        json.WriteNumber("cnt", heap.Cnt);
        json.WriteBoolean("complete", heap.IsComplete);
        json.WriteNumber("heap_length", heap.HeapLength);
        json.WriteNumber("received", heap.ReceivedLength);
        json.WriteString("fnv1a64", payloadHash);
        if (!heap.IsContiguous)
        {
            WriteRanges(json, heap);
        }

        json.WriteStartArray("flavour");
        json.WriteNumberValue(Flavour.Version);
        json.WriteNumberValue(Flavour.ItemPointerBits);
        json.WriteNumberValue(heap.Flavour.AddressBits);
        json.WriteEndArray();
        json.WriteBoolean("end_of_stream", heap.IsEndOfStream);
        WriteSenders(json, heap);
        json.WriteStartArray("items");
        foreach (RawItem item in heap.Items)
        {
            WriteItem(json, item, payload, payloadHash);
            lines.MakeRoom();
        }

        json.WriteEndArray();
        if (update is not null)
        {
            ItemJson.Write(lines, update);
        }

        json.WriteEndObject();
    }

    /// <summary>What is known of senders: of most heaps from a file nothing.</summary>
    private static void WriteSenders(Utf8JsonWriter json, Heap heap)
    {
        if (heap.Sender is { } sender)
        {
            json.WriteString("sender", $"{sender}");
        }

        if (heap.IsMixed)
        {
            json.WriteBoolean("mixed", true);
        }

        if (heap.IsContradictory)
        {
            json.WriteBoolean("contradictory", true);
        }
    }

    private static string HashRanges(Heap heap, ReadOnlySpan<byte> payload)
    {
        var hash = new Fnv1a64();
        // An empty one may be behind the payload's end.
        foreach (PayloadRange range in heap.PayloadRanges.Where(range => range.Length > 0))
        {
            hash.Add(payload[(int)range.Start..(int)range.End]);
        }

        return hash.ToString();
    }

    private static void WriteRanges(Utf8JsonWriter json, Heap heap)
    {
        json.WriteStartArray("ranges");
        foreach (PayloadRange range in heap.PayloadRanges)
        {
            json.WriteStartArray();
            json.WriteNumberValue(range.Start);
            json.WriteNumberValue(range.End);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteItem(Utf8JsonWriter json, RawItem item, ReadOnlySpan<byte> payload, string payloadHash)
    {
        json.WriteStartObject();
        json.WriteNumber("id", item.Id);
        json.WriteBoolean("imm", item.IsImmediate);
        if (item.IsImmediate)
        {
            json.WriteNumber("value", item.Value);
            json.WriteNumber("length", item.Length);
        }
        else
        {
            // A heap often is one item: no need to hash the same bytes twice.
            bool isWholePayload = item.Length == payload.Length;
            json.WriteNumber("offset", item.Offset);
            json.WriteNumber("length", item.Length);
            json.WriteString(
                "fnv1a64", isWholePayload ? payloadHash : Fnv1a64.Of(payload.Slice(item.Offset, item.Length)));
        }

        json.WriteEndObject();
    }
}
