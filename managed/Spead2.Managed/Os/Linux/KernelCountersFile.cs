// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;

namespace Spead2.Managed.Linux;

/// <summary>/proc/net of the calling thread's network namespace.</summary>
internal static class KernelCountersFile
{
    // Kernels before 3.17 have no thread-self: then it is that of the process.
    private static readonly string[] Folders = ["/proc/thread-self/net", "/proc/net"];

    /// <summary>The counters now; null if the kernel does not tell, or is another one.</summary>
    public static KernelUdpCounters? Read()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        Dictionary<string, long> sums = Pairs(Lines("snmp"));
        if (!sums.ContainsKey("Udp:InDatagrams"))
        {
            return null;
        }

        Dictionary<string, long> v6 = Singles(Lines("snmp6"));
        long Sum(string name) => sums.GetValueOrDefault($"Udp:{name}") + v6.GetValueOrDefault($"Udp6{name}");
        long full = Sum("RcvbufErrors") + Sum("MemErrors");
        long wrong = Sum("InCsumErrors");
        return new(
            Sum("InDatagrams"),
            full,
            wrong,
            Math.Max(0, Sum("InErrors") - full - wrong),
            Sum("NoPorts"),
            Pairs(Lines("netstat")).GetValueOrDefault("TcpExt:IPReversePathFilter"));
    }

    /// <summary>Lines of names, each followed by one of numbers; both begin with the group's name.</summary>
    internal static Dictionary<string, long> Pairs(IEnumerable<string> lines)
    {
        Dictionary<string, long> values = [];
        foreach (string[] pair in lines.Chunk(2).Where(pair => pair.Length == 2))
        {
            string[] names = Words(pair[0]);
            foreach ((string name, string number) in names.Zip(Words(pair[1])).Skip(1))
            {
                if (long.TryParse(number, CultureInfo.InvariantCulture, out long value))
                {
                    values[names[0] + name] = value;
                }
            }
        }

        return values;
    }

    /// <summary>Lines of a name and a number.</summary>
    internal static Dictionary<string, long> Singles(IEnumerable<string> lines)
    {
        Dictionary<string, long> values = [];
        foreach (string line in lines)
        {
            if (Words(line) is [string name, string number] && long.TryParse(number, CultureInfo.InvariantCulture, out long value))
            {
                values[name] = value;
            }
        }

        return values;
    }

    private static string[] Words(string line) => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    // The file of IPv6 does not exist where there is none.
    private static string[] Lines(string file)
    {
        try
        {
            return Folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists) is { } path
                ? File.ReadAllLines(path)
                : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
