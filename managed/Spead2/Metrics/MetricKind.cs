// SPDX-License-Identifier: MIT

namespace Spead2.Metrics;

/// <summary>How the numbers of several streams of one name become one.</summary>
internal enum MetricKind
{
    /// <summary>Their sum, also of streams that have gone.</summary>
    Counter,

    /// <summary>The largest, also of streams that have gone.</summary>
    Maximum,

    /// <summary>Their sum at the moment.</summary>
    Now,
}
