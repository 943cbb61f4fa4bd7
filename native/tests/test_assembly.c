/* SPDX-License-Identifier: MIT */
/* How packets become heaps: order, gaps, duplicates, lengths, slots, substreams, limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loopback.h"

enum {
    DELIVER_ALL = SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_RANGES |
                  SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD
};

/* Adds the bytes [start, end) of a filled heap as a packet. */
static void add_range(datagram_list *list, uint64_t cnt, int64_t heap_length, uint64_t start,
                      uint64_t end) {
    uint8_t *payload = new_payload(end, cnt);
    datagrams_add_part(list, 48, cnt, heap_length, payload, start, end - start);
    free(payload);
}

static void add_filled_heap(datagram_list *list, uint64_t cnt, uint64_t length, uint64_t packet) {
    uint8_t *payload = new_payload(length, cnt);
    datagrams_add_heap(list, cnt, payload, length, packet);
    free(payload);
}

static void shuffle(datagram_list *list, size_t first, size_t end, sp2_test_rng *random) {
    for (size_t i = end - 1; i > first; i--) {
        datagrams_swap(list, i, first + (size_t)sp2_test_below(random, i - first + 1));
    }
}

/* Checks an incomplete heap: its ranges and the bytes in them. */
static void check_incomplete(const sp2_heap *heap, uint64_t cnt, int64_t length,
                             const sp2_range *expected, uint64_t expected_count) {
    const sp2_heap_info info = info_of(heap);
    CHECK_EQ_U64(info.cnt, cnt);
    CHECK_EQ_U64(info.flags & (SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS), 0);
    CHECK_EQ_I64(info.heap_length, length);
    const sp2_range *ranges;
    uint64_t count;
    REQUIRE_OK(sp2_heap_get_ranges(heap, &ranges, &count));
    uint64_t received = 0;
    uint64_t end = 0;
    uint64_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (ranges[i].start == ranges[i].end) {
            continue; /* the place of a packet without payload */
        }
        if (!CHECK(at < expected_count)) {
            return;
        }
        CHECK_EQ_U64(ranges[i].start, expected[at].start);
        CHECK_EQ_U64(ranges[i].end, expected[at].end);
        received += expected[at].end - expected[at].start;
        end = expected[at].end;
        at++;
    }
    CHECK_EQ_U64(at, expected_count);
    CHECK_EQ_U64(info.received_length, received);
    if (!CHECK_EQ_U64(info.payload_length, end)) {
        return;
    }
    uint8_t *payload = new_payload(end, cnt);
    for (uint64_t i = 0; i < expected_count; i++) {
        CHECK_MEM(info.payload + expected[i].start, payload + expected[i].start,
                  (size_t)(expected[i].end - expected[i].start));
    }
    free(payload);
}

#define RANGES(...)                                                                                \
    (const sp2_range[]){__VA_ARGS__}, sizeof((const sp2_range[]){__VA_ARGS__}) / sizeof(sp2_range)

SP2_TEST(Packets_in_any_order_give_the_same_heap) {
    enum { LENGTH = 10007, PACKET = 100 };
    sp2_test_rng random = sp2_test_random();
    datagram_list list = {0};
    add_filled_heap(&list, 77, LENGTH, PACKET);
    for (int round = 0; round < 102; round++) {
        if (round == 1) {
            for (size_t i = 0; i < list.count / 2; i++) {
                datagrams_swap(&list, i, list.count - 1 - i);
            }
        } else if (round > 1) {
            shuffle(&list, 0, list.count, &random);
        }
        sp2_receive_stats stats;
        heap_list heaps = receive(NULL, &list, &stats);
        if (CHECK_EQ_U64(heaps.count, 1)) {
            check_filled_heap(heaps.heaps[0], 77, LENGTH);
        }
        CHECK_EQ_U64(stats.packets_accepted, list.count);
        CHECK_EQ_U64(stats.payload_bytes, LENGTH);
        heaps_free(&heaps);
    }
    datagrams_free(&list);
}

SP2_TEST(In_order_mode_takes_packets_in_order_only) {
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_IN_ORDER | DELIVER_ALL);
    datagram_list list = {0};
    add_range(&list, 1, 40, 0, 10);
    add_range(&list, 1, 40, 20, 30); /* ahead */
    add_range(&list, 1, 40, 0, 10);  /* behind */
    add_range(&list, 1, 40, 10, 20);
    add_range(&list, 2, 40, 10, 20); /* not the first of its heap */
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_incomplete(heaps.heaps[0], 1, 40, RANGES({0, 20}));
    }
    CHECK_EQ_U64(stats.rejected_order, 3);
    CHECK_EQ_U64(stats.packets_accepted, 2);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Interleaved_heaps_are_kept_apart) {
    enum { HEAPS = 16, LENGTH = 3000, PACKET = 250 };
    sp2_test_rng random = sp2_test_random();
    datagram_list list = {0};
    for (uint64_t cnt = 0; cnt < HEAPS; cnt++) {
        add_filled_heap(&list, cnt * 1024, LENGTH, PACKET);
    }
    shuffle(&list, 0, list.count, &random);
    sp2_receive_options options = quiet_options(0);
    options.max_heaps = HEAPS;
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    uint32_t seen = 0;
    if (CHECK_EQ_U64(heaps.count, HEAPS)) {
        for (uint64_t i = 0; i < HEAPS; i++) {
            const uint64_t cnt = info_of(heaps.heaps[i]).cnt;
            check_filled_heap(heaps.heaps[i], cnt, LENGTH);
            seen |= 1u << (cnt / 1024);
        }
    }
    CHECK_EQ_U64(seen, (1u << HEAPS) - 1);
    CHECK_EQ_U64(stats.packets_accepted, list.count);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Duplicates_are_counted_and_change_nothing) {
    enum { LENGTH = 1000, PACKET = 100, COPIES = 3 };
    sp2_test_rng random = sp2_test_random();
    datagram_list list = {0};
    /* The heap has a tenth packet, which comes last: no duplicate is late. */
    for (int copy = 0; copy < COPIES; copy++) {
        for (uint64_t start = 0; start < LENGTH - PACKET; start += PACKET) {
            add_range(&list, 5, LENGTH, start, start + PACKET);
        }
    }
    shuffle(&list, 0, list.count, &random);
    add_range(&list, 5, LENGTH, LENGTH - PACKET, LENGTH);
    sp2_receive_stats stats;
    heap_list heaps = receive(NULL, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_filled_heap(heaps.heaps[0], 5, LENGTH);
    }
    CHECK_EQ_U64(stats.packets_accepted, LENGTH / PACKET);
    CHECK_EQ_U64(stats.rejected_duplicate, (COPIES - 1) * (LENGTH / PACKET - 1));
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Overlap_with_a_later_range_is_a_partial_overlap) {
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    datagram_list list = {0};
    add_range(&list, 1, 100, 50, 60);
    add_range(&list, 1, 100, 45, 55); /* reaches into it */
    add_range(&list, 1, 100, 40, 70); /* covers it */
    add_range(&list, 1, 100, 55, 65); /* begins in it: counts as a duplicate */
    add_range(&list, 1, 100, 52, 58); /* within it */
    add_range(&list, 1, 100, 40, 50); /* ends at it: fine */
    add_range(&list, 1, 100, 60, 65); /* begins at its end: fine */
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_incomplete(heaps.heaps[0], 1, 100, RANGES({40, 65}));
    }
    CHECK_EQ_U64(stats.rejected_overlap, 2);
    CHECK_EQ_U64(stats.rejected_duplicate, 2);
    CHECK_EQ_U64(stats.packets_accepted, 3);
    CHECK_EQ_U64(stats.payload_bytes, 25);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Packet_without_payload_is_accepted_in_gaps_and_at_the_end_of_a_range) {
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    datagram_list list = {0};
    add_range(&list, 1, 100, 10, 20);
    add_range(&list, 1, 100, 20, 20); /* at the end: accepted */
    add_range(&list, 1, 100, 10, 10); /* at the start: inside, a duplicate */
    add_range(&list, 1, 100, 15, 15); /* inside: a duplicate */
    add_range(&list, 1, 100, 50, 50); /* in a gap: accepted, and a range of its own */
    add_range(&list, 1, 100, 50, 50); /* at the end of that one: accepted */
    add_range(&list, 1, 100, 45, 55); /* across it: a partial overlap */
    add_range(&list, 1, 100, 50, 55); /* from it on */
    add_range(&list, 1, 100, 0, 0);
    add_range(&list, 1, 100, 0, 10);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_incomplete(heaps.heaps[0], 1, 100, RANGES({0, 20}, {50, 55}));
    }
    CHECK_EQ_U64(stats.rejected_duplicate, 2);
    CHECK_EQ_U64(stats.rejected_overlap, 1);
    CHECK_EQ_U64(stats.packets_accepted, 7);
    heaps_free(&heaps);
    datagrams_free(&list);
}

/* The rule of received ranges, word for word, with a plain array. */
typedef struct naive_ranges {
    sp2_range ranges[1024];
    size_t count;
} naive_ranges;

typedef enum naive_verdict { NAIVE_ACCEPTED, NAIVE_OVERLAP, NAIVE_DUPLICATE } naive_verdict;

static naive_verdict naive_add(naive_ranges *naive, uint64_t first, uint64_t last) {
    sp2_range *r = naive->ranges;
    size_t next = 0;
    while (next < naive->count && r[next].start <= first) {
        next++;
    }
    if (next < naive->count && r[next].start < last) {
        return NAIVE_OVERLAP;
    }
    size_t changed;
    if (next == 0 || r[next - 1].end < first) {
        REQUIRE(naive->count < sizeof(naive->ranges) / sizeof(r[0]));
        memmove(&r[next + 1], &r[next], (naive->count - next) * sizeof(r[0]));
        r[next] = (sp2_range){first, last};
        naive->count++;
        changed = next;
    } else if (r[next - 1].end == first) {
        r[next - 1].end = last;
        changed = next - 1;
    } else {
        return NAIVE_DUPLICATE;
    }
    if (changed + 1 < naive->count && r[changed + 1].start == last) {
        r[changed].end = r[changed + 1].end;
        memmove(&r[changed + 1], &r[changed + 2], (naive->count - changed - 2) * sizeof(r[0]));
        naive->count--;
    }
    return NAIVE_ACCEPTED;
}

SP2_TEST(Random_ranges_agree_with_a_naive_model) {
    enum { LENGTH = 600, PACKETS = 120, ROUNDS = 300 };
    sp2_test_rng random = sp2_test_random();
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    for (int round = 0; round < ROUNDS; round++) {
        sp2_test_context("round %d", round);
        const uint64_t most = 1 + sp2_test_below(&random, 40);
        naive_ranges naive = {.count = 0};
        uint64_t verdicts[3] = {0};
        datagram_list list = {0};
        for (int i = 0; i < PACKETS; i++) {
            /* Never the last byte, so that the heap stays incomplete. */
            const uint64_t start = sp2_test_below(&random, LENGTH - most);
            const uint64_t end = start + sp2_test_below(&random, most);
            add_range(&list, 9, LENGTH, start, end);
            verdicts[naive_add(&naive, start, end)]++;
        }
        sp2_range expected[1024];
        size_t count = 0;
        for (size_t i = 0; i < naive.count; i++) {
            if (naive.ranges[i].start != naive.ranges[i].end) {
                expected[count++] = naive.ranges[i];
            }
        }
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        if (CHECK_EQ_U64(heaps.count, 1)) {
            check_incomplete(heaps.heaps[0], 9, LENGTH, expected, count);
        }
        CHECK_EQ_U64(stats.packets_accepted, verdicts[NAIVE_ACCEPTED]);
        CHECK_EQ_U64(stats.rejected_overlap, verdicts[NAIVE_OVERLAP]);
        CHECK_EQ_U64(stats.rejected_duplicate, verdicts[NAIVE_DUPLICATE]);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Many_ranges_are_kept_and_merge_in_the_end) {
    enum { RANGES_KEPT = 5000, BYTES = 3 };
    sp2_test_rng random = sp2_test_random();
    datagram_list list = {0};
    for (uint64_t i = 0; i < RANGES_KEPT; i++) {
        add_range(&list, 4, RANGES_KEPT * BYTES * 2, 2 * i * BYTES, (2 * i + 1) * BYTES);
    }
    shuffle(&list, 0, list.count, &random);
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    heap_list heaps = receive(&options, &list, NULL);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        sp2_range *expected = calloc(RANGES_KEPT, sizeof(*expected));
        REQUIRE(expected != NULL);
        for (uint64_t i = 0; i < RANGES_KEPT; i++) {
            expected[i] = (sp2_range){2 * i * BYTES, (2 * i + 1) * BYTES};
        }
        check_incomplete(heaps.heaps[0], 4, RANGES_KEPT * BYTES * 2, expected, RANGES_KEPT);
        free(expected);
    }
    heaps_free(&heaps);

    for (uint64_t i = 0; i < RANGES_KEPT; i++) {
        add_range(&list, 4, RANGES_KEPT * BYTES * 2, (2 * i + 1) * BYTES, (2 * i + 2) * BYTES);
    }
    shuffle(&list, RANGES_KEPT, list.count, &random);
    heaps = receive(&options, &list, NULL);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_filled_heap(heaps.heaps[0], 4, RANGES_KEPT * BYTES * 2);
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Heap_of_unknown_length_grows_and_arrives_at_the_end) {
    enum { LENGTH = 100000, PACKET = 999 };
    sp2_test_rng random = sp2_test_random();
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        datagram_list list = {0};
        for (uint64_t start = 0; start < LENGTH; start += PACKET) {
            const uint64_t end = start + PACKET < LENGTH ? start + PACKET : LENGTH;
            add_range(&list, 3, NO_HEAP_LENGTH, start, end);
        }
        if (shuffled) {
            shuffle(&list, 0, list.count, &random);
        }
        sp2_receive_stats stats;
        heap_list heaps = receive(NULL, &list, &stats);
        if (CHECK_EQ_U64(heaps.count, 1)) {
            const sp2_heap_info info = info_of(heaps.heaps[0]);
            CHECK_EQ_U64(info.flags, SP2_HEAP_CONTIGUOUS);
            CHECK_EQ_I64(info.heap_length, SP2_HEAP_LENGTH_UNKNOWN);
            if (CHECK_EQ_U64(info.payload_length, LENGTH)) {
                uint8_t *payload = new_payload(LENGTH, 3);
                CHECK_MEM(info.payload, payload, LENGTH);
                free(payload);
            }
        }
        CHECK_EQ_U64(stats.incomplete_heaps_flushed, 1);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Heap_of_unknown_length_with_a_gap_is_incomplete) {
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    datagram_list list = {0};
    add_range(&list, 3, NO_HEAP_LENGTH, 0, 10);
    add_range(&list, 3, NO_HEAP_LENGTH, 30, 40);
    add_range(&list, 3, NO_HEAP_LENGTH, 10, 20);
    heap_list heaps = receive(&options, &list, NULL);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_incomplete(heaps.heaps[0], 3, SP2_HEAP_LENGTH_UNKNOWN, RANGES({0, 20}, {30, 40}));
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Length_shorter_than_what_arrived_is_refused) {
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    datagram_list list = {0};
    add_range(&list, 3, NO_HEAP_LENGTH, 0, 20);
    add_range(&list, 3, 10, 0, 5);   /* less than the 20 bytes that are there */
    add_range(&list, 3, 30, 20, 25); /* fine */
    add_range(&list, 3, 40, 25, 30); /* not the 30 of before */
    add_range(&list, 3, NO_HEAP_LENGTH, 25, 30);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_filled_heap(heaps.heaps[0], 3, 30);
    }
    CHECK_EQ_U64(stats.rejected_length, 2);
    CHECK_EQ_U64(stats.packets_accepted, 3);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Payload_beyond_a_length_that_is_known_leaves_the_heap_incomplete) {
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    datagram_list list = {0};
    add_range(&list, 3, 20, 0, 10);
    add_range(&list, 3, NO_HEAP_LENGTH, 20, 30);
    add_range(&list, 3, 20, 10, 20); /* shorter than the 30 bytes that the heap must have by now */
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_incomplete(heaps.heaps[0], 3, 20, RANGES({0, 10}, {20, 30}));
    }
    CHECK_EQ_U64(stats.rejected_length, 1);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Incomplete_heaps_keep_only_what_was_asked_for) {
    static const uint32_t asked[] = {0, SP2_RECEIVE_KEEP_RANGES,
                                     SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD};
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 40, 8, 100, 10, 4);
    packet_add_immediate(&packet, 0x1234, 99);
    packet_add_address(&packet, 0x1235, 10);
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(&list, &packet);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        const sp2_receive_options options =
            quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE | asked[i]);
        heap_list heaps = receive(&options, &list, NULL);
        if (!CHECK_EQ_U64(heaps.count, 1)) {
            continue;
        }
        const sp2_heap_info info = info_of(heaps.heaps[0]);
        CHECK_EQ_U64(info.flags, 0);
        CHECK_EQ_U64(info.address_bits, 40);
        CHECK_EQ_I64(info.heap_length, 100);
        CHECK_EQ_U64(info.received_length, 4);
        CHECK_EQ_U64(info.range_count, asked[i] == SP2_RECEIVE_KEEP_RANGES ? 1 : 0);
        if (asked[i] == SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD) {
            CHECK_EQ_U64(info.payload_length, 14);
            CHECK_MEM(info.payload + 10, "abcd", 4);
        } else {
            CHECK(info.payload == NULL);
            CHECK_EQ_U64(info.payload_length, 0);
        }
        const sp2_item *items;
        uint64_t count;
        REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
        if (CHECK_EQ_U64(count, 1)) {
            CHECK_EQ_U64(items[0].id, 0x1234);
            CHECK_EQ_U64(items[0].value, 99);
        }
        heaps_free(&heaps);
    }
    datagrams_free(&list);
}

SP2_TEST(Heap_is_evicted_when_max_heaps_newer_ones_have_started) {
    for (uint64_t max_heaps = 1; max_heaps <= 5; max_heaps++) {
        sp2_test_context("max_heaps %d", (int)max_heaps);
        sp2_receive_options options = quiet_options(DELIVER_ALL);
        options.max_heaps = max_heaps;
        /* max_heaps - 1 newer heaps leave heap 100 alone; complete ones count. */
        datagram_list list = {0};
        add_range(&list, 100, 8, 0, 4);
        for (uint64_t cnt = 1; cnt < max_heaps; cnt++) {
            add_filled_heap(&list, cnt, 8, 8);
        }
        add_range(&list, 100, 8, 4, 8);
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        if (CHECK_EQ_U64(heaps.count, max_heaps)) {
            check_filled_heap(heaps.heaps[max_heaps - 1], 100, 8);
        }
        CHECK_EQ_U64(stats.incomplete_heaps_evicted, 0);
        heaps_free(&heaps);
        datagrams_free(&list);

        /* One more pushes it out, just before it is assembled itself. */
        add_range(&list, 100, 8, 0, 4);
        for (uint64_t cnt = 1; cnt <= max_heaps; cnt++) {
            add_filled_heap(&list, cnt, 8, 8);
        }
        heaps = receive(&options, &list, &stats);
        if (CHECK_EQ_U64(heaps.count, max_heaps + 1)) {
            check_incomplete(heaps.heaps[max_heaps - 1], 100, 8, RANGES({0, 4}));
            check_filled_heap(heaps.heaps[max_heaps], max_heaps, 8);
        }
        CHECK_EQ_U64(stats.incomplete_heaps_evicted, 1);
        CHECK_EQ_U64(stats.incomplete_heaps_flushed, 0);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

/* Adds the packets of a heap of 950 bytes, in which the first packet has 40, the other
 * thirteen have 70, but for the packets whose bit is set. */
static void add_heap_without(datagram_list *list, uint64_t cnt, uint32_t without) {
    enum { LENGTH = 950, FIRST = 40, PACKET = 70 };
    uint64_t start = 0;
    for (unsigned i = 0; start < LENGTH; i++) {
        const uint64_t end = i == 0 ? FIRST : start + PACKET < LENGTH ? start + PACKET : LENGTH;
        if (!(without >> i & 1)) {
            add_range(list, cnt, LENGTH, start, end);
        }
        start = end;
    }
}

SP2_TEST(Packets_and_bytes_missing_are_exact) {
    static const struct {
        uint32_t without;
        uint64_t packets;
        uint64_t bytes;
    } cases[] = {
        {0x0001, 1, 40},           /* the first */
        {0x2000, 1, 70},           /* the last */
        {0x0002, 1, 70},           /* the second */
        {0x0ff8, 9, 630},          /* one gap */
        {0x1555, 7, 40 + 6 * 70},  /* many gaps */
        {0x1fff, 13, 40 + 840},    /* all but the last: its heap knows no packet size */
        {0x3ffe, 13, 910},         /* all but the first: nor does this one */
        {0x1ffe, 12, 840},         /* all but both */
        {0x3fdf, 13, 40 + 12 * 70} /* all but one in the middle */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %d", (int)i);
        datagram_list list = {0};
        add_heap_without(&list, 1, 0);
        add_heap_without(&list, 2, cases[i].without);
        const sp2_receive_options options = quiet_options(0);
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        CHECK_EQ_U64(stats.incomplete_heaps_flushed, 1);
        CHECK_EQ_U64(stats.packets_missing, cases[i].packets);
        CHECK_EQ_U64(stats.bytes_missing, cases[i].bytes);
        CHECK_EQ_U64(stats.packets + stats.packets_missing, 28);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Heap_without_length_lacks_what_is_known_to_lie_behind_it) {
    datagram_list list = {0};
    add_range(&list, 1, NO_HEAP_LENGTH, 0, 10);
    add_range(&list, 1, NO_HEAP_LENGTH, 30, 40);
    add_range(&list, 2, NO_HEAP_LENGTH, 0, 10);
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    CHECK_EQ_U64(stats.packets_missing, 2);
    CHECK_EQ_U64(stats.bytes_missing, 20);
    heaps_free(&heaps);
    datagrams_free(&list);
}

/* Heaps of ten packets that take turns have a slot less than they need, so that each packet evicts
 * a heap. What comes later of an evicted heap is not missing. */
SP2_TEST(Packets_of_an_evicted_heap_that_come_later_are_not_missing) {
    enum { HEAPS = 5, PARTS = 10, PART = 100, LENGTH = PARTS * PART };
    static const struct {
        uint32_t without; /* packets of each heap */
        uint64_t packets;
    } cases[] = {{0, 0}, {0x200, 1}, {0x0f0, 4}, {0x001, 1}, {0x155, 5}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %d", (int)i);
        datagram_list list = {0};
        for (uint64_t part = 0; part < PARTS; part++) {
            for (uint64_t cnt = 1; cnt <= HEAPS && !(cases[i].without >> part & 1); cnt++) {
                add_range(&list, cnt, LENGTH, part * PART, (part + 1) * PART);
            }
        }
        sp2_receive_options options = quiet_options(0);
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        CHECK(stats.incomplete_heaps_evicted > HEAPS);
        CHECK_EQ_U64(stats.packets_missing, HEAPS * cases[i].packets);
        CHECK_EQ_U64(stats.bytes_missing, HEAPS * cases[i].packets * PART);
        CHECK_EQ_U64(stats.packets + stats.packets_missing, HEAPS * PARTS);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

/* What an evicted heap lacked is waited for as long as heaps are that may come late. */
SP2_TEST(Packets_of_an_evicted_heap_are_missing_after_a_while) {
    enum { LENGTH = 10, REST = 6 };
    for (uint64_t newer = SP2_RECEIVE_REORDER_HEAPS - 1; newer <= SP2_RECEIVE_REORDER_HEAPS;
         newer++) {
        datagram_list list = {0};
        add_range(&list, 1, LENGTH, 0, LENGTH - REST);
        add_range(&list, 2, LENGTH, 0, LENGTH); /* a heap of one packet evicts it */
        for (uint64_t cnt = 3; cnt < 3 + newer; cnt++) {
            add_range(&list, cnt, LENGTH, 0, LENGTH);
        }
        add_range(&list, 1, LENGTH, LENGTH - REST, LENGTH);
        sp2_receive_options options = quiet_options(0);
        options.max_heaps = 1;
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        CHECK_EQ_U64(stats.bytes_missing, newer < SP2_RECEIVE_REORDER_HEAPS ? 0 : REST);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

/* It is known while the stream goes on, and when more heaps are evicted than are remembered. */
SP2_TEST(What_evicted_heaps_lacked_is_known_while_the_stream_goes_on) {
    enum { LENGTH = 10, EVICTED = 3 * SP2_RECEIVE_EVICTED_HEAPS };
    datagram_list list = {0};
    sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    options.max_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    for (uint64_t cnt = 1; cnt <= EVICTED; cnt++) {
        add_range(&list, cnt, LENGTH, 0, LENGTH / 2);
    }
    const uint32_t port = open_loopback_source(stream);
    REQUIRE_OK(sp2_receive_stream_start(stream));
    test_socket sender = new_sender(AF_INET, port);
    for (size_t i = 0; i < list.count; i++) {
        const datagram_list one = {.datagrams = &list.datagrams[i], .count = 1};
        send_datagrams(sender, &one);
        if (i % 64 == 63) {
            WAIT_UNTIL(stats_of(stream).packets == i + 1, PATIENCE_SECONDS);
        }
    }
    WAIT_UNTIL(stats_of(stream).packets == EVICTED, PATIENCE_SECONDS);
    /* The heap under assembly, and those that began less than so many heaps ago. */
    CHECK_EQ_U64(stats_of(stream).packets_missing, EVICTED - 1 - SP2_RECEIVE_REORDER_HEAPS);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK_EQ_U64(stats_of(stream).packets_missing, EVICTED - 1);
    CHECK_EQ_U64(stats_of(stream).bytes_missing, (EVICTED - 1) * LENGTH / 2);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

/* The first one's substream begins no more heaps, so that the others wait for it until more heaps
 * have been evicted than are remembered. */
SP2_TEST(Lack_of_evicted_heaps_that_are_forgotten_is_counted) {
    enum { LENGTH = 10, OTHERS = 2 * SP2_RECEIVE_EVICTED_HEAPS };
    datagram_list list = {0};
    add_range(&list, 1, LENGTH, 0, 1);
    add_range(&list, 3, LENGTH, 0, 1);
    for (uint64_t i = 1; i <= OTHERS; i++) {
        add_range(&list, 2 * i, LENGTH, 0, 1);
    }
    sp2_receive_options options = quiet_options(0);
    options.max_heaps = 1;
    options.substreams = 2;
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    CHECK_EQ_U64(stats.bytes_missing, (OTHERS + 2) * (LENGTH - 1));
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Packet_that_is_not_used_evicts_nothing) {
    sp2_receive_options options = quiet_options(DELIVER_ALL | SP2_RECEIVE_NO_UNSIZED_HEAPS);
    options.max_heaps = 1;
    options.max_heap_size = 1000;
    datagram_list list = {0};
    add_range(&list, 1, 8, 0, 4);
    add_range(&list, 2, 1001, 0, 4);
    add_range(&list, 3, NO_HEAP_LENGTH, 0, 4);
    add_range(&list, 1, 8, 4, 8);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_filled_heap(heaps.heaps[0], 1, 8);
    }
    CHECK_EQ_U64(stats.incomplete_heaps_evicted, 0);
    CHECK_EQ_U64(stats.too_large, 1);
    CHECK_EQ_U64(stats.rejected_unsized, 1);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Substreams_have_slots_of_their_own) {
    sp2_receive_options options = quiet_options(DELIVER_ALL);
    options.max_heaps = 1;
    options.substreams = 2;
    datagram_list list = {0};
    add_range(&list, 11, 8, 0, 4); /* substream 1 */
    add_range(&list, 20, 8, 0, 4); /* substream 0 */
    add_range(&list, 22, 8, 0, 4); /* substream 0: evicts 20 */
    add_range(&list, 11, 8, 4, 8); /* still there */
    add_range(&list, 13, 8, 0, 4);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 4)) {
        check_incomplete(heaps.heaps[0], 20, 8, RANGES({0, 4}));
        check_filled_heap(heaps.heaps[1], 11, 8);
        /* Flushed substream by substream. */
        check_incomplete(heaps.heaps[2], 22, 8, RANGES({0, 4}));
        check_incomplete(heaps.heaps[3], 13, 8, RANGES({0, 4}));
    }
    CHECK_EQ_U64(stats.incomplete_heaps_evicted, 1);
    CHECK_EQ_U64(stats.incomplete_heaps_flushed, 2);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Flush_goes_from_the_oldest_slot_on) {
    static const uint64_t started[] = {9, 3, 7, 1, 8, 2};
    static const uint64_t left[] = {7, 1, 8, 2};
    datagram_list list = {0};
    for (size_t i = 0; i < sizeof(started) / sizeof(started[0]); i++) {
        add_range(&list, started[i], 8, 0, 4);
    }
    const sp2_receive_options options = quiet_options(DELIVER_ALL);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 6)) {
        CHECK_EQ_U64(info_of(heaps.heaps[0]).cnt, 9);
        CHECK_EQ_U64(info_of(heaps.heaps[1]).cnt, 3);
        for (size_t i = 0; i < 4; i++) {
            CHECK_EQ_U64(info_of(heaps.heaps[2 + i]).cnt, left[i]);
        }
    }
    CHECK_EQ_U64(stats.incomplete_heaps_evicted, 2);
    CHECK_EQ_U64(stats.incomplete_heaps_flushed, 4);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Largest_heap_is_a_limit_in_every_way) {
    sp2_receive_options options = quiet_options(DELIVER_ALL);
    options.max_heap_size = 1000;
    datagram_list list = {0};
    add_filled_heap(&list, 1, 1000, 100);            /* exactly that large */
    add_range(&list, 2, 1001, 0, 4);                 /* announced too large */
    add_filled_heap(&list, 3, 1001, 1001);           /* in one packet */
    add_range(&list, 4, NO_HEAP_LENGTH, 0, 4);       /* of unknown length */
    add_range(&list, 4, NO_HEAP_LENGTH, 996, 1000);  /* up to the limit */
    add_range(&list, 4, NO_HEAP_LENGTH, 1000, 1001); /* beyond it */
    add_range(&list, 4, 1001, 500, 501);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 2)) {
        check_filled_heap(heaps.heaps[0], 1, 1000);
        check_incomplete(heaps.heaps[1], 4, SP2_HEAP_LENGTH_UNKNOWN, RANGES({0, 4}, {996, 1000}));
    }
    CHECK_EQ_U64(stats.too_large, 4);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Enormous_heaps_are_refused_and_the_stream_goes_on) {
    const uint64_t largest = (UINT64_C(1) << 48) - 1;
    datagram_list list = {0};
    packet_builder packet;
    /* The offset alone is enormous. */
    packet_begin_heap(&packet, 48, 1, NO_HEAP_LENGTH, largest, 4);
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(&list, &packet);
    packet_begin_heap(&packet, 48, 2, (int64_t)largest, largest - 4, 4);
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(&list, &packet);
    packet_begin_heap(&packet, 56, 3, (INT64_C(1) << 56) - 1, 0, 4);
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(&list, &packet);
    for (uint64_t cnt = 10; cnt < 20; cnt++) {
        add_filled_heap(&list, cnt, 100, 30);
    }
    sp2_receive_stats stats;
    heap_list heaps = receive(NULL, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 10)) {
        for (uint64_t i = 0; i < 10; i++) {
            check_filled_heap(heaps.heaps[i], 10 + i, 100);
        }
    }
    CHECK_EQ_U64(stats.too_large, 3);
    CHECK_EQ_U64(stats.heaps, 10);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Heap_without_memory_is_refused_and_the_stream_goes_on) {
    sp2_receive_options options = quiet_options(0);
    options.max_heap_size = UINT64_MAX;
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 56, 3, INT64_C(1) << 55, 0, 4);
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(&list, &packet);
    add_filled_heap(&list, 4, 100, 30);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_filled_heap(heaps.heaps[0], 4, 100);
    }
    CHECK_EQ_U64(stats.allocation_failed, 1);
    CHECK_EQ_U64(stats.heaps, 1);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Item_pointers_of_all_packets_are_collected_once) {
    /* 3 packets, each with 40 pointers of which half repeat those of the packet before. */
    enum { PACKETS = 3, POINTERS = 40, DISTINCT = 80 };
    datagram_list list = {0};
    for (uint32_t p = 0; p < PACKETS; p++) {
        packet_builder packet;
        packet_begin_heap(&packet, 48, 6, PACKETS * 4, p * 4, 4);
        for (uint32_t i = 0; i < POINTERS; i++) {
            const uint32_t n = p * POINTERS / 2 + i;
            packet_add_immediate(&packet, 0x1000 + n, 1000000 - n);
        }
        packet_add_payload(&packet, "abcd", 4);
        datagrams_add_packet(&list, &packet);
    }
    heap_list heaps = receive(NULL, &list, NULL);
    const sp2_item *items;
    uint64_t count;
    if (CHECK_EQ_U64(heaps.count, 1)) {
        REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
        if (CHECK_EQ_U64(count, DISTINCT)) {
            for (uint32_t i = 0; i < DISTINCT; i++) { /* by rising value */
                CHECK_EQ_U64(items[i].id, 0x1000 + DISTINCT - 1 - i);
                CHECK_EQ_U64(items[i].value, 1000000 - (DISTINCT - 1 - i));
                CHECK_EQ_U64(items[i].length, 6);
            }
        }
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Item_pointers_at_every_count_around_the_inline_table) {
    for (uint32_t pointers = 0; pointers <= 40; pointers++) {
        sp2_test_context("%d pointers", (int)pointers);
        uint8_t payload[64];
        fill_payload(payload, sizeof(payload), 1);
        datagram_list list = {0};
        packet_builder packet;
        packet_begin_heap(&packet, 40, 1, sizeof(payload), 0, sizeof(payload));
        for (uint32_t i = 0; i < pointers; i++) { /* by falling address */
            packet_add_address(&packet, 0x1000 + i, sizeof(payload) - 1 - i);
        }
        for (uint32_t i = 0; i < pointers; i++) { /* all of them again */
            packet_add_address(&packet, 0x1000 + i, sizeof(payload) - 1 - i);
        }
        packet_add_payload(&packet, payload, sizeof(payload));
        datagrams_add_packet(&list, &packet);
        heap_list heaps = receive(NULL, &list, NULL);
        const sp2_item *items;
        uint64_t count;
        if (CHECK_EQ_U64(heaps.count, 1)) {
            REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
            if (CHECK_EQ_U64(count, pointers)) {
                for (uint32_t i = 0; i < pointers; i++) {
                    CHECK_EQ_U64(items[i].id, 0x1000 + pointers - 1 - i);
                    CHECK_EQ_U64(items[i].value, sizeof(payload) - pointers + i);
                    if (CHECK_EQ_U64(items[i].length, 1)) {
                        CHECK_MEM(items[i].data, payload + items[i].value, 1);
                    }
                }
            }
        }
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Packet_full_of_item_pointers_is_read) {
    enum { POINTERS = 65535 - 4 };
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 4, 0, 4);
    for (uint32_t i = 0; i < POINTERS; i++) {
        packet_add_immediate(&packet, 0x1000 + i % 3, POINTERS - i);
    }
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(&list, &packet);
    heap_list heaps = receive(NULL, &list, NULL);
    const sp2_item *items;
    uint64_t count;
    if (CHECK_EQ_U64(heaps.count, 1)) {
        REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
        if (CHECK_EQ_U64(count, POINTERS)) {
            CHECK_EQ_U64(items[0].value, 1);
            CHECK_EQ_U64(items[POINTERS - 1].value, POINTERS);
        }
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

/* What the receiver expects next of a heap it may only compare with when it expects something. */
SP2_TEST(Bytes_without_a_header_never_continue_a_heap) {
    uint8_t payload[200];
    fill_payload(payload, sizeof(payload), 0);
    for (int items = 0; items < 2; items++) {
        sp2_test_context("%d items in the first packet", items);
        datagram_list list = {0};
        packet_builder first;
        packet_begin_heap(&first, 48, 0, sizeof(payload), 0, 100);
        if (items != 0) {
            packet_add_immediate(&first, 0x1000, 1);
        }
        packet_add_payload(&first, payload, 100);
        datagrams_add_packet(&list, &first);
        /* Where a packet has its header and item pointers, this has their values and nothing else.
         */
        uint8_t no_packet[140] = {0};
        no_packet[31] = 100;
        no_packet[39] = 100;
        datagrams_add(&list, no_packet, sizeof(no_packet));
        sp2_receive_stats stats;
        heap_list heaps = receive(NULL, &list, &stats);
        CHECK_EQ_U64(heaps.count, 0);
        CHECK_EQ_U64(stats.malformed, 1);
        CHECK_EQ_U64(stats.packets, 1);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Every_flavour_is_assembled) {
    for (uint32_t bits = 8; bits <= 56; bits += 8) {
        sp2_test_context("64-%d", (int)bits);
        const uint64_t id = (UINT64_C(1) << (63 - bits)) - 1; /* the largest there is */
        uint8_t payload[200];
        fill_payload(payload, sizeof(payload), 9);
        datagram_list list = {0};
        for (uint64_t start = 0; start < sizeof(payload); start += 50) {
            packet_builder packet;
            packet_begin_heap(&packet, bits, 9, sizeof(payload), start, 50);
            packet_add_address(&packet, id, 100);
            packet_add_immediate(&packet, id, 0x7b);
            packet_add_payload(&packet, payload + start, 50);
            datagrams_add_packet(&list, &packet);
        }
        heap_list heaps = receive(NULL, &list, NULL);
        if (CHECK_EQ_U64(heaps.count, 1)) {
            check_heap(heaps.heaps[0], 9, payload, sizeof(payload));
            CHECK_EQ_U64(info_of(heaps.heaps[0]).address_bits, bits);
            const sp2_item *items;
            uint64_t count;
            REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
            if (CHECK_EQ_U64(count, 2)) {
                CHECK_EQ_U64(items[0].id, id);
                CHECK_EQ_U64(items[0].length, 100);
                CHECK_MEM(items[0].data, payload + 100, 100);
                CHECK_EQ_U64(items[1].id, id);
                CHECK_EQ_U64(items[1].value, 0x7b);
                if (CHECK_EQ_U64(items[1].length, bits / 8)) {
                    CHECK_EQ_U64(items[1].data[bits / 8 - 1], 0x7b);
                }
            }
        }
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

/* Packets of several shapes: the special item pointers alone, with others, in another order. */
static datagram_list packets_of_all_shapes(void) {
    static const uint8_t payload[] = "some payload bytes";
    enum { LENGTH = sizeof(payload) };
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, LENGTH, 0, LENGTH); /* the usual four */
    packet_add_payload(&packet, payload, LENGTH);
    datagrams_add_packet(&list, &packet);
    packet_begin_heap(&packet, 40, 2, LENGTH, 0, LENGTH);
    packet_add_address(&packet, 0x1000, 0);
    packet_add_payload(&packet, payload, LENGTH);
    datagrams_add_packet(&list, &packet);
    packet_begin_heap(&packet, 48, 3, NO_HEAP_LENGTH, 0, LENGTH);
    packet_add_payload(&packet, payload, LENGTH);
    datagrams_add_packet(&list, &packet);
    packet_begin(&packet, 48);
    packet_add_address(&packet, 0x1000, 0);
    packet_add_immediate(&packet, ITEM_PAYLOAD_LENGTH, LENGTH);
    packet_add_immediate(&packet, ITEM_PAYLOAD_OFFSET, 0);
    packet_add_immediate(&packet, ITEM_HEAP_LENGTH, LENGTH);
    packet_add_immediate(&packet, ITEM_HEAP_CNT, 4);
    packet_add_payload(&packet, payload, LENGTH);
    datagrams_add_packet(&list, &packet);
    packet_begin_heap(&packet, 48, 5, LENGTH, 0, LENGTH); /* the last HEAP_CNT counts */
    packet_add_immediate(&packet, ITEM_HEAP_CNT, 6);
    packet_add_payload(&packet, payload, LENGTH);
    datagrams_add_packet(&list, &packet);
    return list;
}

SP2_TEST(Every_part_of_a_packet_is_malformed) {
    datagram_list packets = packets_of_all_shapes();
    datagram_list parts = {0};
    for (size_t i = 0; i < packets.count; i++) {
        for (size_t length = 1; length < packets.datagrams[i].length; length++) {
            datagrams_add(&parts, packets.datagrams[i].data, length);
        }
    }
    sp2_receive_stats stats;
    heap_list heaps = receive(NULL, &parts, &stats);
    CHECK_EQ_U64(heaps.count, 0);
    CHECK_EQ_U64(stats.malformed, parts.count);
    CHECK_EQ_U64(stats.packets, 0);
    heaps_free(&heaps);
    datagrams_free(&parts);

    heaps = receive(NULL, &packets, &stats);
    CHECK_EQ_U64(heaps.count, packets.count);
    CHECK_EQ_U64(stats.malformed, 0);
    heaps_free(&heaps);
    datagrams_free(&packets);
}

SP2_TEST(Malformed_datagrams_count_under_their_causes) {
    static const struct {
        uint8_t bytes[48];
        size_t length;
    } cases[] = {
        {{0x53, 4, 2, 6, 0, 0, 0}, 7},
        {{0x53, 3, 2, 6, 0, 0, 0, 0}, 8},
        {{0x53, 4, 0, 8, 0, 0, 0, 0}, 8},
        {{0x53, 4, 3, 6, 0, 0, 0, 0}, 8},
        {{0x53, 4, 2, 6, 0, 0, 0, 1}, 8},
        {{0x53, 4, 2, 6, 0, 0, 0, 1, 0x80, 1, 0, 0, 0, 0, 0, 1}, 16},
        {{0x53, 4, 2, 6, 0, 0, 0, 3, 0x80, 1, 0, 0, 0, 0, 0, 1,
          0x80, 3, 0, 0, 0, 0, 0, 0, 0x80, 4, 0, 0, 0, 0, 0, 1},
         32},
        {{0x53, 4, 2, 6, 0,    0, 0, 4, 0x80, 1, 0, 0, 0,    0, 0, 1, 0x80, 2, 0, 0,
          0,    0, 0, 0, 0x80, 3, 0, 0, 0,    0, 0, 0, 0x80, 4, 0, 0, 0,    0, 0, 1},
         41},
    };
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };
    datagram_list list = {0};
    for (size_t i = 0; i < CASES; i++) {
        for (size_t k = 0; k <= i; k++) {
            datagrams_add(&list, cases[i].bytes, cases[i].length);
        }
    }
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    CHECK_EQ_U64(stats.malformed, list.count);
    CHECK_EQ_U64(stats.malformed_size, 1);
    CHECK_EQ_U64(stats.malformed_magic, 2);
    CHECK_EQ_U64(stats.malformed_flavour, 3);
    CHECK_EQ_U64(stats.malformed_widths, 4);
    CHECK_EQ_U64(stats.malformed_item_table, 5);
    CHECK_EQ_U64(stats.malformed_item_missing, 6);
    CHECK_EQ_U64(stats.malformed_payload, 7);
    CHECK_EQ_U64(stats.malformed_beyond_heap, 8);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Datagram_longer_than_its_packet_is_not_used) {
    datagram_list packets = packets_of_all_shapes();
    datagram_list longer = {0};
    for (size_t i = 0; i < packets.count; i++) {
        uint8_t bytes[256] = {0};
        const size_t length = (size_t)packets.datagrams[i].length;
        REQUIRE(length + 100 <= sizeof(bytes));
        memcpy(bytes, packets.datagrams[i].data, length);
        datagrams_add(&longer, bytes, length + 1);
        datagrams_add(&longer, bytes, length + 100);
    }
    sp2_receive_stats stats;
    heap_list heaps = receive(NULL, &longer, &stats);
    CHECK_EQ_U64(heaps.count, 0);
    CHECK_EQ_U64(stats.size_mismatch, longer.count);
    CHECK_EQ_U64(stats.packets, 0);
    heaps_free(&heaps);
    datagrams_free(&packets);
    datagrams_free(&longer);
}

SP2_TEST(Stream_control_in_the_payload_counts_up_to_eight_bytes) {
    static const struct {
        uint8_t bytes[16];
        uint64_t length;
        uint32_t flags;
    } items[] = {
        {{0}, 1, SP2_HEAP_START_OF_STREAM},
        {{2}, 1, SP2_HEAP_END_OF_STREAM},
        {{1}, 1, 0},
        {{0, 0, 0, 0, 0, 0, 0, 2}, 8, SP2_HEAP_END_OF_STREAM},
        {{2, 0, 0, 0, 0, 0, 0, 0}, 8, 0},
        {{0, 0, 0, 0, 0, 0, 0, 0}, 8, SP2_HEAP_START_OF_STREAM},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0}, 9, 0},
        {{0, 0, 0, 0, 0, 0, 0, 2, 0}, 9, 0},
        {{0, 0, 0, 0, 0, 0, 0, 0, 2}, 9, 0},
        {{0}, 16, 0},
    };
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        sp2_test_context("item %zu", i);
        datagram_list list = {0};
        packet_builder packet;
        packet_begin_heap(&packet, 48, 1, (int64_t)items[i].length, 0, items[i].length);
        packet_add_address(&packet, ITEM_STREAM_CTRL, 0);
        packet_add_payload(&packet, items[i].bytes, (size_t)items[i].length);
        datagrams_add_packet(&list, &packet);
        heap_list heaps = receive(NULL, &list, NULL);
        if (CHECK_EQ_U64(heaps.count, 1)) {
            CHECK_EQ_U64(info_of(heaps.heaps[0]).flags,
                         SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS | items[i].flags);
        }
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Heap_cnt_takes_every_value) {
    static const uint64_t cnts[] = {0, 1, UINT64_C(0xfffffffffffe), UINT64_C(0xffffffffffff), 0, 1};
    enum { COUNT = sizeof(cnts) / sizeof(cnts[0]) };
    datagram_list list = {0};
    for (size_t i = 0; i < COUNT; i++) {
        add_filled_heap(&list, cnts[i], 100, 40);
    }
    heap_list heaps = receive(NULL, &list, NULL);
    if (CHECK_EQ_U64(heaps.count, COUNT)) {
        for (size_t i = 0; i < COUNT; i++) {
            check_filled_heap(heaps.heaps[i], cnts[i], 100);
        }
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Search_distance_counts_entries_looked_at) {
    /* One heap at a time: its packets find it first in its bucket, whatever its cnt. */
    datagram_list list = {0};
    for (uint64_t cnt = 0; cnt < 100; cnt++) {
        add_filled_heap(&list, cnt << 20, 100, 25);
    }
    sp2_receive_stats stats;
    heap_list heaps = receive(NULL, &list, &stats);
    CHECK_EQ_U64(heaps.count, 100);
    CHECK_EQ_U64(stats.search_dist, list.count);
    heaps_free(&heaps);
    datagrams_free(&list);

    /* Packets that are a heap of their own are not looked up. */
    for (uint64_t cnt = 0; cnt < 100; cnt++) {
        add_filled_heap(&list, cnt, 100, 100);
    }
    heaps = receive(NULL, &list, &stats);
    CHECK_EQ_U64(heaps.count, 100);
    CHECK_EQ_U64(stats.search_dist, 0);
    CHECK_EQ_U64(stats.single_packet_heaps, 100);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Search_distance_stays_short_when_cnts_step_by_powers_of_two) {
    enum { HEAPS = 256 };
    for (uint32_t shift = 0; shift < 40; shift += 4) {
        sp2_test_context("step 2^%d", (int)shift);
        sp2_receive_options options = quiet_options(SP2_RECEIVE_UNKEYED_SEARCH);
        options.max_heaps = HEAPS;
        datagram_list list = {0};
        for (uint64_t start = 0; start < 16; start += 4) {
            for (uint64_t cnt = 0; cnt < HEAPS; cnt++) {
                add_range(&list, cnt << shift, 16, start, start + 4);
            }
        }
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        CHECK_EQ_U64(heaps.count, HEAPS);
        CHECK(stats.search_dist >= list.count);
        CHECK(stats.search_dist < 2 * list.count);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

/* Cnts that all fall into the first bucket of a table without a key. */
static void choose_equal_hashes(uint64_t *cnts, uint32_t count) {
    enum { CNT_BITS = 48 };
    const uint64_t golden_ratio = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t inverse = 1;
    for (int i = 0; i < 6; i++) { /* each round doubles the bits that are right */
        inverse *= 2 - golden_ratio * inverse;
    }
    uint64_t hash = 0;
    for (uint32_t found = 0; found < count; hash++) {
        if (hash * inverse >> CNT_BITS == 0) {
            cnts[found++] = hash * inverse;
        }
    }
}

/* Entries looked at for packets of many heaps in turns, with cnts that a sender has chosen. */
static uint64_t search_among_equal_hashes(uint32_t flags, uint64_t *packets) {
    enum { HEAPS = 256 };
    uint64_t cnts[HEAPS];
    choose_equal_hashes(cnts, HEAPS);
    datagram_list list = {0};
    for (uint64_t start = 0; start < 16; start += 4) {
        for (uint32_t i = 0; i < HEAPS; i++) {
            add_range(&list, cnts[i], 16, start, start + 4);
        }
    }
    sp2_receive_options options = quiet_options(flags);
    options.max_heaps = HEAPS;
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    CHECK_EQ_U64(heaps.count, HEAPS);
    *packets = list.count;
    heaps_free(&heaps);
    datagrams_free(&list);
    return stats.search_dist;
}

SP2_TEST(Search_distance_stays_short_when_a_sender_chooses_cnts) {
    uint64_t packets;
    const uint64_t search_dist = search_among_equal_hashes(0, &packets);
    /* About 1.25 for each; more than 16 once in a million processes. */
    CHECK(search_dist < 16 * packets);
}

/* A packet that is too short to be looked at as the next one of a heap: none is searched for it. */
static void add_short_heap(datagram_list *list, uint64_t cnt) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, NO_HEAP_LENGTH, 0, 4);
    packet_add_payload(&packet, "abcd", 4);
    datagrams_add_packet(list, &packet);
}

SP2_TEST(Heap_that_begins_puts_the_latest_one_behind_it) {
    uint64_t cnts[2];
    choose_equal_hashes(cnts, 2);
    datagram_list list = {0};
    add_range(&list, cnts[0], 16, 0, 4);
    add_range(&list, cnts[0], 16, 4, 8);  /* one entry, as before */
    add_short_heap(&list, cnts[1]);       /* two, with itself */
    add_range(&list, cnts[0], 16, 8, 12); /* two */
    add_range(&list, cnts[0], 16, 12, 16);
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_UNKEYED_SEARCH);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    CHECK_EQ_U64(stats.search_dist, 8);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Unkeyed_search_looks_where_the_specification_says) {
    uint64_t packets;
    const uint64_t search_dist = search_among_equal_hashes(SP2_RECEIVE_UNKEYED_SEARCH, &packets);
    /* Newest first: each new heap finds those before it, and each heap's packets all that are
     * newer, as the older ones leave when the last packets complete them. */
    CHECK_EQ_U64(search_dist, packets * 257 / 2);
}

SP2_TEST(Buffer_and_datagrams_give_the_same_heaps) {
    enum { HEAPS = 200 };
    sp2_test_rng random = sp2_test_random();
    datagram_list list = {0};
    for (uint64_t cnt = 0; cnt < HEAPS; cnt++) {
        add_filled_heap(&list, cnt, 1 + sp2_test_below(&random, 2000),
                        1 + sp2_test_below(&random, 300));
    }
    sp2_receive_stats from_datagrams;
    heap_list expected = receive(NULL, &list, &from_datagrams);
    size_t length;
    uint8_t *buffer = datagrams_join(&list, &length);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(add_buffer_source(stream, buffer, length));
    heap_list heaps = pop_all(stream);
    const sp2_receive_stats from_buffer = stats_of(stream);
    sp2_receive_stream_destroy(stream);
    if (CHECK_EQ_U64(heaps.count, expected.count)) {
        for (uint64_t i = 0; i < heaps.count; i++) {
            const sp2_heap_info info = info_of(expected.heaps[i]);
            check_heap(heaps.heaps[i], info.cnt, info.payload, info.payload_length);
        }
    }
    CHECK_EQ_U64(from_datagrams.packets, from_buffer.packets);
    CHECK_EQ_U64(from_datagrams.batches, list.count);
    CHECK_EQ_U64(from_datagrams.max_batch, 1);
    CHECK_EQ_U64(from_buffer.batches, 1);
    CHECK_EQ_U64(from_buffer.max_batch, list.count);
    heaps_free(&heaps);
    heaps_free(&expected);
    free(buffer);
    datagrams_free(&list);
}

/* Its place is no offset from a payload that does not exist, which clang's sanitizer looks for. */
SP2_TEST(Addressed_item_of_a_heap_without_payload_does_not_appear) {
    datagram_list list = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 0, 0, 0);
    packet_add_address(&packet, 0x1000, 0);
    datagrams_add_packet(&list, &packet);
    heap_list heaps = receive(NULL, &list, NULL);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        CHECK_EQ_U64(info_of(heaps.heaps[0]).item_count, 0);
        CHECK(info_of(heaps.heaps[0]).flags & SP2_HEAP_COMPLETE);
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Random_bytes_never_do_harm) {
    enum { ROUNDS = 200, PACKETS = 60 };
    sp2_test_rng random = sp2_test_random();
    for (int round = 0; round < ROUNDS; round++) {
        sp2_receive_options options = quiet_options((uint32_t)sp2_test_below(&random, 64));
        options.max_heaps = 1 + sp2_test_below(&random, 3);
        options.substreams = 1 + sp2_test_below(&random, 3);
        options.max_heap_size = 100000;
        datagram_list list = {0};
        for (uint64_t i = 0; i < PACKETS; i++) {
            const size_t before = list.count;
            add_filled_heap(&list, sp2_test_below(&random, 6), 1 + sp2_test_below(&random, 200),
                            1 + sp2_test_below(&random, 100));
            for (size_t k = before; k < list.count; k++) { /* some bytes become others */
                uint8_t *bytes = (uint8_t *)(uintptr_t)list.datagrams[k].data;
                for (uint64_t n = sp2_test_below(&random, 4); n > 0; n--) {
                    bytes[sp2_test_below(&random, list.datagrams[k].length)] =
                        (uint8_t)sp2_test_next(&random);
                }
            }
        }
        sp2_receive_stats stats;
        heap_list heaps = receive(&options, &list, &stats);
        CHECK_EQ_U64(heaps.count, stats.heaps - stats.incomplete_heaps_dropped);
        for (uint64_t i = 0; i < heaps.count; i++) {
            /* Every item lies in the payload. */
            const sp2_heap_info info = info_of(heaps.heaps[i]);
            const sp2_item *items;
            uint64_t count;
            REQUIRE_OK(sp2_heap_get_items(heaps.heaps[i], &items, &count));
            for (uint64_t k = 0; k < count; k++) {
                if (!(items[k].flags & SP2_ITEM_IMMEDIATE)) {
                    CHECK(items[k].length <= info.payload_length);
                    CHECK(items[k].value <= info.payload_length - items[k].length);
                }
            }
        }
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}
