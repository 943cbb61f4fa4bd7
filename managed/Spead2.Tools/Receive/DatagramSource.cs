// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Tools.CaptureFiles;
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

    public void Open() => _datagrams.AddRange(DatagramFile.OfDatagrams(path));

    public void AttachTo(IReceiveStream stream, Terminal terminal) =>
        _source = stream.Add(new DatagramSourceOptions { Datagrams = _datagrams, Dialect = dialect });

    public void ExplainEnd(StreamStatistics statistics, Terminal terminal)
    {
        // The statistics say it all.
    }
}
