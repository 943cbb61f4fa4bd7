// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>What stands at the start of a window of a capture.</summary>
internal enum CaptureEvent
{
    /// <summary>A frame.</summary>
    Frame,

    /// <summary>Something else, to be passed over.</summary>
    Other,

    /// <summary>A frame whose end was not captured.</summary>
    Truncated,

    /// <summary>A record that is longer than is looked at.</summary>
    TooLong,

    /// <summary>A frame of an interface that is not known.</summary>
    NoInterface,

    /// <summary>The window ends within the record.</summary>
    More,

    /// <summary>Neither: nothing after this can be read.</summary>
    Damaged,
}
