// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Makes the heaps that are sent.</summary>
internal interface IHeapSource : IDisposable
{
    /// <summary>Makes the next heap.</summary>
    /// <param name="cnt">Its heap cnt.</param>
    /// <returns>A heap that stays as it is until the next call.</returns>
    HeapToSend Next(ulong cnt);
}
