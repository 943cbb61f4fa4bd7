// SPDX-License-Identifier: MIT

using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Spead2.Receive;

/// <summary>Names and order of a stream's statistics: those of <see cref="Statistic"/>, then the custom ones.</summary>
internal sealed class StatisticNames
{
    /// <summary>Without custom statistics.</summary>
    public static readonly StatisticNames BuiltIn = new([]);

    private readonly FrozenDictionary<string, int> _indices;

    /// <summary>Takes custom statistics that have been validated.</summary>
    public StatisticNames(IEnumerable<CustomStatistic> custom)
    {
        InOrder =
        [
            .. Enum.GetNames<Statistic>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName),
            .. custom.Select(statistic => statistic.Name),
        ];
        _indices = InOrder.Select(KeyValuePair.Create).ToFrozenDictionary();
    }

    public ImmutableArray<string> InOrder { get; }

    /// <summary>Index of a name; -1 if there is no such statistic.</summary>
    public int IndexOf(string name) => _indices.GetValueOrDefault(name, -1);
}
