// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>A request that was valid but could not be carried out.</summary>
public class Spead2Exception : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="message">What failed, and what to do.</param>
    /// <param name="status">Status code, negative.</param>
    /// <param name="statusName">Name of the status code.</param>
    /// <param name="osCode">The operating system's number behind the failure, or 0.</param>
    public Spead2Exception(string message, int status, string statusName, int osCode = 0)
        : base(message)
    {
        Status = status;
        StatusName = statusName;
        OsCode = osCode;
    }

    /// <summary>Status code: negative, and the same on every operating system.</summary>
    public int Status { get; }

    /// <summary>Name of the status code, for example <c>SP2_E_OS</c>.</summary>
    public string StatusName { get; }

    /// <summary>
    /// The operating system's number (errno or GetLastError) behind the failure; 0 if it did not come from there.
    /// </summary>
    public int OsCode { get; }
}
