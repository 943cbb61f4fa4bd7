// SPDX-License-Identifier: MIT

namespace Spead2.Metrics;

/// <summary>
/// A stream's place in the meter. Nothing but the stream refers to it, so that its finalizer ends the place of a stream that
/// was forgotten.
/// </summary>
/// <param name="end">Adds the stream's numbers to those of the streams that have gone. Does not refer to the stream.</param>
internal sealed class StreamPlace(Action end) : IDisposable
{
    private Action? _end = end;

    ~StreamPlace() => Dispose();

    /// <summary>The stream will go; its last numbers are read. The second time this does nothing.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Interlocked.Exchange(ref _end, null)?.Invoke();
    }
}
