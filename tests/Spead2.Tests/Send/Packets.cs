// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tests.Send;

/// <summary>Packets as bytes: from an encoder, and from hex text.</summary>
internal static class Packets
{
    public static readonly Flavour Flavour40 = new(40);
    public static readonly Flavour Flavour48 = new(48);

    /// <summary>All packets of a heap.</summary>
    public static List<byte[]> Encode(
        HeapToSend heap,
        ulong cnt,
        Flavour flavour,
        int maxPacketSize = PacketEncoder.DefaultMaxPacketSize,
        bool repeatPointers = false)
    {
        var encoder = new PacketEncoder(flavour, maxPacketSize, repeatPointers);
        encoder.Begin(heap, cnt);
        return EncodeRest(encoder);
    }

    /// <summary>The packets that the encoder has still to write.</summary>
    public static List<byte[]> EncodeRest(PacketEncoder encoder)
    {
        var packets = new List<byte[]>();
        byte[] buffer = new byte[encoder.MaxPacketSize];
        while (!encoder.IsFinished)
        {
            int size = encoder.Write(buffer);
            packets.Add(buffer[..size]);
        }

        return packets;
    }

    /// <summary>Bytes from hex digits; white space separates them as one likes.</summary>
    public static byte[] Hex(string text) => Convert.FromHexString(string.Concat(text.Where(Uri.IsHexDigit)));
}
