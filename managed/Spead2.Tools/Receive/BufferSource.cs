// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>A file of packets back to back.</summary>
internal sealed class BufferSource(string path) : IPacketSource
{
    private byte[] _bytes = [];

    public bool IsFile => true;

    public void Open()
    {
        _bytes = InputFile.ReadAll(path);
        if (!PacketProbe.TryMeasure(_bytes, out _, out string? problem))
        {
            throw new UserErrorException($"'{path}' has no SPEAD packet at byte 0: {problem}.");
        }
    }

    public void AttachTo(IReceiveStream stream, Terminal terminal) => stream.AddBufferReader(_bytes);

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        if (statistics.Malformed == 0)
        {
            return;
        }

        int offset = 0;
        string? problem;
        while (PacketProbe.TryMeasure(_bytes.AsSpan(offset), out int size, out problem))
        {
            offset += size;
        }

        terminal.Say(
            $"warning: '{path}' was read up to byte {offset} of {_bytes.Length}; "
            + $"no SPEAD packet follows there: {problem}.");
    }
}
