// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Output;

/// <summary>What a text that is shown means, which its colour tells.</summary>
internal enum Tone
{
    /// <summary>Nothing in particular.</summary>
    Plain,

    /// <summary>All is well.</summary>
    Good,

    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>Something is wrong.</summary>
    Bad,
}
