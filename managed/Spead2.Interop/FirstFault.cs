// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2;

/// <summary>
/// Says the first time that a user-supplied function failed on a thread that cannot take an exception.
/// </summary>
/// <param name="log">Where to say it.</param>
internal sealed class FirstFault(NativeLog log)
{
    private int _said;

    public void Say(string what, Exception exception)
    {
        if (Interlocked.Exchange(ref _said, 1) != 0)
        {
            return;
        }

        string text = $"{what}; further failures are not logged. {ExceptionText.Of(exception)}";
        try
        {
            log.Enqueue(LogLevel.Warning, text);
        }
        catch (Exception)
        {
            // There is nowhere else to say it.
        }
    }
}
