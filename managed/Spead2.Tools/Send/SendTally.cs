// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Send;

/// <summary>What was sent. The stop heap's packet is not among the heaps.</summary>
internal readonly record struct SendTally(long Heaps, long Packets, long Bytes, TimeSpan Time);
