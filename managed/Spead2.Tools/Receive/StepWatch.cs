// SPDX-License-Identifier: MIT

using System.Globalization;
using Spead2.Receive;

namespace Spead2.Tools.Receive;

/// <summary>
/// Whether the heap cnts of a stream go on by another step from some heap on, which counts as loss where it is a multiple of the
/// one before, and else has no place in the sequence.
/// </summary>
internal sealed class StepWatch
{
    // Heaps in a row that are as far apart: chance does not make so many.
    private const int Run = 64;

    // Others are those of cnts that fall.
    private const ulong LargestStep = ReceiveStreamOptions.LargestCntStep;

    private ulong? _last;
    private ulong _step;
    private int _count;
    private ulong _before;

    /// <summary>What has changed, in words; null if nothing has.</summary>
    public string? Change { get; private set; }

    /// <summary>A heap that was delivered.</summary>
    public void Add(ulong cnt)
    {
        ulong step = cnt - _last.GetValueOrDefault(cnt);
        _count = step == _step ? _count + 1 : 1;
        (_last, _step) = (cnt, step);
        if (_count != Run || step is 0 or > LargestStep)
        {
            return;
        }

        if (_before != 0 && step != _before)
        {
            Change = string.Create(
                CultureInfo.InvariantCulture,
                $"From heap {cnt - (step * Run)} on cnts are {step} apart, not {_before}: has the sender's step changed? A receiver "
                + $"that begins now learns it.");
        }

        _before = step;
    }
}
