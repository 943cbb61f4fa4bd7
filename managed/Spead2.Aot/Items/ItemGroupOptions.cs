// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>What an item group is made with: the options of a C program, checked, with defaults in place of zeros.</summary>
internal readonly record struct ItemGroupOptions(
    bool KeepsFortranOrder, bool IsStrict, int MaxItems, int MaxNameLength, int MaxTextLength)
{
    private const string Options = nameof(sp2_item_group_options);

    // SP2_ITEM_GROUP_MEMORY_ORDER and SP2_ITEM_GROUP_STRICT.
    private const uint MemoryOrder = 1;
    private const uint Strict = 2;

    /// <summary>Reads them; null means the defaults.</summary>
    /// <exception cref="Spead2Exception">A value breaks its rule.</exception>
    public static unsafe ItemGroupOptions Read(sp2_item_group_options* caller)
    {
        sp2_item_group_options options = caller is null ? default : Sized.Read(caller, Options);
        uint unknown = options.flags & ~(MemoryOrder | Strict);
        if (unknown != 0)
        {
            throw Failure.UnknownFlags(Options, unknown);
        }

        if (options.reserved != 0)
        {
            throw Failure.Reserved(Options, options.reserved);
        }

        return new(
            (options.flags & MemoryOrder) != 0,
            (options.flags & Strict) != 0,
            Limit(options.max_items, nameof(options.max_items), ItemGroup.DefaultMaxItems),
            Limit(options.max_name_length, nameof(options.max_name_length), ItemDescriptor.DefaultMaxNameLength),
            Limit(options.max_text_length, nameof(options.max_text_length), ItemDescriptor.DefaultMaxTextLength));
    }

    private static int Limit(uint given, string name, int ifZero)
    {
        if (given > int.MaxValue)
        {
            throw Failure.Argument($"{Options}.{name} is {given}; it must be at most {int.MaxValue}");
        }

        return given == 0 ? ifZero : (int)given;
    }
}
