// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>How a reader's turn ended.</summary>
internal enum ReaderTurn
{
    /// <summary>Its source has nothing more now, and will call.</summary>
    Wait,

    /// <summary>There is more: others first, then this reader again.</summary>
    More,

    /// <summary>The ring is full: go on when the consumer has made room.</summary>
    Blocked,

    /// <summary>The source has ended, or the stream has stopped.</summary>
    End,
}
