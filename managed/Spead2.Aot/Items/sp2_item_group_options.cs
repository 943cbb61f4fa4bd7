// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>The struct of items.h, which the bindings do not have.</summary>
internal struct sp2_item_group_options
{
    public uint size;
    public uint flags;
    public uint max_items;
    public uint max_name_length;
    public uint max_text_length;
    public uint reserved;
}
