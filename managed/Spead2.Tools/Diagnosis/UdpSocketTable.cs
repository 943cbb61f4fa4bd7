// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;

namespace Spead2.Tools.Diagnosis;

/// <summary>The UDP sockets of this network namespace, as /proc/net/udp and udp6 say them.</summary>
internal static class UdpSocketTable
{
    private const int FieldLocal = 1;
    private const int FieldQueues = 4;
    private const int FieldInode = 9;
    private const int FieldDrops = 12;

    /// <summary>All sockets.</summary>
    public static IReadOnlyList<UdpSocketEntry> Read(SystemFiles files) =>
    [
        .. files.Lines("/proc/net/udp").Concat(files.Lines("/proc/net/udp6")).Select(Parse).OfType<UdpSocketEntry>(),
    ];

    /// <summary>One socket; null for a line that is none, such as the header.</summary>
    internal static UdpSocketEntry? Parse(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] local = fields.Length > FieldDrops ? fields[FieldLocal].Split(':') : [];
        return local.Length == 2
            && int.TryParse(local[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int port)
            ? new UdpSocketEntry(
                ReadAddress(local[0]),
                port,
                Convert.ToInt64(fields[FieldQueues].Split(':')[1], 16),
                long.Parse(fields[FieldInode], CultureInfo.InvariantCulture),
                long.Parse(fields[FieldDrops], CultureInfo.InvariantCulture))
            : null;
    }

    /// <summary>Words of 32 bits in the byte order of this machine.</summary>
    internal static IPAddress ReadAddress(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        if (BitConverter.IsLittleEndian)
        {
            for (int word = 0; word < bytes.Length; word += sizeof(uint))
            {
                bytes.AsSpan(word, sizeof(uint)).Reverse();
            }
        }

        return new IPAddress(bytes);
    }
}
