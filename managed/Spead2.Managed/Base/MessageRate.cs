// SPDX-License-Identifier: MIT

using Microsoft.Extensions.Logging;

namespace Spead2.Managed;

/// <summary>How often a kind of message was logged in the current second.</summary>
internal struct MessageRate
{
    public long SecondStart;
    public int Logged;
    public long LeftOut;

    /// <summary>Of the latest message.</summary>
    public LogLevel Level;
}
