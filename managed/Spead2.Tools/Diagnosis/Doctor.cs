// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spead2.Receive;
using Spead2.Tools.Network;
using Spead2.Tools.Output;
using Spead2.Tools.Receive;

namespace Spead2.Tools.Diagnosis;

/// <summary>`spead2 doctor`: what keeps packets from a receiver on this machine.</summary>
/// <param name="settings">What is looked at.</param>
/// <param name="terminal">Where it is said.</param>
internal sealed class Doctor(DoctorSettings settings, Terminal terminal)
{
    // What receivers ask for.
    private const int UsualBuffer = 64 << 20;

    // More sockets than this are counted rather than named.
    private const int MostSockets = 20;

    private readonly SystemFiles _files = new();
    private readonly IReadOnlyList<NetworkDevice> _devices = NetworkDevice.All();
    private readonly List<Fact> _facts = [];
    private readonly List<Finding> _findings = [];
    private readonly List<Target> _targets = [];
    private MachineState? _before;

    /// <summary>Looks, listens and says what was found.</summary>
    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        _before = MachineState.Read(_devices, _files);
        IReadOnlyList<UdpSocketEntry> sockets = UdpSocketTable.Read(_files);
        LookAtMachine(_before);
        if (settings.Endpoints.Count == 0)
        {
            Target machine = new("machine", [IPAddress.Any], 0, null, []);
            _findings.AddRange(new EndpointChecks(machine, _devices, _files).OfInterfaces());
            NameSockets(sockets);
            using ManualResetEventSlim interrupted = new();
            using Interrupt interrupt = new(interrupted.Set);
            interrupted.Wait(settings.Time);
        }
        else
        {
            Listen();
        }

        _findings.AddRange(MachineState.Read(_devices, _files).Since(_before, _devices, _files));
        LookAtDrops(sockets);
        Finding[] findings =
        [
            .. _findings.DistinctBy(finding => (finding.Code, finding.Cure)).OrderByDescending(finding => finding.IsFault),
            .. Processors.Hints(_files),
        ];
        new DoctorReport(terminal, settings).Show(_facts, findings, _files.Refused);
        return findings.Any(finding => finding.IsFault) ? ExitCode.Failure : ExitCode.Success;
    }

    private void LookAtMachine(MachineState state)
    {
        foreach (NetworkDevice device in _devices)
        {
            string gro = DeviceControl.Gro(device.Name) is { } isOn ? $", GRO {(isOn ? "on" : "off")}" : "";
            string addresses = device.Addresses.Count > 0 ? $", {string.Join(", ", device.Addresses)}" : "";
            _facts.Add(new(
                device.Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(device.IsUp ? device.HasCarrier ? "up" : "no carrier" : "down")}, MTU {device.Mtu}{gro}, "
                    + $"rp_filter {ReversePath.ModeOf(device, _files)}{addresses}")));
        }

        int asked = (int)Math.Min(settings.Udp.BufferSize ?? UsualBuffer, int.MaxValue / 2);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = asked };

        // Linux reports twice of what was set.
        _facts.Add(new(
            "socket buffer",
            $"rmem_max {Readable.Bytes(_files.Number("/proc/sys/net/core/rmem_max") ?? 0)}; without privileges a receiver that asks "
            + $"for {Readable.Bytes(asked)} gets {Readable.Bytes(socket.ReceiveBufferSize / 2)}"));
        _facts.AddRange(state.Facts());
        _facts.AddRange(Processors.Facts(_files));
    }

    private void NameSockets(IReadOnlyList<UdpSocketEntry> sockets)
    {
        IReadOnlyDictionary<long, SocketOwner> owners = SocketOwner.ByInode();
        foreach (UdpSocketEntry socket in sockets.OrderByDescending(socket => socket.Drops).Take(MostSockets))
        {
            AddSocket(socket, owners.GetValueOrDefault(socket.Inode));
        }

        if (sockets.Count > MostSockets)
        {
            _facts.Add(new("sockets", $"{Readable.Number(sockets.Count - MostSockets)} more"));
        }
    }

    private void AddSocket(UdpSocketEntry socket, SocketOwner? owner) => _facts.Add(new(
        $"UDP {new IPEndPoint(socket.Address, socket.Port)}",
        $"{PortOwners.NamesOf(owner is null ? [] : [owner])}; {Readable.Number(socket.Drops)} messages dropped, "
        + $"{Readable.Bytes(socket.Waiting)} wait"));

    private void Listen()
    {
        FindingLogger logger = new();
        ReceiveStreamOptions options = new()
        {
            MaxHeaps = 1,
            ContiguousOnly = false,
            StopOnStopItem = false,
            Senders = SenderTracking.Record,
        };
        using IReceiveStream stream = ReceiveEngine.Managed.Open(options, logger);
        List<(UdpSource Source, Target Target)> open = [];
        foreach (Endpoint endpoint in settings.Endpoints)
        {
            Target? target = Target.Of(endpoint, settings.Udp, _devices);
            if (target is null)
            {
                _findings.Add(new(
                    "no-host", Tone.Bad, $"The host of {endpoint.Text} has no address.", $"getent hosts {endpoint.Host}"));
                continue;
            }

            _targets.Add(target);
            LookAt(target);
            if (TryAttach(endpoint, target, stream) is { } source)
            {
                open.Add((source, target));
            }
        }

        using PacketWatch? watch = PacketWatch.TryOpen(_targets.Select(target => target.Port));
        if (watch is null)
        {
            _facts.Add(new("interfaces", "not watched: that needs CAP_NET_RAW, as root has it"));
        }

        Sightings sightings = new(_targets, _devices, _files);
        Task watching = watch is null
            ? Task.CompletedTask
            : Task.Run(() => sightings.Watch(watch, settings.Time, untilFirst: false));
        Take(stream);
        watching.Wait();
        stream.Stop();
        _findings.AddRange(logger.Findings);
        Judge(stream, sightings, open, isWatched: watch is not null);
    }

    private void LookAt(Target target)
    {
        EndpointChecks checks = new(target, _devices, _files);
        _facts.Add(new(
            $"way of {target.Place}", target.IsAny ? "any interface" : target.DeviceOf(_devices)?.Name ?? "there is none"));
        _findings.AddRange(checks.OfInterfaces());
        _findings.AddRange(checks.OfReversePath());
        _findings.AddRange(settings.PacketSize is { } size ? checks.OfPacketSize(size) : []);
        IReadOnlyList<(UdpSocketEntry, SocketOwner?)> owners = PortOwners.Of(target, _files);
        _findings.AddRange(checks.OfMembership(hasReceiver: owners.Count > 0));
        foreach ((UdpSocketEntry socket, SocketOwner? owner) in owners)
        {
            AddSocket(socket, owner);
        }

        if (target.IsGroup)
        {
            IReadOnlyList<string> joined = Memberships.DevicesOf(target.Addresses[0], _files);
            _facts.Add(new(
                $"group {target.Addresses[0]}",
                joined.Count > 0 ? $"joined on {string.Join(", ", joined)}" : "joined by nobody on this machine"));
        }
    }

    /// <summary>Listens beside others where that takes nothing from them: the kernel gives each a copy of multicast only.</summary>
    private UdpSource? TryAttach(Endpoint endpoint, Target target, IReceiveStream stream)
    {
        UdpSource source = new([endpoint], settings.Udp);
        try
        {
            source.AttachTo(stream, terminal);
            return source;
        }
        catch (UserErrorException exception)
        {
            _findings.Add(PortOwners.Conflict(target, _files)
                ?? new(
                    "cannot-listen",
                    Tone.Bad,
                    Readable.Sentence(exception.Message),
                    string.Create(CultureInfo.InvariantCulture, $"ss -lunp sport = :{target.Port}")));
            return null;
        }
    }

    private void Take(IReceiveStream stream)
    {
        using Interrupt interrupt = new(stream.Stop);
        long start = Stopwatch.GetTimestamp();
        bool isFirst = true;
        for (TimeSpan left = settings.Time; left > TimeSpan.Zero; left = settings.Time - Stopwatch.GetElapsedTime(start))
        {
            if (!stream.TryRead(out Heap? heap, left))
            {
                // The end of the time, or an interrupt.
                return;
            }

            using (heap)
            {
                if (isFirst)
                {
                    _facts.Add(new("first heap", $"{HeapText.Line(heap)}, from {heap.Sender}"));
                    isFirst = false;
                }
            }
        }
    }

    private void Judge(
        IReceiveStream stream, Sightings sightings, List<(UdpSource Source, Target Target)> open, bool isWatched)
    {
        foreach (RefusedDatagram refused in stream.RefusedDatagrams)
        {
            _findings.Add(Foreign(
                RefusedText.Of(refused), refused.Sender, open.Select(one => one.Source.SuggestedDialect).FirstOrDefault()));
        }

        if (open.Count < _targets.Count && sightings.First is { } first)
        {
            // Somebody else has the port: what comes is seen at the interface only.
            DatagramText text = DatagramText.Of(first);
            _facts.Add(new("first datagram", $"from {first.From} by {first.Device}: {text.Text}"));
            if (!text.IsSpead)
            {
                _findings.Add(Foreign($"A datagram from {first.From} is not SPEAD: {text.Text}.", first.From, text.Dialect));
            }
        }

        Target[] silent = [.. open.Where(one => one.Source.Datagrams == 0).Select(one => one.Target)];
        if (silent.Length > 0 && settings.Time > TimeSpan.Zero)
        {
            Finding[] dropped = [.. KernelCounters.Read().Since(_before!.Kernel, _devices, _files)];
            Finding[] reasons = [.. silent.Length == _targets.Count ? sightings.Explain(dropped) : dropped];
            _findings.AddRange(reasons.Length > 0 ? reasons : [Silence.Nothing(silent, _devices, isWatched)]);
        }
    }

    private static Finding Foreign(string text, IPEndPoint? sender, string? dialect) => new(
        "foreign",
        Tone.Bad,
        text,
        dialect is not null ? $"spead2 recv --dialect {dialect}"
        : sender is not null
            ? string.Create(CultureInfo.InvariantCulture, $"tcpdump -c 5 -X -ni any udp and host {sender.Address} and port {sender.Port}")
        : "tcpdump -c 5 -X -ni any udp");

    /// <summary>Sockets that dropped messages meanwhile, of any process.</summary>
    private void LookAtDrops(IReadOnlyList<UdpSocketEntry> before)
    {
        foreach (UdpSocketEntry now in UdpSocketTable.Read(_files))
        {
            long dropped = now.Drops - (before.FirstOrDefault(then => then.Inode == now.Inode)?.Drops ?? now.Drops);
            if (dropped > 0)
            {
                SocketOwner? owner = SocketOwner.ByInode().GetValueOrDefault(now.Inode);
                _findings.Add(new(
                    "socket-full",
                    Tone.Bad,
                    $"The socket of {PortOwners.NamesOf(owner is null ? [] : [owner])} on UDP {new IPEndPoint(now.Address, now.Port)} "
                    + $"dropped {Readable.Number(dropped)} messages: its buffer is too small, or its consumer too slow.",
                    "sysctl -w net.core.rmem_max=67108864"));
            }
        }
    }
}
