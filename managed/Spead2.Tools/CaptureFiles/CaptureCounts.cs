// SPDX-License-Identifier: MIT

namespace Spead2.Tools.CaptureFiles;

/// <summary>What a capture says of itself.</summary>
/// <param name="Received">Datagrams that had arrived.</param>
/// <param name="Dropped">Datagrams that are known not to be in it.</param>
internal readonly record struct CaptureCounts(long Received, long Dropped);
