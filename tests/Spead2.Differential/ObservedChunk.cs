// SPDX-License-Identifier: MIT

namespace Spead2.Differential;

/// <summary>A chunk as a consumer got it; where no heap was placed its data are zeros. In hex.</summary>
internal sealed record ObservedChunk(long Id, long IdsSkipped, string Present, string Extra, string Data)
{
    /// <summary>Whether no heap has left anything in it.</summary>
    public bool IsEmpty => (Present + Extra + Data).All(digit => digit == '0');
}
