// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>What an engine's ring has to give.</summary>
internal enum ReadResult
{
    /// <summary>An item, for example a heap.</summary>
    Item,

    /// <summary>Nothing yet.</summary>
    Empty,

    /// <summary>Nothing, for good.</summary>
    Stopped,
}
