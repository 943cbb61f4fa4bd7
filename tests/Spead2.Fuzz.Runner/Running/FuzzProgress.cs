// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Runner.Running;

/// <summary>What a target has done so far. Parts of it run one after the other.</summary>
internal sealed class FuzzProgress(FuzzTarget target)
{
    /// <summary>The target.</summary>
    public FuzzTarget Target => target;

    /// <summary>How many inputs it has run.</summary>
    public long Executions { get; private set; }

    /// <summary>How many of them reached new code.</summary>
    public long NewInputs { get; private set; }

    /// <summary>For how long it has run.</summary>
    public double Seconds { get; set; }

    /// <summary>Takes in a line of the fuzzer, which has begun when there were this many executions.</summary>
    public void Add(FuzzerLine line, long before)
    {
        if (line.RunningCount is long count)
        {
            Executions = Math.Max(Executions, before + count);
        }
        else if (line.FinalCount is long sum)
        {
            Executions = before + sum;
        }
        else if (line.NewInputs is long added)
        {
            NewInputs += added;
        }
    }
}
