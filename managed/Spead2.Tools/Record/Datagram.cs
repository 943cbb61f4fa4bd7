// SPDX-License-Identifier: MIT

using Spead2.Managed;

namespace Spead2.Tools.Record;

/// <summary>What is known of a datagram beside its bytes.</summary>
/// <param name="From">Who sent it.</param>
/// <param name="To">To whom, of the same family.</param>
/// <param name="TimeNs">Nanoseconds since 1970 at which it arrived.</param>
internal readonly record struct Datagram(SenderAddress From, SenderAddress To, long TimeNs);
