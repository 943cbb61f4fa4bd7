// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Tools.Items;

/// <summary>Interprets the heaps of a stream, one after the other, with one item group.</summary>
internal sealed class ItemInterpreter : IDisposable
{
    private readonly ItemGroup _group;

    /// <summary>Makes a group with the items of the preset.</summary>
    public ItemInterpreter(ItemSettings settings)
    {
        _group = new() { MaxNameLength = settings.MaxNameLength, MaxTextLength = settings.MaxTextLength };
        if (settings.Preset is not null)
        {
            _group.Add(settings.Preset);
        }
    }

    /// <summary>Interprets a heap.</summary>
    /// <returns>Null for a heap with gaps, which cannot have values.</returns>
    public ItemUpdate? Read(Heap heap)
    {
        if (!heap.IsContiguous)
        {
            return null;
        }

        UpdatedItems updated = _group.Update(heap);
        return new ItemUpdate(updated, updated.Failed);
    }

    public void Dispose() => _group.Dispose();
}
