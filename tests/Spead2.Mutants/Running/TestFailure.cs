// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Running;

/// <summary>Tests that a mutant was noticed by.</summary>
/// <param name="Unit">The tests.</param>
/// <param name="How">What happened: the test that failed, a timeout, or a crash.</param>
/// <param name="IsCrash">Whether the program ended in a way that no test does.</param>
internal sealed record TestFailure(TestUnit Unit, string How, bool IsCrash = false)
{
    /// <summary>What <see cref="How"/> says of tests that take too long.</summary>
    public const string Timeout = "timeout";

    public bool IsTimeout => How == Timeout;
}
