// SPDX-License-Identifier: MIT

using Spead2.Tools.Send;

namespace Spead2.Tools.Tests;

/// <summary>Packets that are lost, repeated and mixed on purpose.</summary>
[TestFixture]
public sealed class PacketFaultsTests
{
    private const int Packets = 10000;

    [Test]
    public void Same_seed_chooses_the_same_packets()
    {
        List<int> first = Send(new(0.1, 0.1, 3, seed: 7));

        Assert.That(Send(new(0.1, 0.1, 3, seed: 7)), Is.EqualTo(first));
        Assert.That(Send(new(0.1, 0.1, 3, seed: 8)), Is.Not.EqualTo(first));
    }

    [Test]
    public void Part_of_the_packets_is_lost_and_the_rest_keeps_its_order()
    {
        PacketFaults faults = new(drop: 0.01, duplicate: 0, reorder: 0, seed: 1);

        List<int> sent = Send(faults);

        Assert.That(faults.Dropped, Is.InRange(50, 200));
        Assert.That(sent, Has.Count.EqualTo(Packets - faults.Dropped).And.Ordered.And.Unique);
        Assert.That(faults.Reordered, Is.Zero);
    }

    [Test]
    public void Part_of_the_packets_comes_twice()
    {
        PacketFaults faults = new(drop: 0, duplicate: 0.01, reorder: 0, seed: 1);

        List<int> sent = Send(faults);

        Assert.That(faults.Duplicated, Is.InRange(50, 200));
        Assert.That(sent, Has.Count.EqualTo(Packets + faults.Duplicated).And.Ordered);
        Assert.That(sent.Distinct(), Is.EqualTo(Enumerable.Range(0, Packets)));
    }

    [Test]
    public void Packet_is_overtaken_by_so_many_others_at_most([Values(1, 3)] int most)
    {
        PacketFaults faults = new(drop: 0, duplicate: 0, most, seed: 1);

        List<int> sent = Send(faults);

        Assert.That(sent.Order(), Is.EqualTo(Enumerable.Range(0, Packets)));
        Assert.That(faults.Reordered, Is.Positive);
        int[] overtakers = [.. sent.Select((packet, place) =>
            sent.Take(place).Count(other => other > packet))];
        Assert.That(overtakers.Max(), Is.EqualTo(most));
    }

    private static List<int> Send(PacketFaults faults)
    {
        List<int> sent = [];
        for (int i = 0; i < Packets; i++)
        {
            faults.Take(0, BitConverter.GetBytes(i), (_, packet) => sent.Add(BitConverter.ToInt32(packet)));
        }

        faults.Flush((_, packet) => sent.Add(BitConverter.ToInt32(packet)));
        return sent;
    }
}
