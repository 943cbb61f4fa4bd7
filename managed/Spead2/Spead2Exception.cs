// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>A request that was valid but could not be carried out.</summary>
public class Spead2Exception : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="message">What failed, and what to do.</param>
    /// <param name="status">What kind of failure it was.</param>
    /// <param name="osCode">The operating system's number behind the failure, or 0.</param>
    public Spead2Exception(string message, Spead2Status status, int osCode = 0)
        : base(message)
    {
        Status = status;
        OsCode = osCode;
    }

    /// <summary>What kind of failure it was.</summary>
    public Spead2Status Status { get; }

    /// <summary>
    /// The operating system's number (errno or GetLastError) behind the failure; 0 if it did not come from there.
    /// </summary>
    public int OsCode { get; }
}
