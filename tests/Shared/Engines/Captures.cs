// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Spead2.Testing.Engines;

/// <summary>Captures of datagrams, in temporary files.</summary>
internal static class Captures
{
    /// <summary>Link type of Ethernet.</summary>
    public const uint Ethernet = 1;

    /// <summary>Link type of Linux cooked captures, form 1.</summary>
    public const uint Cooked = 113;

    private const int Sender = 40000;

    /// <summary>
    /// A capture, of pcap with nanoseconds, of datagrams from 10.0.0.1:40000 to 239.2.1.150, a millisecond apart.
    /// </summary>
    /// <param name="datagrams">The datagrams.</param>
    /// <param name="link">Link type: Ethernet or cooked.</param>
    /// <param name="isOutgoing">With cooked: whether the capturing host sent them.</param>
    /// <param name="port">UDP port that they were sent to.</param>
    public static byte[] Pcap(
        IEnumerable<ReadOnlyMemory<byte>> datagrams, uint link = Ethernet, bool isOutgoing = false, int port = 7148)
    {
        List<byte> file = [.. Words(0xa1b23c4d), 2, 0, 4, 0, .. Words(0, 0, 262144, link)];
        uint i = 0;
        foreach (ReadOnlyMemory<byte> datagram in datagrams)
        {
            byte[] frame = [.. LinkHeader(link, isOutgoing), .. IpHeader(datagram.Length, port), .. datagram.Span];
            uint length = (uint)frame.Length;
            file.AddRange([.. Words(1_700_000_000 + (i / 1000), i % 1000 * 1_000_000, length, length), .. frame]);
            i++;
        }

        return [.. file];
    }

    /// <summary>Writes a capture to a new file of the test's.</summary>
    public static string Write(byte[] capture)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.pcap");
        File.WriteAllBytes(path, capture);
        return path;
    }

    private static byte[] LinkHeader(uint link, bool isOutgoing) => link == Cooked
        ? [0, isOutgoing ? (byte)4 : (byte)0, .. new byte[12], 8, 0]
        : [.. new byte[12], 8, 0];

    private static byte[] IpHeader(int length, int port)
    {
        byte[] header = new byte[28];
        header[0] = 0x45;
        header[8] = 64;
        header[9] = 17;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(length + 28));
        ((byte[])[10, 0, 0, 1, 239, 2, 1, 150]).CopyTo(header, 12);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(20), Sender);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(22), (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(24), (ushort)(length + 8));
        return header;
    }

    private static IEnumerable<byte> Words(params uint[] words) => words.SelectMany(BitConverter.GetBytes);
}
