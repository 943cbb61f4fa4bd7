// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>What the whole machine has counted of packets that got lost, at one time.</summary>
/// <param name="Kernel">Counters of UDP and IP.</param>
/// <param name="Backlog">Packets that found the queue of a processor full.</param>
/// <param name="Squeezed">Times that a processor had not done all packets when its time for them was over.</param>
/// <param name="Cards">Packets that each interface, or its card, dropped; the names are those of the counters.</param>
internal sealed record MachineState(
    KernelCounters Kernel, long Backlog, long Squeezed, IReadOnlyDictionary<(string Device, string Counter), long> Cards)
{
    private const string SoftnetFile = "/proc/net/softnet_stat";
    private static readonly string[] WordsOfDrops = ["drop", "miss", "no_buf", "nobuf", "discard", "overrun", "fifo_err"];

    /// <summary>The state now.</summary>
    public static MachineState Read(IReadOnlyList<NetworkDevice> devices, SystemFiles files)
    {
        long[][] softnet =
        [
            .. files.Lines(SoftnetFile).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Take(3).Select(word => Convert.ToInt64(word, 16)).ToArray()),
        ];
        Dictionary<(string, string), long> cards = [];
        foreach (string line in files.Lines("/proc/net/dev"))
        {
            string[] fields = line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 5 && long.TryParse(fields[3], CultureInfo.InvariantCulture, out long errors))
            {
                cards[(fields[0], "errors")] = errors;
                cards[(fields[0], "drop")] = long.Parse(fields[4], CultureInfo.InvariantCulture);
                cards[(fields[0], "fifo")] = long.Parse(fields[5], CultureInfo.InvariantCulture);
            }
        }

        foreach (NetworkDevice device in devices)
        {
            foreach ((string counter, long value) in DeviceControl.Statistics(device.Name).Where(IsOfLostPackets))
            {
                cards[(device.Name, counter)] = value;
            }
        }

        return new(KernelCounters.Read(), softnet.Sum(cpu => cpu[1]), softnet.Sum(cpu => cpu[2]), cards);
    }

    /// <summary>What has got lost since then, or if there is no then since the machine started.</summary>
    public IEnumerable<Finding> Since(MachineState then, IReadOnlyList<NetworkDevice> devices, SystemFiles files)
    {
        ArgumentNullException.ThrowIfNull(then);
        foreach (Finding finding in Kernel.Since(then.Kernel, devices, files))
        {
            yield return finding;
        }

        if (Backlog > then.Backlog)
        {
            long queue = files.Number("/proc/sys/net/core/netdev_max_backlog") ?? 1000;
            yield return new(
                "backlog",
                Tone.Bad,
                $"{Readable.Number(Backlog - then.Backlog)} packets found the queue of their processor full (softnet).",
                string.Create(CultureInfo.InvariantCulture, $"sysctl -w net.core.netdev_max_backlog={10 * queue}"));
        }

        foreach (((string device, string counter), long value) in Cards)
        {
            long lost = value - then.Cards.GetValueOrDefault((device, counter));
            if (lost > 0)
            {
                yield return new(
                    "card",
                    Tone.Bad,
                    $"{device} lost {Readable.Number(lost)} packets ({counter}).",
                    DeviceControl.Ring(device) is { } ring && ring.Now < ring.Most
                        ? string.Create(CultureInfo.InvariantCulture, $"ethtool -G {device} rx {ring.Most}")
                        : $"ethtool -S {device}");
            }
        }
    }

    /// <summary>The sums since the machine started.</summary>
    public IEnumerable<Fact> Facts()
    {
        yield return new(
            "lost since the start",
            $"{Readable.Number(Kernel.WrongChecksums)} wrong checksums, {Readable.Number(Kernel.NobodyListens)} for ports nobody "
            + $"has, {Readable.Number(Kernel.FullBuffers)} full buffers, {Readable.Number(Kernel.ReversePath)} by rp_filter");
        yield return new(
            "softnet",
            $"{Readable.Number(Backlog)} dropped; processors were out of time {Readable.Number(Squeezed)} times");
        foreach (((string device, string counter), long value) in Cards.Where(card => card.Value > 0))
        {
            yield return new($"lost by {device}", $"{Readable.Number(value)} ({counter})");
        }
    }

    private static bool IsOfLostPackets(KeyValuePair<string, long> counter) =>
        !counter.Key.Contains("tx", StringComparison.OrdinalIgnoreCase)
        && Array.Exists(WordsOfDrops, word => counter.Key.Contains(word, StringComparison.OrdinalIgnoreCase));
}
