// SPDX-License-Identifier: MIT

using Spead2.Receive;

namespace Spead2.Extensions.Hosting;

/// <summary>Takes the heaps of a receiver, one after the other.</summary>
/// <remarks>
/// While a handler works, finished heaps wait in the stream's ring; when it is full, packets wait in the sockets' buffers. A
/// handler that throws ends the receiver, and with it the host, whose exit code is then not 0.
/// </remarks>
public interface IHeapHandler
{
    /// <summary>Takes a heap.</summary>
    /// <param name="heap">The heap. It is disposed when the task has ended: copy what is needed longer.</param>
    /// <param name="cancellationToken">
    /// The host stops. What was received before is still handed over; a handler that takes long should then end soon.
    /// </param>
    ValueTask HandleAsync(Heap heap, CancellationToken cancellationToken);
}
