// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;
using Spead2.Receive;

namespace Spead2.Tools.Items;

/// <summary>Interprets the heaps of a stream, one after the other, with one item group.</summary>
internal sealed class ItemInterpreter : IDisposable
{
    private readonly ItemGroup _group;
    private readonly StreamPreset? _preset;

    /// <summary>Makes a group with the items of the preset.</summary>
    /// <param name="settings">How heaps are interpreted.</param>
    /// <param name="logger">Is told what is ignored; null: nobody is.</param>
    public ItemInterpreter(ItemSettings settings, ILogger? logger)
    {
        _preset = settings.Preset;
        _group = new(logger) { MaxNameLength = settings.MaxNameLength, MaxTextLength = settings.MaxTextLength };
        if (settings.Preset is not null)
        {
            _group.Add(settings.Preset);
        }
    }

    /// <summary>The items.</summary>
    public ItemGroup Group => _group;

    /// <summary>Interprets a heap.</summary>
    /// <returns>Null for a heap with gaps, which cannot have values.</returns>
    public ItemUpdate? Read(Heap heap)
    {
        if (!heap.IsContiguous)
        {
            return null;
        }

        long ignored = _group.IgnoredDescriptors;
        UpdatedItems updated = _group.Update(heap);
        FailedItem[] cut = _preset is null ? [] : [.. updated.SelectMany(item => CutOf(item, heap))];
        return new ItemUpdate(
            updated,
            cut.Length == 0 ? updated.Failed : [.. updated.Failed, .. cut],
            HasIgnored: _group.IgnoredDescriptors > ignored);
    }

    // Bytes behind the value are padding where the sender has said how long it is; a preset is the user's word.
    private IEnumerable<FailedItem> CutOf(Item item, Heap heap)
    {
        if (!_preset!.Items.Any(own => ReferenceEquals(own.Descriptor, item.Descriptor)))
        {
            yield break;
        }

        long sent = heap.Items.Last(raw => raw.Id == item.Id).Length;
        if (!heap.Items.Last(raw => raw.Id == item.Id).IsImmediate && sent > item.RawBytes.Length)
        {
            yield return new(
                item.Id,
                item.Name,
                $"Of its {sent} bytes {sent - item.RawBytes.Length} do not fit the shape {item.Descriptor.Shape} of the preset "
                + $"{_preset.Name} and are left out.",
                Item: null);
        }
    }

    public void Dispose() => _group.Dispose();
}
