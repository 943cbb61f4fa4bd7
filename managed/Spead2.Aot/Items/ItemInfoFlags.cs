// SPDX-License-Identifier: MIT

namespace Spead2.Aot;

/// <summary>The sp2_item_info_flags of items.h.</summary>
[Flags]
internal enum ItemInfoFlags : uint
{
    HasValue = 1,
    Text = 2,
    FortranOrder = 4,
    AsSent = 8,
    Faulty = 16,
    Utf8 = 32,
    Latin1 = 64,
}
