// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Reflection;
using Spead2.Receive;
using Spead2.Tests.Receive;

namespace Spead2.Tests;

/// <summary>What a debugger shows: one line, which never throws, also of what has been disposed.</summary>
public sealed class DebuggerDisplayTests
{
    [Test]
    public void Heap_shows_cnt_length_and_end()
    {
        UnmanagedHeap.Counter releases = new();
        Heap heap = UnmanagedHeap.Create(releases, state: HeapState.Contiguous);
        Heap incomplete = UnmanagedHeap.Create(releases, state: HeapState.None);
        Assert.That(Shown(heap), Is.EqualTo("Heap 7, 16 bytes"));
        Assert.That(Shown(incomplete), Is.EqualTo("Heap 7, 16 bytes of 16, incomplete"));

        heap.Dispose();
        incomplete.Dispose();
        Assert.That(Shown(heap), Is.EqualTo("Heap 7, 16 bytes, disposed"));
    }

    [Test]
    public void Raw_items_show_id_and_length_or_value()
    {
        using Heap heap = UnmanagedHeap.Create(new());
        string[] shown = [.. heap.Items.Select(item => Shown(item))];

        Assert.That(shown, Is.EqualTo(heap.Items.Select(item =>
            item.IsImmediate ? $"Item 0x{item.Id:x} = {item.Value}" : $"Item 0x{item.Id:x}, {item.Length} bytes")));
    }

    [Test]
    public void Item_and_group_show_no_values()
    {
        ItemGroup group = new();
        Item item = group.Add(ItemDescriptor.FromFormat(0x1234, "gains", "one for each input", ItemShape.Scalar, new FormatField('u', 32)));
        Assert.That(Shown(group), Is.EqualTo("1 items, 0 values without a descriptor"));
        Assert.That(Shown(item), Is.EqualTo($"gains {item.Shape} {item.Type}"));

        group.Dispose();
        Assert.That(Shown(group), Is.EqualTo("disposed"));
        Assert.That(() => Shown(item), Throws.Nothing);
    }

    /// <summary>What the attribute of an object's type says, which names one member.</summary>
    private static string Shown(object value)
    {
        for (Type? type = value.GetType(); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<DebuggerDisplayAttribute>(inherit: false) is { } attribute)
            {
                string name = attribute.Value.Split(',')[0].Trim('{', '}', '(', ')');
                PropertyInfo property = type.GetProperty(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
                return (string)property.GetValue(value)!;
            }
        }

        throw new AssertionException($"{value.GetType()} shows nothing.");
    }
}
