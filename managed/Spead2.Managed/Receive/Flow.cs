// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Whether a reader may hand over further packets.</summary>
internal enum Flow
{
    On,

    /// <summary>Not before the consumer has made room.</summary>
    Full,

    /// <summary>Never.</summary>
    Ended,
}
