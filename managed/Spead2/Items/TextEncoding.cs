// SPDX-License-Identifier: MIT

namespace Spead2;

/// <summary>How a text was sent. SPEAD texts are ASCII; senders know more than that.</summary>
public enum TextEncoding
{
    /// <summary>ASCII.</summary>
    Ascii,

    /// <summary>UTF-8 with characters that ASCII does not have.</summary>
    Utf8,

    /// <summary>Neither: it has been taken as Latin-1, in which every byte is a character.</summary>
    Latin1,
}
