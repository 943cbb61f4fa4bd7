// SPDX-License-Identifier: MIT

namespace Spead2.Tools;

/// <summary>What the process's exit code means.</summary>
internal static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Success = 0;

    /// <summary>Heaps are missing or have the wrong content.</summary>
    public const int Failure = 1;

    /// <summary>The command cannot do what the user asks; one sentence on standard error says why.</summary>
    public const int UserError = 2;
}
