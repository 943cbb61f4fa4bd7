// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Model;

/// <summary>What is missing of a heap.</summary>
internal readonly record struct Lack(long Packets, long Bytes)
{
    public static Lack operator +(Lack a, Lack b) => new(a.Packets + b.Packets, a.Bytes + b.Bytes);
}
