// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Runtime.ExceptionServices;

namespace Spead2.Receive;

/// <summary>Memory of users that is pinned.</summary>
internal static class Pins
{
    /// <summary>Unpins all, also if some cannot be unpinned; then throws what the first of these threw.</summary>
    public static void Release(ReadOnlySpan<MemoryHandle> pins)
    {
        ExceptionDispatchInfo? first = null;
        foreach (MemoryHandle pin in pins)
        {
            try
            {
                pin.Dispose();
            }
            catch (Exception exception)
            {
                first ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        first?.Throw();
    }
}
