// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Hands heaps to a handler, and disposes them.</summary>
internal sealed class HandlerTarget(IHeapHandler handler) : IHeapTarget
{
    public async ValueTask TakeAsync(Heap heap, CancellationToken stopping)
    {
        using (heap)
        {
            await handler.HandleAsync(heap, stopping).ConfigureAwait(false);
        }
    }

    public void Complete()
    {
        // A handler is told by the host's end, as every service.
    }
}
