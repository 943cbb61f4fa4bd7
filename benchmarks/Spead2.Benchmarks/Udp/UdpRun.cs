// SPDX-License-Identifier: MIT

namespace Spead2.Benchmarks.Udp;

/// <summary>What one run gave.</summary>
/// <param name="Packets">Packets that were sent.</param>
/// <param name="Lost">Those of them that were not received.</param>
/// <param name="SentGigabits">Gigabits of packets that were sent per second.</param>
/// <param name="CpuSecondsPerGB">Processor time of the receiving thread for 10⁹ bytes of payload.</param>
internal readonly record struct UdpRun(long Packets, long Lost, double SentGigabits, double CpuSecondsPerGB);
