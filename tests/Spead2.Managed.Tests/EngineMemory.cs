// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Testing.Engines;

/// <summary>What heaps hold of the managed port's memory.</summary>
internal static class EngineMemory
{
    public static ulong Bytes => Recycler.State.UsedBytes;
}
