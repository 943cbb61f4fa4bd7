// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>Gives engines what a seed makes.</summary>
internal interface ISeedCheck
{
    /// <summary>All disagreements about what a seed makes, shrunk and saved.</summary>
    IEnumerable<Disagreement> Check(ulong seed);
}
