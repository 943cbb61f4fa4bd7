// SPDX-License-Identifier: MIT

namespace Spead2.Tools;

/// <summary>What the process's exit code means.</summary>
internal static class ExitCode
{
    /// <summary>The command did what it was asked.</summary>
    public const int Success = 0;

    /// <summary>
    /// Heaps have the wrong content, or are not as many as expected; with --fail-on-loss, something is lost.
    /// </summary>
    public const int Failure = 1;

    /// <summary>The command cannot do what the user asks; one sentence on standard error says why.</summary>
    public const int UserError = 2;

    /// <summary>No packet arrived.</summary>
    public const int NothingArrived = 3;

    /// <summary>The same for the manual page.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Meanings { get; } =
    [
        (Success, "The command did what it was asked; of a receiver also if something was lost, which it says."),
        (Failure, "Heaps have the wrong content, or are not as many as expected; with --fail-on-loss, something is lost."),
        (UserError, "The command cannot do what the user asks; one sentence on standard error says why."),
        (NothingArrived, "No packet arrived."),
    ];
}
