// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>The struct of items.h, which the bindings do not have.</summary>
internal unsafe struct sp2_item_info
{
    public uint size;
    public uint flags;
    public ulong id;
    public ulong version;
    public sbyte* name;
    public sbyte* description;
    public sbyte* type;
    public long* shape;
    public uint rank;
    public uint element_size;
    public ulong count;
    public void* data;
    public ulong length;
    public sbyte* fault;
    public void* raw;
    public ulong raw_length;
}
