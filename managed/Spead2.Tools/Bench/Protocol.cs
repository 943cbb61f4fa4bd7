// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Bench;

/// <summary>How a master talks to its agent, and which heaps it sends.</summary>
internal enum Protocol
{
    /// <summary>As our agents understand it: with causes of loss, times and latencies in the answer.</summary>
    Own,

    /// <summary>As the agents of spead2's C++ tool do.</summary>
    Text,

    /// <summary>As the agents of spead2's Python tool do.</summary>
    Json,
}
