// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Top;

/// <summary>A packet source in a statistics page.</summary>
internal sealed record PageSource(string Name, long Packets, long Bytes, long KernelDrops);
