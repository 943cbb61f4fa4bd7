// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;

namespace Spead2.Testing.Engines;

/// <summary>An exception that fails when it is asked what it is.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Only tests throw it.")]
internal sealed class WordlessException : Exception
{
    public override string Message => throw new WordlessException();

    public override string ToString() => throw new WordlessException();
}
