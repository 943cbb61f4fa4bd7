// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>Options of a UDP reader (receiving.txt: <c>add_udp_reader</c>).</summary>
public sealed class UdpReaderOptions
{
    /// <summary>Default of <see cref="MaxSize"/>.</summary>
    public const int DefaultMaxSize = 9200;

    /// <summary>Largest <see cref="MaxSize"/>: the most that a UDP datagram can carry.</summary>
    public const int LargestDatagram = 65535;

    private const int LargestPort = 65535;

    /// <summary>UDP port; 0 (the default) lets the operating system choose one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Host name or address to bind to; the first address that it resolves to is used. By default every IPv4 address
    /// of this host.
    /// </summary>
    public string? BindHost { get; init; }

    /// <summary>Largest packet in bytes; larger ones are not used and count as truncated.</summary>
    public int MaxSize { get; init; } = DefaultMaxSize;

    /// <summary>
    /// Bytes of kernel socket buffer to ask for. By default (<c>null</c>) 64 MiB; 0 leaves the buffer as the operating
    /// system makes it. If the system grants less there is a warning that says how to allow more.
    /// </summary>
    public long? BufferSize { get; init; }

    internal void Validate()
    {
        if (Port is < 0 or > LargestPort)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Port), Port, $"{nameof(Port)} must be from 0 to {LargestPort}.");
        }

        if (BindHost is not null && (BindHost.Length == 0 || BindHost.Contains('\0', StringComparison.Ordinal)))
        {
            throw new ArgumentException(
                $"{nameof(BindHost)} must be a host name or an address; leave it out to receive on every address.",
                nameof(BindHost));
        }

        if (MaxSize is < 1 or > LargestDatagram)
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaxSize), MaxSize, $"{nameof(MaxSize)} must be from 1 to {LargestDatagram}.");
        }

        if (BufferSize < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BufferSize), BufferSize, $"{nameof(BufferSize)} must be 0 or more bytes, or left out.");
        }
    }
}
