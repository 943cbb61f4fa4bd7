// SPDX-License-Identifier: MIT

namespace Spead2.Receive;

/// <summary>
/// A user-supplied statistic, which a stream keeps with its others. It is brought up to date by
/// <see cref="IReceiveStream.UpdateStatistic(int, long)"/>, or by a <see cref="MemoryAllocator"/> or
/// <see cref="PacketCopier"/> through <see cref="PacketHeader.CustomStatistics"/>.
/// </summary>
/// <param name="Name">Not empty, and no other statistic's name.</param>
/// <param name="Mode">How values are combined.</param>
public sealed record CustomStatistic(string Name, StatisticMode Mode = StatisticMode.Counter);
