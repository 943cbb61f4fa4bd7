// SPDX-License-Identifier: MIT

using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>Makes the heaps that are sent.</summary>
internal interface IHeapSource : IDisposable
{
    /// <summary>The heap cnt of a heap by its number in the stream, from 1.</summary>
    ulong CntOf(ulong number) => number;

    /// <summary>Makes the next heap.</summary>
    /// <param name="cnt">Its number in the stream, which is its heap cnt unless <see cref="CntOf"/> says otherwise.</param>
    /// <param name="destination">Which destination it is for, from 0.</param>
    /// <returns>
    /// A heap that stays as it is until the next call; the memory of its items, until as many more have been made as are
    /// sent at a time.
    /// </returns>
    HeapToSend Next(ulong cnt, int destination);
}
