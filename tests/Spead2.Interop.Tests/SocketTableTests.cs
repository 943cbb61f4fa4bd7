// SPDX-License-Identifier: MIT

using System.Reflection;

namespace Spead2.Interop.Tests;

/// <summary>The table of callers' sockets in docs/testing.md says what <see cref="SocketBehaviourTests"/> tries.</summary>
public sealed class SocketTableTests
{
    private const string Begin = "<!-- sockets -->";
    private const string End = "<!-- end -->";

    private static readonly Dictionary<CallersSocketKind, string> RowNames = new()
    {
        [CallersSocketKind.Plain] = "no option",
        [CallersSocketKind.Timestamp] = "`SO_TIMESTAMP`",
        [CallersSocketKind.TimestampNs] = "`SO_TIMESTAMPNS`",
        [CallersSocketKind.PacketInfo] = "`IP_PKTINFO`",
        [CallersSocketKind.PacketInfoV6] = "`IPV6_RECVPKTINFO`",
        [CallersSocketKind.QueuedError] = "`IP_RECVERR`, with a queued error",
        [CallersSocketKind.Refused] = "connected to a port that nobody has",
        [CallersSocketKind.ShutForReceiving] = "`shutdown(SHUT_RD)`",
        [CallersSocketKind.ShutDown] = "`shutdown(SHUT_RDWR)`",
        [CallersSocketKind.Closed] = "closed by its owner",
        [CallersSocketKind.UdpClientDisposed] = "disposed `UdpClient`",
    };

    [Test]
    public void Table_has_each_kind_and_the_number_of_cases()
    {
        // Each of these tests runs for every kind, on both engines.
        int cases = typeof(SocketBehaviourTests).GetMethods().Count(method =>
            method.GetParameters() is [{ } only] && only.ParameterType == typeof(CallersSocketKind) &&
            only.GetCustomAttribute<ValuesAttribute>() is not null);
        string[][] rows = ReadTable();
        int core = Array.IndexOf(rows[0], "core (.NET)");
        int managed = Array.IndexOf(rows[0], "managed (.NET)");

        // The second row is the line below the head.
        string[][] kinds = rows[2..];
        Assert.Multiple(() =>
        {
            Assert.That(kinds.Select(row => row[0]), Is.EquivalentTo(Enum.GetValues<CallersSocketKind>().Select(kind => RowNames[kind])));
            Assert.That(kinds.Select(row => row[core]), Is.All.EqualTo($"{cases}"));
            Assert.That(kinds.Select(row => row[managed]), Is.All.EqualTo($"{cases}"));
        });
    }

    private static string[][] ReadTable()
    {
        string root = typeof(SocketTableTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;
        string[] lines = File.ReadAllLines(Path.Combine(root, "docs", "testing.md"));
        int first = Array.IndexOf(lines, Begin) + 1;
        int last = Array.IndexOf(lines, End, first);
        return [.. lines[first..last].Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray())];
    }
}
