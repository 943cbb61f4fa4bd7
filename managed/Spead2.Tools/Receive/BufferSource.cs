// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.Output;

namespace Spead2.Tools.Receive;

/// <summary>A file of packets back to back.</summary>
/// <param name="path">The file.</param>
/// <param name="dialect">How packets are read; null: by the rules.</param>
/// <param name="mayHaveDialect">Whether bytes that are no packet by the rules may be one.</param>
internal sealed class BufferSource(string path, Dialect? dialect, bool mayHaveDialect) : IPacketSource
{
    private byte[] _bytes = [];

    private PacketSource? _source;

    public bool IsFile => true;

    public bool IsBytestream => true;

    public string? SuggestedDialect => _source?.SuggestedDialect;

    public string Name => $"from '{path}'";

    public void Open() => _bytes = InputFile.ReadAll(path);

    public void AttachTo(IReceiveStream stream, Terminal terminal) =>
        _source = stream.Add(new BufferSourceOptions { Packets = _bytes, Dialect = dialect });

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        // Where a packet of a dialect ends, only its decoder knows.
        if (statistics.Malformed == 0 || dialect is not null)
        {
            return;
        }

        int offset = 0;
        string? problem;
        while (PacketProbe.TryMeasure(_bytes.AsSpan(offset), out int size, out problem))
        {
            offset += size;
        }

        string advice = mayHaveDialect || SuggestedDialect is not { } name ? "" : $" {LossExplanation.Advice(name)}";
        if (offset == 0 && !mayHaveDialect)
        {
            throw new UserErrorException($"'{path}' has no SPEAD packet at byte 0: {problem}.{advice}");
        }

        terminal.Say(
            $"warning: '{path}' was read up to byte {offset} of {_bytes.Length}; "
            + $"no SPEAD packet follows there: {problem}.{advice}");
    }
}
