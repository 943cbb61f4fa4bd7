// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Values of all <see cref="Statistic"/>.</summary>
[InlineArray(StatisticNames.KnownCount)]
internal struct Counters
{
    private long _first;
}
