// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Send;
using Spead2.Testing.Vectors;
using Spead2.Tests.Send;

namespace Spead2.Tests.Items;

/// <summary>The items of packets that are known byte for byte.</summary>
public sealed class ItemVectorTests
{
    [TestCaseSource(typeof(ItemVector), nameof(ItemVector.All))]
    public void Group_has_the_items_of_the_vector(ItemVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using ItemGroup items = new();
        using Heap heap = PacketHeap.Of(vector.Packets, vector.BugCompat);
        UpdatedItems updated = items.Update(heap);

        Assert.That(
            updated.Select(item => item.Id),
            Is.EquivalentTo(vector.Items.Where(item => item.Value.Length > 0).Select(item => item.Id)));
        Assert.That(
            updated.Failed.Select(failed => (failed.Id, failed.Name)),
            Is.EqualTo(vector.Refused is { } refused ? [(refused.Id, refused.Name)] : Array.Empty<(long?, string?)>()));
        Assert.That(updated.Failed.Select(failed => failed.Reason), Is.All.Contains(vector.Refused?.Value ?? ""));
        Assert.That(items.Where(item => item.Fault is null).Select(ExpectedValue.Of), Is.EqualTo(vector.Items));
    }

    [TestCaseSource(typeof(ItemVector), nameof(ItemVector.All))]
    public void Strict_group_refuses_what_fails(ItemVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using ItemGroup items = new() { IsStrict = true };
        using Heap heap = PacketHeap.Of(vector.Packets, vector.BugCompat);
        if (vector.Refused is not ExpectedValue refused)
        {
            Assert.That(items.Update(heap).Failed, Is.Empty);
            return;
        }

        HeapFormatException exception = Assert.Throws<HeapFormatException>(() => items.Update(heap))!;
        Assert.That(exception.ItemId, Is.EqualTo(refused.Id));
        Assert.That(exception.ItemName, Is.EqualTo(refused.Name));
        Assert.That(exception.Message, Does.Contain(refused.Value));
        Assert.That(items, Is.Empty);
    }

    [TestCaseSource(typeof(ItemVector), nameof(ItemVector.Sent))]
    public void Items_of_the_vector_are_sent_as_the_same_packets(ItemVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        using ItemGroup items = new();
        using Heap heap = PacketHeap.Of(vector.Packets, vector.BugCompat);
        items.Update(heap);

        HeapToSend sent = new HeapGenerator(items, heap.Flavour).Next();
        Assert.That(Packets.Encode(sent, heap.Cnt, heap.Flavour), Is.EqualTo(vector.Packets));
    }

    [Test]
    public void There_are_vectors()
    {
        Assert.That(ItemVector.All.Count(), Is.GreaterThanOrEqualTo(8));
        Assert.That(ItemVector.Sent.Count(), Is.GreaterThanOrEqualTo(5));
    }
}
