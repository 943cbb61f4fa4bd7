// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>What a C program sees of a failure without an item: text in memory that does not move.</summary>
internal sealed unsafe class FailureView
{
    private readonly byte[] _name;
    private readonly byte[] _fault;

    public FailureView(in FailedItem failed)
    {
        _name = Utf8.Pinned(failed.Name ?? "");
        _fault = Utf8.Pinned(failed.Reason);
        Info = new()
        {
            size = (uint)sizeof(sp2_item_info),
            flags = (uint)ItemInfoFlags.Faulty,
            id = (ulong)(failed.Id ?? 0),
            name = Utf8.Pointer(_name),
            description = Utf8.Literal(""u8),
            type = Utf8.Literal(""u8),
            fault = Utf8.Pointer(_fault),
        };
    }

    public sp2_item_info Info { get; }
}
