// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Where a receiver's heaps go.</summary>
internal interface IHeapTarget
{
    /// <summary>Takes a heap, which is the target's from now on.</summary>
    ValueTask TakeAsync(Heap heap, CancellationToken stopping);

    /// <summary>No heap comes any more.</summary>
    void Complete();
}
