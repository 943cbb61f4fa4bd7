// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Managed;
using Spead2.Tools.Receive;

namespace Spead2.Tools.CaptureFiles;

/// <summary>The datagrams of files without addresses and times.</summary>
internal static class DatagramFile
{
    /// <summary>The datagrams of a file in which each is behind its length.</summary>
    /// <exception cref="UserErrorException">It cannot be read, or ends within one.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> OfDatagrams(string path)
    {
        ReadOnlyMemory<byte> bytes = InputFile.ReadAll(path);
        for (int offset = 0; offset < bytes.Length;)
        {
            int left = bytes.Length - offset;
            if (left < sizeof(uint))
            {
                throw new UserErrorException(
                    $"'{path}' ends within the length of a datagram: "
                    + $"at byte {offset} {left} of {sizeof(uint)} bytes are left.");
            }

            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[offset..]);
            offset += sizeof(uint);
            left -= sizeof(uint);
            if (length > left)
            {
                throw new UserErrorException(
                    $"'{path}' ends within a datagram: "
                    + $"{length} bytes are announced at byte {offset - sizeof(uint)}, {left} are left.");
            }

            yield return bytes.Slice(offset, (int)length);
            offset += (int)length;
        }
    }

    /// <summary>The packets of a file in which they are back to back.</summary>
    /// <exception cref="UserErrorException">It cannot be read, or has something else.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> OfPackets(string path)
    {
        ReadOnlyMemory<byte> bytes = InputFile.ReadAll(path);
        for (int offset = 0; offset < bytes.Length;)
        {
            int length = LengthOf(bytes.Span[offset..], out PacketFault fault);
            if (fault != PacketFault.None)
            {
                throw new UserErrorException($"'{path}' has no packet at byte {offset}: {fault.Text()}.");
            }

            yield return bytes.Slice(offset, length);
            offset += length;
        }
    }

    private static int LengthOf(ReadOnlySpan<byte> bytes, out PacketFault fault)
    {
        fault = PacketDecoder.Decode(bytes, out Packet packet);
        return packet.Bytes.Length;
    }
}
