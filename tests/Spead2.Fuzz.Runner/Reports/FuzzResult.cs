// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Runner.Reports;

/// <summary>What came of a target.</summary>
/// <param name="Target">Its name.</param>
/// <param name="Executions">How many inputs were run.</param>
/// <param name="Seconds">In how much time.</param>
/// <param name="Corpus">How many inputs there are now.</param>
/// <param name="NewInputs">How many of the run reached new code.</param>
/// <param name="Packet">Lines of native/src/packet that all inputs run.</param>
/// <param name="Heap">Lines of native/src/heap that all inputs run.</param>
/// <param name="Findings">Files.</param>
internal sealed record FuzzResult(
    string Target,
    long Executions,
    double Seconds,
    int Corpus,
    long NewInputs,
    string Packet,
    string Heap,
    IReadOnlyList<string> Findings)
{
    /// <summary>The speed.</summary>
    public long ExecutionsPerSecond => (long)(Executions / Math.Max(Seconds, 1));
}
