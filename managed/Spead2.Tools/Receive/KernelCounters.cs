// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Receive;

/// <summary>What the kernel counts of datagrams that no socket got, for the whole machine; zeros where it does not say.</summary>
/// <param name="WrongChecksums">Datagrams with a wrong UDP checksum.</param>
/// <param name="NobodyListens">Datagrams for ports that no socket is bound to.</param>
/// <param name="FullBuffers">Messages that found the buffer of their socket full.</param>
/// <param name="ReversePath">Packets from senders that are not reached by the interface that they came from.</param>
internal sealed record KernelCounters(long WrongChecksums, long NobodyListens, long FullBuffers, long ReversePath)
{
    private const string Sums = "/proc/net/snmp";
    private const string MoreSums = "/proc/net/netstat";

    /// <summary>The counters now.</summary>
    public static KernelCounters Read()
    {
        Dictionary<string, long> sums = Parse(Lines(Sums));
        Dictionary<string, long> more = Parse(Lines(MoreSums));
        return new(
            sums.GetValueOrDefault("Udp:InCsumErrors"),
            sums.GetValueOrDefault("Udp:NoPorts"),
            sums.GetValueOrDefault("Udp:RcvbufErrors"),
            more.GetValueOrDefault("TcpExt:IPReversePathFilter"));
    }

    /// <summary>What has happened since then, in sentences; none if the kernel has dropped nothing.</summary>
    public IEnumerable<string> Since(KernelCounters then)
    {
        ArgumentNullException.ThrowIfNull(then);
        (long Count, string Text)[] causes =
        [
            (WrongChecksums - then.WrongChecksums, "datagrams had a wrong UDP checksum: look at the sender, or at offloading"),
            (NobodyListens - then.NobodyListens, "datagrams came for ports that nobody has: compare the sender's port"),
            (FullBuffers - then.FullBuffers, "messages found a full socket buffer: raise --buffer-size and net.core.rmem_max"),
            (ReversePath - then.ReversePath,
                "packets came from senders without a route back (rp_filter): sysctl -w net.ipv4.conf.all.rp_filter=2, "
                + "and the same for the interface"),
        ];
        return causes.Where(cause => cause.Count > 0)
            .Select(cause => $"{Output.Readable.Number(cause.Count)} {cause.Text}.");
    }

    /// <summary>Lines of names, each followed by one of numbers; both begin with the group's name.</summary>
    internal static Dictionary<string, long> Parse(IEnumerable<string> lines)
    {
        Dictionary<string, long> values = [];
        foreach (string[] pair in lines.Chunk(2).Where(pair => pair.Length == 2))
        {
            string[] names = pair[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string[] numbers = pair[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            foreach ((string name, string number) in names.Zip(numbers).Skip(1))
            {
                if (long.TryParse(number, CultureInfo.InvariantCulture, out long value))
                {
                    values[names[0] + name] = value;
                }
            }
        }

        return values;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
