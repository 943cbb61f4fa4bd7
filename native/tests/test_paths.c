/* SPDX-License-Identifier: MIT */
/*
 * The core has a short way for the next packet of a heap and a long way for all others. They must
 * not differ: random traces are received twice, as they are, and with the two reserved bytes of
 * each header at random, which nobody may look at (spec E16) but which keep a packet off the short
 * way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"

enum { TRACES = 400, MOST_PACKETS = 80, HEAP_BYTES = 600, HEAPS = 5, HEADER_BYTES = 40 };

/* What the packets of a trace have in common. */
typedef struct trace_style {
    bool unsized;     /* most do not say how long their heap is */
    uint64_t repeats; /* items that each packet of a heap repeats; 0: some packets have some */
    uint64_t special; /* identifier of an item after them: a further special one, or a stop item */
} trace_style;

static trace_style random_style(sp2_test_rng *rng) {
    static const uint64_t specials[] = {ITEM_HEAP_CNT, ITEM_HEAP_LENGTH, ITEM_PAYLOAD_OFFSET,
                                        ITEM_PAYLOAD_LENGTH, ITEM_STREAM_CTRL};
    enum { SPECIALS = sizeof(specials) / sizeof(specials[0]), MOST_REPEATED = 20 };
    trace_style style = {.unsized = sp2_test_below(rng, 4) == 0};
    style.repeats = sp2_test_below(rng, 2) == 0 ? sp2_test_below(rng, MOST_REPEATED) : 0;
    if (sp2_test_below(rng, 8) == 0) {
        style.special = specials[sp2_test_below(rng, SPECIALS)];
    }
    return style;
}

/* The same items as the heap's packet before has, but for a value now and then. */
static void add_repeated_items(packet_builder *packet, sp2_test_rng *rng, const trace_style *style,
                               uint64_t cnt) {
    const uint64_t other = sp2_test_below(rng, 20 * style->repeats);
    for (uint64_t i = 0; i < style->repeats; i++) {
        packet_add_immediate(packet, 0x2000 + i, i == other ? 1 : cnt);
    }
    packet_add_address(packet, 0x1000, cnt);
    if (style->special == ITEM_STREAM_CTRL) {
        packet_add_immediate(packet, style->special, STREAM_CTRL_STOP);
    } else if (style->special != 0) {
        packet_add_immediate(packet, style->special, cnt);
    }
}

/* One packet of one of a few heaps, mostly the next one in order. */
static void add_random_packet(datagram_list *list, sp2_test_rng *rng, const trace_style *style,
                              uint64_t *next_offset) {
    const uint64_t cnt = sp2_test_below(rng, HEAPS);
    uint64_t offset = next_offset[cnt];
    if (sp2_test_below(rng, 8) == 0) {
        offset = sp2_test_below(rng, HEAP_BYTES);
    }
    const uint64_t most = sp2_test_below(rng, 6) == 0 ? HEAP_BYTES : 150;
    const uint64_t rest = HEAP_BYTES - offset;
    const uint64_t length = sp2_test_below(rng, (rest < most ? rest : most) + 1);
    const bool is_unsized = (sp2_test_below(rng, 20) == 0) != style->unsized;
    const int64_t heap_length = is_unsized                     ? NO_HEAP_LENGTH
                                : sp2_test_below(rng, 30) == 0 ? HEAP_BYTES + 8
                                                               : HEAP_BYTES;
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, cnt);
    packet_builder packet;
    packet_begin_heap(&packet, sp2_test_below(rng, 40) == 0 ? 40 : 48, cnt, heap_length, offset,
                      length);
    if (style->repeats != 0) {
        add_repeated_items(&packet, rng, style, cnt);
    }
    for (uint64_t items = sp2_test_below(rng, 12); items > (style->repeats != 0 ? 11 : 9);
         items--) {
        packet_add_address(&packet, 0x1000 + items, sp2_test_below(rng, HEAP_BYTES + 20));
        packet_add_immediate(&packet, 0x2000, sp2_test_below(rng, 5));
    }
    packet_add_payload(&packet, payload + offset, length);
    next_offset[cnt] = offset + length >= HEAP_BYTES ? 0 : offset + length;
    /* Some are damaged, anywhere but in the reserved bytes. */
    if (sp2_test_below(rng, 10) == 0) {
        const uint64_t at =
            sp2_test_below(rng, packet.length < HEADER_BYTES ? packet.length : HEADER_BYTES);
        packet.bytes[at == 4 || at == 5 ? 6 : at] ^= (uint8_t)(1u << sp2_test_below(rng, 8));
    }
    datagrams_add_packet(list, &packet);
}

static datagram_list random_trace(sp2_test_rng *rng) {
    datagram_list list = {0};
    uint64_t next_offset[HEAPS] = {0};
    const trace_style style = random_style(rng);
    for (uint64_t i = sp2_test_below(rng, MOST_PACKETS); i < MOST_PACKETS; i++) {
        add_random_packet(&list, rng, &style, next_offset);
    }
    return list;
}

static datagram_list with_reserved_bytes(const datagram_list *list, sp2_test_rng *rng) {
    datagram_list copy = {0};
    for (size_t i = 0; i < list->count; i++) {
        uint8_t bytes[2048];
        const size_t length = (size_t)list->datagrams[i].length;
        REQUIRE(length >= 8 && length <= sizeof(bytes));
        memcpy(bytes, list->datagrams[i].data, length);
        bytes[4] = (uint8_t)(1 + sp2_test_below(rng, 255));
        bytes[5] = (uint8_t)i;
        datagrams_add(&copy, bytes, length);
    }
    return copy;
}

static bool check_same_trace(const datagram_list *list, sp2_test_rng *rng, uint32_t flags) {
    sp2_receive_options options = quiet_options(flags);
    options.max_heaps = 1 + sp2_test_below(rng, HEAPS);
    if (sp2_test_below(rng, 4) == 0) {
        options.max_heap_size = 1 + sp2_test_below(rng, HEAP_BYTES);
    }
    datagram_list disguised = with_reserved_bytes(list, rng);
    sp2_receive_stats stats[2];
    heap_list heaps[2] = {receive(&options, list, &stats[0]),
                          receive(&options, &disguised, &stats[1])};
    /* A full ring depends on the consumer. */
    stats[0].worker_blocked = stats[1].worker_blocked;
    bool same =
        CHECK_MEM(&stats[0], &stats[1], sizeof(stats[0])) && check_same_heaps(&heaps[0], &heaps[1]);
    heaps_free(&heaps[0]);
    heaps_free(&heaps[1]);
    datagrams_free(&disguised);
    return same;
}

SP2_TEST(Short_and_long_way_give_the_same) {
    static const uint32_t orders[] = {0, SP2_RECEIVE_IN_ORDER, SP2_RECEIVE_NO_UNSIZED_HEAPS};
    sp2_test_rng rng = sp2_test_random();
    bool same = true;
    for (int trace = 0; same && trace < TRACES; trace++) {
        sp2_test_context("trace %d", trace);
        datagram_list list = random_trace(&rng);
        same = check_same_trace(&list, &rng,
                                orders[trace % 3] | SP2_RECEIVE_DELIVER_INCOMPLETE |
                                    SP2_RECEIVE_KEEP_RANGES | SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD);
        datagrams_free(&list);
    }
}
