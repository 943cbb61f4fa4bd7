/* SPDX-License-Identifier: MIT */
#include "heap_checks.h"

#include <string.h>

#include "fuzz.h"

static sp2_heap_info info_of(const sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    FUZZ_CHECK(sp2_heap_get_info(heap, &info) == SP2_OK);
    return info;
}

static const sp2_range *ranges_of(const sp2_heap *heap, uint64_t *count) {
    const sp2_range *ranges;
    FUZZ_CHECK(sp2_heap_get_ranges(heap, &ranges, count) == SP2_OK);
    return ranges;
}

static const sp2_item *items_of(const sp2_heap *heap, uint64_t *count) {
    const sp2_item *items;
    FUZZ_CHECK(sp2_heap_get_items(heap, &items, count) == SP2_OK);
    return items;
}

/* Reads every byte, for the sanitizers. */
static void read_bytes(const uint8_t *bytes, uint64_t length) {
    static volatile uint8_t sink;
    uint8_t sum = 0;
    for (uint64_t i = 0; i < length; i++) {
        sum ^= bytes[i];
    }
    sink = sum;
    (void)sink;
}

static void check_item(const sp2_heap_info *info, const sp2_item *item) {
    FUZZ_CHECK(item->id != 0 && item->id >> (63 - info->address_bits) == 0);
    FUZZ_CHECK(item->length != 0 && item->reserved == 0);
    FUZZ_CHECK(item->id > 4 || !(item->flags & SP2_ITEM_IMMEDIATE));
    if (item->flags & SP2_ITEM_IMMEDIATE) {
        FUZZ_CHECK(item->length == info->address_bits / 8);
        fuzz_input value = {item->data, (size_t)item->length};
        FUZZ_CHECK(fuzz_take_number(&value, (size_t)item->length) == item->value);
    } else {
        FUZZ_CHECK(info->flags & SP2_HEAP_CONTIGUOUS);
        FUZZ_CHECK(item->value < info->payload_length);
        FUZZ_CHECK(item->length <= info->payload_length - item->value);
        FUZZ_CHECK(item->data == info->payload + item->value);
    }
}

static void check_items(const sp2_heap *heap, const sp2_heap_info *info) {
    uint64_t count;
    const sp2_item *items = items_of(heap, &count);
    FUZZ_CHECK(count == info->item_count && (items == NULL) == (count == 0));
    for (uint64_t i = 0; i < count; i++) {
        check_item(info, &items[i]);
        if (i > 0) {
            const uint32_t mode = items[i].flags & SP2_ITEM_IMMEDIATE;
            const uint32_t mode_before = items[i - 1].flags & SP2_ITEM_IMMEDIATE;
            FUZZ_CHECK(mode_before <= mode);
            FUZZ_CHECK(mode_before != mode || items[i - 1].value <= items[i].value);
            /* Addressed items do not overlap. */
            FUZZ_CHECK(mode || items[i - 1].value + items[i - 1].length <= items[i].value);
        }
    }
}

static void check_ranges(const sp2_heap *heap, const sp2_heap_info *info,
                         const sp2_receive_options *options) {
    uint64_t count;
    const sp2_range *ranges = ranges_of(heap, &count);
    FUZZ_CHECK(count == info->range_count && (ranges == NULL) == (count == 0));
    FUZZ_CHECK(count == 0 || (options->flags & SP2_RECEIVE_KEEP_RANGES));
    FUZZ_CHECK(count == 0 || !(info->flags & SP2_HEAP_CONTIGUOUS));
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        FUZZ_CHECK(ranges[i].start <= ranges[i].end && ranges[i].end <= options->max_heap_size);
        FUZZ_CHECK(i == 0 || ranges[i - 1].end <= ranges[i].start);
        sum += ranges[i].end - ranges[i].start;
        /* A packet without payload may have been behind everything that was received. */
        if (info->payload != NULL && ranges[i].start != ranges[i].end) {
            FUZZ_CHECK(ranges[i].end <= info->payload_length);
            read_bytes(info->payload + ranges[i].start, ranges[i].end - ranges[i].start);
        }
    }
    FUZZ_CHECK(count == 0 || sum == info->received_length);
}

void fuzz_check_heap(const sp2_heap *heap, const sp2_receive_options *options) {
    const sp2_heap_info info = info_of(heap);
    FUZZ_CHECK(info.address_bits >= 8 && info.address_bits <= 56 && info.address_bits % 8 == 0);
    FUZZ_CHECK(info.bug_compat == options->bug_compat);
    FUZZ_CHECK((info.payload == NULL) == (info.payload_length == 0));
    FUZZ_CHECK(info.received_length <= options->max_heap_size);
    FUZZ_CHECK(info.payload_length <= options->max_heap_size);
    if (info.flags & SP2_HEAP_COMPLETE) {
        FUZZ_CHECK(info.flags & SP2_HEAP_CONTIGUOUS);
        FUZZ_CHECK((uint64_t)info.heap_length == info.received_length);
    }
    if (info.flags & SP2_HEAP_CONTIGUOUS) {
        FUZZ_CHECK(info.payload_length == info.received_length);
        read_bytes(info.payload, info.payload_length);
    } else {
        FUZZ_CHECK(options->flags & SP2_RECEIVE_DELIVER_INCOMPLETE);
        FUZZ_CHECK(info.payload == NULL || (options->flags & SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD));
    }
    const sp2_descriptor *descriptors;
    uint64_t count;
    FUZZ_CHECK(sp2_heap_get_descriptors(heap, &descriptors, &count) == SP2_OK);
    check_items(heap, &info);
    check_ranges(heap, &info, options);
}

static void check_same_bytes(const uint8_t *a, const uint8_t *b, uint64_t length) {
    FUZZ_CHECK(length == 0 || memcmp(a, b, (size_t)length) == 0);
}

void fuzz_check_same_heap(const sp2_heap *a, const sp2_heap *b) {
    const sp2_heap_info x = info_of(a);
    const sp2_heap_info y = info_of(b);
    FUZZ_CHECK(x.cnt == y.cnt && x.flags == y.flags && x.heap_length == y.heap_length);
    FUZZ_CHECK(x.received_length == y.received_length && x.address_bits == y.address_bits);
    FUZZ_CHECK(x.payload_length == y.payload_length && x.item_count == y.item_count);
    FUZZ_CHECK(x.range_count == y.range_count);
    uint64_t count;
    const sp2_range *ranges = ranges_of(a, &count);
    check_same_bytes((const uint8_t *)ranges, (const uint8_t *)ranges_of(b, &count),
                     count * sizeof(*ranges));
    for (uint64_t i = 0; i < count && x.payload != NULL; i++) {
        if (ranges[i].start != ranges[i].end) {
            check_same_bytes(x.payload + ranges[i].start, y.payload + ranges[i].start,
                             ranges[i].end - ranges[i].start);
        }
    }
    if (x.flags & SP2_HEAP_CONTIGUOUS) {
        check_same_bytes(x.payload, y.payload, x.payload_length);
    }
    const sp2_item *items = items_of(a, &count);
    const sp2_item *others = items_of(b, &count);
    for (uint64_t i = 0; i < count; i++) {
        FUZZ_CHECK(items[i].wire == others[i].wire && items[i].length == others[i].length);
    }
}

void fuzz_check_no_memory(void) {
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    FUZZ_CHECK(sp2_memory_get_stats(&memory) == SP2_OK);
    FUZZ_CHECK(memory.used_bytes == 0);
    FUZZ_CHECK(sp2_memory_trim() == SP2_OK);
    FUZZ_CHECK(sp2_memory_get_stats(&memory) == SP2_OK);
    FUZZ_CHECK(memory.cached_bytes == 0);
}

void fuzz_count_heap(fuzz_popped *popped, const sp2_heap *heap) {
    const sp2_heap_info info = info_of(heap);
    popped->heaps++;
    popped->complete += (info.flags & SP2_HEAP_COMPLETE) != 0;
    popped->incomplete += !(info.flags & SP2_HEAP_CONTIGUOUS);
}

void fuzz_check_stats(const sp2_receive_stats *stats, const fuzz_popped *popped, bool all) {
    const uint64_t not_complete = stats->incomplete_heaps_evicted + stats->incomplete_heaps_flushed;
    FUZZ_CHECK(stats->packets ==
               stats->packets_accepted + stats->rejected_unsized + stats->rejected_length +
                   stats->rejected_flavour + stats->rejected_order + stats->rejected_duplicate +
                   stats->rejected_overlap + stats->too_large + stats->allocation_failed);
    FUZZ_CHECK(stats->max_batch <= stats->packets);
    FUZZ_CHECK(stats->single_packet_heaps <= stats->packets);
    FUZZ_CHECK(stats->heaps + stats->stop_heaps <= stats->packets_accepted);
    FUZZ_CHECK(not_complete <= stats->heaps);
    FUZZ_CHECK(stats->heaps_dropped_at_stop <= stats->incomplete_heaps_flushed);
    const uint64_t delivered =
        stats->heaps - stats->incomplete_heaps_dropped - stats->heaps_dropped_at_stop;
    FUZZ_CHECK(popped->heaps <= delivered);
    if (all) {
        FUZZ_CHECK(popped->heaps == delivered);
        FUZZ_CHECK(popped->complete == stats->heaps - not_complete);
    }
}
