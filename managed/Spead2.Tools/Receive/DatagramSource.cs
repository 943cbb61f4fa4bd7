// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>A file of datagrams, each behind its length in bytes (32 bits, little-endian).</summary>
/// <param name="path">The file.</param>
/// <param name="dialect">How packets are read; null: by the rules.</param>
internal sealed class DatagramSource(string path, Dialect? dialect) : IPacketSource
{
    private readonly List<ReadOnlyMemory<byte>> _datagrams = [];

    private PacketSource? _source;

    public bool IsFile => true;

    public string? SuggestedDialect => _source?.SuggestedDialect;

    public string Name => $"from '{path}'";

    public void Open()
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

            _datagrams.Add(bytes.Slice(offset, (int)length));
            offset += (int)length;
        }
    }

    public void AttachTo(IReceiveStream stream, Terminal terminal) =>
        _source = stream.Add(new DatagramSourceOptions { Datagrams = _datagrams, Dialect = dialect });

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        // The statistics say it all.
    }
}
