// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Tools.Output;

namespace Spead2.Tools.Diagnosis;

/// <summary>Sockets of other processes on the port of a target.</summary>
internal static class PortOwners
{
    /// <summary>The sockets, with their processes where those may be seen.</summary>
    public static IReadOnlyList<(UdpSocketEntry Socket, SocketOwner? Owner)> Of(Target target, SystemFiles files)
    {
        ArgumentNullException.ThrowIfNull(target);
        UdpSocketEntry[] sockets =
        [
            .. UdpSocketTable.Read(files).Where(socket => socket.Port == target.Port && target.Addresses.Any(socket.Concerns)),
        ];
        if (sockets.Length == 0)
        {
            return [];
        }

        IReadOnlyDictionary<long, SocketOwner> owners = SocketOwner.ByInode();
        return
        [
            .. from socket in sockets
               let owner = owners.GetValueOrDefault(socket.Inode)
               where owner?.Id != Environment.ProcessId
               select (socket, owner),
        ];
    }

    /// <summary>That a port cannot be bound, as others have it; null if nobody can be found who has.</summary>
    public static Finding? Conflict(Target target, SystemFiles files)
    {
        IReadOnlyList<(UdpSocketEntry, SocketOwner? Owner)> owners = Of(target, files);
        if (owners.Count == 0)
        {
            return null;
        }

        SocketOwner[] known = [.. owners.Select(one => one.Owner).OfType<SocketOwner>().Distinct()];
        return new(
            "port-taken",
            Tone.Warning,
            string.Create(CultureInfo.InvariantCulture, $"UDP port {target.Port} is taken by {NamesOf(known)}."),
            known.Length > 0
                ? $"kill {string.Join(' ', known.Select(owner => owner.Id))}"
                : string.Create(CultureInfo.InvariantCulture, $"sudo ss -lunp sport = :{target.Port}"));
    }

    /// <summary>Who they are, in words.</summary>
    public static string NamesOf(IReadOnlyCollection<SocketOwner> owners) =>
        owners.Count == 0
            ? "another user's process"
            : string.Join(", ", owners.Select(owner => string.Create(CultureInfo.InvariantCulture, $"pid {owner.Id} ({owner.Name})")));
}
