// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using System.Text.Json;
using Spead2.Managed;
using Spead2.Tools.Output;

namespace Spead2.Tools.CaptureFiles;

/// <summary>`spead2 dump`.</summary>
/// <param name="settings">What is looked at.</param>
/// <param name="most">Most datagrams to show; null: all.</param>
/// <param name="json">Whether each is a line of JSON.</param>
/// <param name="terminal">Where they are shown.</param>
internal sealed class Dump(CaptureSettings settings, long? most, bool json, Terminal terminal)
{
    private const long NsPerTick = TimeSpan.NanosecondsPerTick;
    private const long NsPerSecond = 1_000_000_000;

    /// <summary>Shows all datagrams.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        using CancellationTokenSource stop = new();
        using Interrupt interrupt = new(stop.Cancel);
        using CaptureWalk walk = new(settings, stop.Token);
        using JsonLines lines = new(terminal.Output);
        Func<string> progress = () => walk.Progress;
        while (walk.Datagrams != most && walk.Next())
        {
            if (json)
            {
                WriteJson(lines, walk);
            }
            else
            {
                terminal.Writer.WriteLine(Text(walk));
            }

            if (!terminal.IsWatched)
            {
                terminal.ShowProgress(progress);
            }
        }

        lines.Flush();
        terminal.Writer.Flush();
        terminal.EndProgress();
        terminal.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{walk.Datagrams} datagrams in {walk.Frames} frames, of which {walk.Unused} were not used."));
        if (walk.Problem is { } problem)
        {
            terminal.Say($"warning: '{settings.Path}' {problem}.");
        }

        return ExitCode.Success;
    }

    private static string TimeText(long ns)
    {
        DateTime second = DateTime.UnixEpoch.AddTicks(ns / NsPerSecond * NsPerSecond / NsPerTick);
        return string.Create(CultureInfo.InvariantCulture, $"{second:yyyy-MM-ddTHH:mm:ss}.{ns % NsPerSecond:000000000}Z");
    }

    private static string Text(CaptureWalk walk)
    {
        StringBuilder text = new();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{walk.Datagrams} {(walk.TimeNs is { } ns ? TimeText(ns) : "-")} {walk.Source.ToEndPoint()} > ");
        text.Append(CultureInfo.InvariantCulture, $"{walk.Destination.ToEndPoint()} {walk.Payload.Length} bytes: ");
        PacketFault fault = PacketDecoder.Decode(walk.Payload.Span, out Packet packet);
        if (fault != PacketFault.None)
        {
            return text.Append(CultureInfo.InvariantCulture, $"no SPEAD packet: {fault.Text()}").ToString();
        }

        string length = packet.HasHeapLength ? $"{packet.HeapLength}" : "unknown";
        text.Append(
            CultureInfo.InvariantCulture,
            $"SPEAD-64-{packet.AddressBits} heap {packet.Cnt}, bytes {packet.PayloadOffset} to {packet.PayloadEnd} of {length}");
        foreach ((ulong id, bool isImmediate, ulong value) in ItemsOf(packet))
        {
            text.Append(CultureInfo.InvariantCulture, $", 0x{id:x} {(isImmediate ? "=" : "at")} {value}");
        }

        int left = walk.Payload.Length - packet.Bytes.Length;
        return text.Append(left == 0 ? "" : $", and {left} bytes that are no part of the packet").ToString();
    }

    private static List<(ulong Id, bool IsImmediate, ulong Value)> ItemsOf(in Packet packet)
    {
        List<(ulong Id, bool IsImmediate, ulong Value)> items = [];
        for (int i = 0; i < packet.ItemCount; i++)
        {
            ulong pointer = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(packet.Items[(i * Wire.PointerSize)..]);
            ulong id = (pointer & long.MaxValue) >> packet.AddressBits;
            items.Add((id, pointer >> 63 == 1, pointer & ((1UL << packet.AddressBits) - 1)));
        }

        // The special four may stand among them.
        items.RemoveAll(item => item is { IsImmediate: true, Id: >= ItemId.HeapCnt and <= ItemId.PayloadLength });
        return items;
    }

    private static void WriteJson(JsonLines lines, CaptureWalk walk)
    {
        Utf8JsonWriter writer = lines.Json;
        writer.WriteStartObject();
        writer.WriteNumber("datagram", walk.Datagrams);
        writer.WriteNumber("frame", walk.Frames);
        if (walk.TimeNs is { } ns)
        {
            writer.WriteNumber("time_ns", ns);
        }

        writer.WriteString("source", $"{walk.Source.ToEndPoint()}");
        writer.WriteString("destination", $"{walk.Destination.ToEndPoint()}");
        writer.WriteNumber("bytes", walk.Payload.Length);
        PacketFault fault = PacketDecoder.Decode(walk.Payload.Span, out Packet packet);
        if (fault != PacketFault.None)
        {
            writer.WriteString("fault", fault.Text());
        }
        else
        {
            WritePacket(writer, packet, walk.Payload.Length);
        }

        writer.WriteEndObject();
        lines.EndLine();
    }

    private static void WritePacket(Utf8JsonWriter writer, in Packet packet, int bytes)
    {
        writer.WriteNumber("address_bits", packet.AddressBits);
        writer.WriteNumber("cnt", packet.Cnt);
        if (packet.HasHeapLength)
        {
            writer.WriteNumber("heap_length", packet.HeapLength);
        }

        writer.WriteNumber("payload_offset", packet.PayloadOffset);
        writer.WriteNumber("payload_length", packet.PayloadLength);
        writer.WriteNumber("excess_bytes", bytes - packet.Bytes.Length);
        writer.WriteStartArray("items");
        foreach ((ulong id, bool isImmediate, ulong value) in ItemsOf(packet))
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", id);
            writer.WriteNumber(isImmediate ? "value" : "address", value);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
