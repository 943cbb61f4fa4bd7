// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Spead2.Tools.Diagnosis;

/// <summary>
/// What Linux says of a network interface through ioctl(2), which needs no rights and, other than /sys, always speaks of
/// the process's own network namespace.
/// </summary>
internal static unsafe partial class DeviceControl
{
    // From <linux/sockios.h>.
    private const nuint GetFlags = 0x8913;
    private const nuint GetMtu = 0x8921;
    private const nuint Ethtool = 0x8946;

    // From <linux/ethtool.h>.
    private const uint GetRing = 0x10;
    private const uint GetStrings = 0x1b;
    private const uint GetStatistics = 0x1d;
    private const uint GetGro = 0x2b;
    private const uint GetSetInfo = 0x37;
    private const uint SetOfStatistics = 1;
    private const int NameSize = 32;

    // More than any card has.
    private const uint MostStatistics = 8192;

    /// <summary>Flags IFF_*; null if there is no such interface.</summary>
    public static int? Flags(string device)
    {
        Request request = new(device);
        return Call(GetFlags, ref request) ? (ushort)request.Value : null;
    }

    /// <summary>Largest packet in bytes, headers of IP and UDP among them; null if there is no such interface.</summary>
    public static int? Mtu(string device)
    {
        Request request = new(device);
        return Call(GetMtu, ref request) ? (int)request.Value : null;
    }

    /// <summary>Whether generic receive offload is on; null if the interface does not say.</summary>
    public static bool? Gro(string device)
    {
        Span<uint> value = [GetGro, 0];
        return CallEthtool(device, MemoryMarshal.AsBytes(value)) ? value[1] != 0 : null;
    }

    /// <summary>Packets that the card's ring for receiving holds, and could; null if it has none.</summary>
    public static (uint Now, uint Most)? Ring(string device)
    {
        Span<uint> ring = stackalloc uint[9];
        ring.Clear();
        ring[0] = GetRing;
        return CallEthtool(device, MemoryMarshal.AsBytes(ring)) && ring[1] > 0 ? (ring[5], ring[1]) : null;
    }

    /// <summary>Statistics of the driver by their names; none if it has none.</summary>
    public static IReadOnlyDictionary<string, long> Statistics(string device)
    {
        // A mask of sets, and the size of the only one.
        Span<uint> info = [GetSetInfo, 0, 1u << (int)SetOfStatistics, 0, 0];
        uint count = CallEthtool(device, MemoryMarshal.AsBytes(info)) ? Math.Min(info[4], MostStatistics) : 0;
        byte[] names = Command(GetStrings, SetOfStatistics, count, header: 12, NameSize);
        byte[] values = Command(GetStatistics, count, 0, header: 8, sizeof(ulong));
        Dictionary<string, long> statistics = [];
        if (count == 0 || !CallEthtool(device, names) || !CallEthtool(device, values))
        {
            return statistics;
        }

        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> name = names.AsSpan(12 + (i * NameSize), NameSize);
            int end = name.IndexOf((byte)0);
            statistics[Encoding.ASCII.GetString(end < 0 ? name : name[..end])] =
                BitConverter.ToInt64(values, 8 + (i * sizeof(ulong)));
        }

        return statistics;

        byte[] Command(uint command, uint first, uint second, int header, int size)
        {
            byte[] bytes = new byte[header + (count * size)];
            BitConverter.TryWriteBytes(bytes, command);
            BitConverter.TryWriteBytes(bytes.AsSpan(4), first);
            BitConverter.TryWriteBytes(bytes.AsSpan(8), second);
            return bytes;
        }
    }

    private static bool CallEthtool(string device, Span<byte> command)
    {
        fixed (byte* data = command)
        {
            Request request = new(device) { Value = (long)data };
            return Call(Ethtool, ref request);
        }
    }

    private static bool Call(nuint code, ref Request request)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return ioctl((int)socket.Handle, code, ref request) == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, nuint code, ref Request request);

    // struct ifreq: a name, and a union of 24 bytes.
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct Request
    {
        private const int LongestName = 15;

        private fixed byte _name[LongestName + 1];
        public long Value;

        public Request(string device)
        {
            byte[] name = Encoding.UTF8.GetBytes(device);
            for (int i = 0; i < Math.Min(name.Length, LongestName); i++)
            {
                _name[i] = name[i];
            }
        }
    }
}
