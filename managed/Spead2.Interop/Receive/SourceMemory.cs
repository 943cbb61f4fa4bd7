// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// User-supplied memory that a packet source reads: pinned until the source is removed or its stream is destroyed,
/// whichever comes first.
/// </summary>
internal sealed class SourceMemory(IDisposable pins, FirstFault fault) : IDisposable
{
    private IDisposable? _pins = pins;

    public void Dispose()
    {
        try
        {
            Interlocked.Exchange(ref _pins, null)?.Dispose();
        }
        catch (Exception exception)
        {
            // Memory is the user's, and so is the code that unpins it. Everything else must be given up all the same.
            fault.Say("Memory that packets were read from cannot be unpinned", exception);
        }
    }
}
