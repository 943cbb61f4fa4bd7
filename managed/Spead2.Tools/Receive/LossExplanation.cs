// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Receive;

/// <summary>What a statistic that should be zero means, and what helps.</summary>
internal static class LossExplanation
{
    private static readonly Dictionary<string, string> Texts = new()
    {
        ["incomplete_heaps_evicted"] =
            "Heaps pushed out by newer ones before all of their packets came. Packets were lost, or heaps overlap in "
            + "time more than --max-heaps allows.",
        ["incomplete_heaps_flushed"] =
            "Heaps that were still under assembly when the stream ended: packets are missing, or the heap has no "
            + "length.",
        ["worker_blocked"] =
            "Times that a finished heap found the ring full: the consumer is too slow. Raising --ring-heaps "
            + "helps against bursts.",
        ["rejected_unsized"] = "Packets without a heap length, which --no-unsized-heaps refuses.",
        ["rejected_length"] = "Packets whose heap length contradicts an earlier packet of the heap.",
        ["rejected_flavour"] = "Packets of another flavour than the first packet of their heap.",
        ["rejected_order"] = "Packets out of order, which --in-order refuses.",
        ["rejected_duplicate"] =
            "Packets whose payload had already come: sent twice, or by two senders that use the same heap cnts.",
        ["rejected_overlap"] = "Packets of whose payload a part had already come.",
        ["too_large"] = "Packets of heaps that are larger than --max-heap-size, have too many parts, or a gap over --max-unsized-gap.",
        ["allocation_failed"] = "Packets for whose heap there was no memory.",
        ["malformed"] = "Datagrams or bytes that are not a SPEAD packet.",
        ["malformed_size"] = "Malformed ones shorter than a packet header.",
        ["malformed_magic"] = "Malformed ones without the magic number and version.",
        ["malformed_flavour"] = "Malformed ones with an identifier or address width of 0.",
        ["malformed_widths"] = "Malformed ones with widths that do not add up to 8 bytes.",
        ["malformed_item_table"] = "Malformed ones with more item pointers than fit into them.",
        ["malformed_item_missing"] = "Malformed ones without HEAP_CNT, PAYLOAD_OFFSET or PAYLOAD_LENGTH.",
        ["malformed_payload"] = "Malformed ones with more payload than fits into them.",
        ["malformed_beyond_heap"] = "Malformed ones with payload that ends beyond its heap.",
        ["size_mismatch"] = "Datagrams that are longer than the packet in them.",
        ["truncated"] = "Datagrams, or packets of TCP, larger than --max-size.",
        ["empty"] = "Datagrams without a byte.",
        ["kernel_drop_messages"] =
            "Messages that the kernel dropped (each a datagram, or several coalesced ones): because the socket's buffer was "
            + "full (raise --buffer-size and the system's limit, or send more slowly), a checksum was wrong, or a filter refused them.",
        ["incomplete_heaps_dropped"] = "Incomplete heaps that were not delivered; --incomplete shows them.",
        ["heaps_dropped_at_stop"] = "Heaps under assembly when receiving was stopped.",
        ["packets_missing"] = "Packets that incomplete heaps lacked.",
        ["bytes_missing"] = "Payload bytes that incomplete heaps lacked.",
        ["heaps_missing"] = "Heaps of which nothing arrived, by the cnts or the items of those that did.",
        ["heaps_late"] = "Heaps that came so late that they may have counted as missing.",
        ["heaps_duplicate"] = "Heaps whose cnt had come before: sent twice, or the rest of a heap that was pushed out.",
        ["heaps_unplaced"] =
            "Heaps whose cnt or item has no place in a sequence: several senders with cnts of their own, too few heaps to tell, or "
            + "no item of --count-item and --set-item.",
        ["max_heaps_needed"] =
            "More heaps were under way than --max-heaps: with this number of them none would have been pushed out too early.",
        ["heaps_mixed"] = "Heaps with packets of several senders, or with the cnt of one that another sender had sent.",
        ["heaps_uncertain"] =
            "Heaps that may be missing: other values of --set-item had them at the beginning or end, when they were perhaps not sent.",
        ["heaps_contradictory"] =
            "Heaps of which two packets gave an item different values: perhaps two senders use the same heap cnts.",
        ["too_old_heaps"] = "Heaps that came when their chunk had left the window: late, or the window is too small.",
        ["rejected_heaps"] = "Heaps without a place in a chunk.",
        ["bad_length_heaps"] = "Heaps without a place in a chunk: of another length than its layout expects.",
        ["missing_item_heaps"] = "Heaps without a place in a chunk: an item of its layout is not in their first packet.",
        ["bad_timestamp_heaps"] = "Heaps without a place in a chunk: their timestamp is off the step of its layout.",
        ["out_of_range_heaps"] = "Heaps without a place in a chunk: an item has a value that its layout does not have.",
        ["out_of_bounds_heaps"] = "Heaps without a place in a chunk: their place is beyond it.",
        ["sender_restarts"] = "Times that the cnts, or what --count-item counts by, began again.",
        ["datagrams_dropped_at_stop"] = "Datagrams that had come, but were not used, when receiving was stopped.",
    };

    /// <summary>Names of the statistics that have an explanation.</summary>
    public static IEnumerable<string> Statistics => Texts.Keys;

    /// <summary>The explanation, or null where nothing is wrong if the statistic is not zero.</summary>
    /// <param name="statistic">Name of the statistic.</param>
    /// <param name="dialect">Name of a dialect that takes what was refused; null if there is none.</param>
    public static string? Of(string statistic, string? dialect = null) =>
        Texts.GetValueOrDefault(statistic) is not { } text ? null
        : dialect is not null && statistic is ("malformed" or "size_mismatch") ? $"{text} {Advice(dialect)}"
        : text;

    /// <summary>What to do about packets of a dialect.</summary>
    public static string Advice(string dialect) => $"They look like {dialect}: receive with --dialect {dialect}.";
}
