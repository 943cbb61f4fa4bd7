// SPDX-License-Identifier: MIT

using Spead2.Receive;
using Spead2.Testing.Vectors;

namespace Spead2.Testing.Engines;

/// <summary>The options of a vector as those of a receive stream.</summary>
internal static class StreamOptions
{
    public static ReceiveStreamOptions Of(Vector vector)
    {
        Dictionary<string, int?> given = new(vector.Options);
        return new()
        {
            KeyedSearch = false,
            AllowOutOfOrder = !vector.InOrder,
            AllowUnsizedHeaps = !given.Remove("no_unsized_heaps"),
            StopOnStopItem = !given.Remove("ignore_stop_item"),
            ContiguousOnly = !given.Remove("deliver_incomplete"),
            IncompleteKeepPayloadRanges = given.Remove("keep_ranges"),
            IncompleteKeepPayload = given.Remove("keep_incomplete_payload"),
            MaxHeaps = given.Remove("max_heaps", out int? maxHeaps)
                ? maxHeaps!.Value
                : ReceiveStreamOptions.DefaultMaxHeaps,
            BugCompat = given.Remove("bug_compat", out int? bugCompat) ? (BugCompat)bugCompat!.Value : BugCompat.None,
            Substreams = given.Count == 0 ? 1 : throw new FormatException($"Unknown option {given.First().Key}."),
        };
    }
}
