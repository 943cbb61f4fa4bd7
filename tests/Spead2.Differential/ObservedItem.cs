// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>An item as a stream delivered it. Its value is an offset in the payload unless it is immediate.</summary>
internal sealed record ObservedItem(long Id, bool IsImmediate, ulong Value, string Bytes)
{
    public override string ToString() =>
        $"0x{Id:x} {(IsImmediate ? "immediate" : "at")} {Value} [{Bytes}]";
}
