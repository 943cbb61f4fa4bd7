// SPDX-License-Identifier: MIT

using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Spead2.Receive;

/// <summary>Names and order of a stream's statistics: those that every stream of its engine has, then the custom ones.</summary>
internal sealed partial class StatisticNames
{
    /// <summary>Those of <see cref="Statistic"/>.</summary>
    public static readonly StatisticNames Known =
        new([.. Enum.GetNames<Statistic>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)], []);

    private readonly FrozenDictionary<string, int> _indices;

    /// <summary>Takes custom statistics that have been validated, of a stream that has no others than the known ones.</summary>
    public StatisticNames(IEnumerable<CustomStatistic> custom)
        : this(Known.InOrder, custom)
    {
    }

    /// <summary>Takes the statistics that an engine has, which begin with the known ones, and custom ones.</summary>
    public StatisticNames(ImmutableArray<string> builtIn, IEnumerable<CustomStatistic> custom)
    {
        BuiltInCount = builtIn.Length;
        InOrder = [.. builtIn, .. custom.Select(statistic => statistic.Name)];
        _indices = InOrder.Select(KeyValuePair.Create).ToFrozenDictionary();
    }

    /// <summary>How many come before the first custom one.</summary>
    public int BuiltInCount { get; }

    public ImmutableArray<string> InOrder { get; }

    /// <summary>Index of a name; -1 if there is no such statistic.</summary>
    public int IndexOf(string name) => _indices.GetValueOrDefault(name, -1);
}
