// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Send;

namespace Spead2.Tools.Tests;

/// <summary>A file with packets, which is deleted at the end of the test.</summary>
internal sealed class PacketFile : IDisposable
{
    private PacketFile(IEnumerable<byte> bytes) => File.WriteAllBytes(Path, [.. bytes]);

    public string Path { get; } = System.IO.Path.Combine(
        TestContext.CurrentContext.WorkDirectory, System.IO.Path.GetRandomFileName());

    /// <summary>A file of any bytes.</summary>
    public static PacketFile OfBytes(params IEnumerable<byte>[] parts) => new(parts.SelectMany(part => part));

    /// <summary>A file for `recv --packets`: each datagram behind its length.</summary>
    public static PacketFile OfDatagrams(IEnumerable<byte[]> datagrams) =>
        new(datagrams.SelectMany(datagram => LengthOf(datagram).Concat(datagram)));

    /// <summary>The packets that `send` makes of a heap with this content.</summary>
    public static List<byte[]> Encode(ulong cnt, byte[] content)
    {
        var heap = new HeapToSend();
        heap.AddItem(HeapContent.DataId, content, allowImmediate: false);
        return Encode(heap, cnt, new Flavour(48), maxPacketSize: 256);
    }

    /// <summary>The packets of a heap.</summary>
    public static List<byte[]> Encode(
        HeapToSend heap, ulong cnt, Flavour flavour = default, int maxPacketSize = PacketEncoder.DefaultMaxPacketSize)
    {
        var encoder = new PacketEncoder(flavour, maxPacketSize);
        encoder.Begin(heap, cnt);
        byte[] buffer = new byte[encoder.MaxPacketSize];
        var packets = new List<byte[]>();
        while (!encoder.IsFinished)
        {
            packets.Add(buffer[..encoder.Write(buffer)]);
        }

        return packets;
    }

    public void Dispose() => File.Delete(Path);

    private static byte[] LengthOf(byte[] datagram)
    {
        byte[] length = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)datagram.Length);
        return length;
    }
}
