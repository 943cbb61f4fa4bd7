// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>How a custom statistic is brought up to date.</summary>
public enum StatisticMode
{
    /// <summary>Values are added.</summary>
    Counter = 0,

    /// <summary>The largest value counts.</summary>
    Maximum = 1,
}
