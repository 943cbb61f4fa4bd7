// SPDX-License-Identifier: MIT

namespace Spead2.Receive.Pages;

/// <summary>A stream as its statistics page shows it.</summary>
internal interface IPublishedStream
{
    /// <summary>What people call it.</summary>
    string Name { get; }

    /// <summary>Whether it has stopped and its heaps have been taken, or it has been disposed.</summary>
    bool HasEnded { get; }

    /// <summary>The sources that were added since it was published, and have not been removed.</summary>
    IReadOnlyList<PacketSource> Sources { get; }

    /// <summary>Its statistics and ring; null if it has gone.</summary>
    PublishedReading? ReadForPage();
}
