/* SPDX-License-Identifier: MIT */
/* Which heaps never arrived, by the cnts of those that did. */
#include <stdio.h>
#include <stdlib.h>

#include "receiver.h"

/* Adds a heap of one packet of the flavour 64-`address_bits`. */
static void add_heap(datagram_list *list, uint32_t address_bits, uint64_t cnt) {
    static const uint8_t payload[1] = {0};
    datagrams_add_part(list, address_bits, cnt, sizeof(payload), payload, 0, sizeof(payload));
}

/* Adds the heaps `first`, first + step, ... */
static void add_heaps(datagram_list *list, uint64_t first, uint64_t step, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        add_heap(list, 48, first + i * step);
    }
}

static sp2_receive_options accounting(uint64_t step) {
    sp2_receive_options options = quiet_options(SP2_RECEIVE_ACCOUNT_HEAPS);
    options.cnt_step = step;
    return options;
}

/* Receives the datagrams, and frees them. Every heap has one place in the sum. */
static sp2_receive_stats count(const sp2_receive_options *options, datagram_list *list) {
    sp2_receive_stats stats;
    heap_list heaps = receive(options, list, &stats);
    CHECK_EQ_U64(stats.heaps_accounted + stats.heaps_late + stats.heaps_duplicate +
                     stats.heaps_unplaced,
                 stats.heaps + stats.stop_heaps);
    heaps_free(&heaps);
    datagrams_free(list);
    *list = (datagram_list){0};
    return stats;
}

static void check_counts(const sp2_receive_stats *stats, uint64_t accounted, uint64_t missing,
                         uint64_t restarts) {
    CHECK_EQ_U64(stats->heaps_accounted, accounted);
    CHECK_EQ_U64(stats->heaps_missing, missing);
    CHECK_EQ_U64(stats->sender_restarts, restarts);
}

SP2_TEST(Every_tenth_heap_removed_counts_as_missing) {
    for (uint64_t step = 0; step < 2; step++) {
        datagram_list list = {0};
        for (uint64_t cnt = 1; cnt <= 100; cnt++) {
            if (cnt % 10 != 5) {
                add_heap(&list, 48, cnt);
            }
        }
        const sp2_receive_options options = accounting(step);
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 90, 10, 0);
        CHECK_EQ_U64(stats.heaps_unplaced, 0);
    }
}

SP2_TEST(Nothing_is_counted_unless_it_is_asked_for) {
    datagram_list list = {0};
    add_heaps(&list, 1, 1, 20);
    add_heaps(&list, 30, 1, 20);
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    check_counts(&stats, 0, 0, 0);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Cnts_that_wrap_are_one_sequence) {
    static const uint32_t widths[] = {8, 16, 40, 48, 56};
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        sp2_test_context("%d address bits", (int)widths[i]);
        const uint64_t mask = (UINT64_C(1) << widths[i]) - 1;
        datagram_list list = {0};
        for (uint64_t k = 0; k < 40; k++) {
            if (k != 19 && k != 20 && k != 30) {
                add_heap(&list, widths[i], (mask - 19 + k) & mask);
            }
        }
        const sp2_receive_options options = accounting(0);
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 37, 3, 0);
    }
}

SP2_TEST(Step_is_learned_from_what_arrives) {
    /* A third of the heaps is lost at random: there are still neighbours. */
    sp2_test_rng random = sp2_test_random();
    static const uint64_t steps[] = {1, 2, 7, 4096, UINT64_C(1) << 32};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        sp2_test_context("step %d", (int)steps[i]);
        datagram_list list = {0};
        uint64_t lost = 0;
        for (uint64_t k = 0; k < 300; k++) {
            if (k != 0 && k != 299 && sp2_test_below(&random, 3) == 0) {
                lost++;
            } else {
                add_heap(&list, 48, 5 + k * steps[i]);
            }
        }
        const sp2_receive_options options = accounting(0);
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 300 - lost, lost, 0);
    }
}

SP2_TEST(Nothing_is_claimed_where_there_is_no_step) {
    /* Two senders of step 8, which are 3 apart. */
    datagram_list list = {0};
    for (uint64_t k = 0; k < 200; k++) {
        add_heap(&list, 48, 8 * k);
        add_heap(&list, 48, 8 * k + 3);
    }
    sp2_receive_options options = accounting(0);
    sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 0, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 400);

    /* Two heaps that are two apart may be all that there is. */
    add_heap(&list, 48, 1);
    add_heap(&list, 48, 3);
    stats = count(&options, &list);
    check_counts(&stats, 0, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 2);
}

SP2_TEST(Senders_in_substreams_are_accounted_for_one_by_one) {
    datagram_list list = {0};
    for (uint64_t k = 0; k < 100; k++) {
        for (uint64_t sender = 0; sender < 3; sender++) {
            if (k % 10 != 5 || sender == 0) {
                add_heap(&list, 48, 3 * k + sender);
            }
        }
    }
    sp2_receive_options options = accounting(0);
    options.substreams = 3;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 280, 20, 0);
}

SP2_TEST(Heaps_out_of_order_within_the_window_are_not_missing) {
    enum { HEAPS = 3000, BLOCK = SP2_RECEIVE_REORDER_HEAPS / 2 };
    sp2_test_rng random = sp2_test_random();
    datagram_list list = {0};
    add_heaps(&list, 1, 1, HEAPS);
    for (size_t first = 0; first + BLOCK <= HEAPS; first += BLOCK) {
        for (size_t i = BLOCK - 1; i > 0; i--) {
            datagrams_swap(&list, first + i,
                           first + (size_t)sp2_test_below(&random, (uint64_t)i + 1));
        }
    }
    const sp2_receive_options options = accounting(1);
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, HEAPS, 0, 0);
}

SP2_TEST(Heap_behind_the_window_is_late) {
    datagram_list list = {0};
    for (uint64_t behind = SP2_RECEIVE_REORDER_HEAPS - 1; behind <= SP2_RECEIVE_REORDER_HEAPS;
         behind++) {
        const bool late = behind == SP2_RECEIVE_REORDER_HEAPS;
        add_heaps(&list, 1, 1, 9);
        add_heaps(&list, 11, 1, behind);
        add_heap(&list, 48, 10);
        add_heaps(&list, 11 + behind, 1, 9);
        const sp2_receive_options options = accounting(1);
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 18 + behind + !late, late, 0);
        CHECK_EQ_U64(stats.heaps_late, late);
    }
}

SP2_TEST(Repeated_heaps_are_duplicates) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 50; cnt++) {
        add_heap(&list, 48, cnt);
        add_heap(&list, 48, cnt);
    }
    add_heaps(&list, 44, 1, 7); /* a run that is too short for a restart */
    const sp2_receive_options options = accounting(0);
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 50, 0, 0);
    CHECK_EQ_U64(stats.heaps_duplicate, 57);
}

/* Adds a packet of a heap of two, with a timestamp. */
static void add_half(datagram_list *list, uint64_t cnt, uint64_t half) {
    static const uint8_t payload[2] = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, sizeof(payload), half, 1);
    packet_add_immediate(&packet, 0x1600, cnt);
    packet_add_payload(&packet, payload + half, 1);
    datagrams_add_packet(list, &packet);
}

SP2_TEST(Late_duplicate_packet_is_no_loss) {
    /* One packet of every fifth heap comes again when the heap is complete, before and after the
     * step is known, and of the last one a packet does not come at all. */
    for (uint64_t item = 0; item <= 0x1600; item += 0x1600) {
        for (uint64_t step = 0; step < 2; step++) {
            datagram_list list = {0};
            for (uint64_t cnt = 1; cnt <= 50; cnt++) {
                add_half(&list, cnt, 0);
                if (cnt < 50) {
                    add_half(&list, cnt, 1);
                }
                if (cnt % 5 == 0 && cnt < 50) {
                    add_half(&list, cnt - 3, cnt % 2);
                }
            }
            sp2_receive_options options = accounting(step);
            options.count_item = item;
            const sp2_receive_stats stats = count(&options, &list);
            check_counts(&stats, 50, 0, 0);
            CHECK_EQ_U64(stats.heaps_duplicate, 9);
            CHECK_EQ_U64(stats.packets_missing, 1);
            CHECK_EQ_U64(stats.bytes_missing, 1);
        }
    }
}

SP2_TEST(Restarted_sender_loses_nothing) {
    static const uint64_t first[] = {20, 200, 1000, 20000};
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        sp2_test_context("after %d heaps", (int)first[i]);
        datagram_list list = {0};
        add_heaps(&list, 1, 1, first[i]);
        add_heaps(&list, 1, 1, 100);
        const sp2_receive_options options = accounting(0);
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, first[i] + 100, 0, 1);
    }
}

SP2_TEST(Long_outage_counts_every_heap) {
    for (uint64_t after = 1; after <= 200; after += 199) {
        datagram_list list = {0};
        add_heaps(&list, 1, 1, 100);
        add_heaps(&list, 100101, 1, after);
        const sp2_receive_options options = accounting(0);
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 100 + after, 100000, 0);
    }
}

SP2_TEST(Stop_heap_closes_the_count) {
    datagram_list list = {0};
    add_heaps(&list, 1, 1, 20);
    datagrams_add_stop(&list, 31);
    const sp2_receive_options options = accounting(0);
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 21, 10, 0);
}

SP2_TEST(Stray_cnts_claim_nothing) {
    /* Single heaps far away, as of another sender, leave the sequence alone. */
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 1000; cnt++) {
        add_heap(&list, 48, cnt);
        if (cnt % 10 == 0) {
            add_heap(&list, 48, 1000000 * cnt);
        }
    }
    add_heap(&list, 48, 1001);
    const sp2_receive_options options = accounting(0);
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 1001, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 100);
}

SP2_TEST(Sequences_have_a_limit) {
    datagram_list list = {0};
    add_heaps(&list, 0, 1, SP2_RECEIVE_MAX_SEQUENCES + 10);
    sp2_receive_options options = accounting(SP2_RECEIVE_MAX_SEQUENCES * 2);
    options.substreams = SP2_RECEIVE_MAX_SEQUENCES * 2;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, SP2_RECEIVE_MAX_SEQUENCES, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 10);
}

enum { TIMESTAMP = 0x1600, ANTENNA = 0x4101 };

/* Adds a heap of one packet with these values; a negative one is left out. */
static void add_stamped(datagram_list *list, uint64_t cnt, int64_t timestamp, int64_t antenna) {
    static const uint8_t payload[1] = {0};
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, sizeof(payload), 0, sizeof(payload));
    if (timestamp >= 0) {
        packet_add_immediate(&packet, TIMESTAMP, (uint64_t)timestamp);
    }
    if (antenna >= 0) {
        packet_add_immediate(&packet, ANTENNA, (uint64_t)antenna);
    }
    packet_add_payload(&packet, payload, sizeof(payload));
    datagrams_add_packet(list, &packet);
}

SP2_TEST(Timestamps_tell_what_is_missing_where_cnts_do_not) {
    for (uint64_t step = 0; step <= 4096; step += 4096) {
        datagram_list list = {0};
        for (int64_t i = 0; i < 100; i++) {
            if (i % 10 != 5) {
                add_stamped(&list, (uint64_t)(i * i + 7), 1000 + 4096 * i, -1);
            }
        }
        sp2_receive_options options = accounting(step);
        options.count_item = TIMESTAMP;
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 90, 10, 0);
        CHECK_EQ_U64(stats.heaps_unplaced, 0);
    }
}

SP2_TEST(Each_antenna_has_a_sequence_of_its_own) {
    datagram_list list = {0};
    uint64_t cnt = 1;
    for (int64_t i = 0; i < 50; i++) {
        for (int64_t antenna = 0; antenna < 4; antenna++) {
            if (!(antenna == 2 && i == 20) && !(antenna == 3 && (i == 7 || i == 8))) {
                add_stamped(&list, cnt, 4096 * i, antenna);
            }
            cnt++;
        }
    }
    sp2_receive_options options = accounting(4096);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 197, 3, 0);
    CHECK_EQ_U64(stats.heaps_duplicate, 0);

    /* The same with the cnt in place of the timestamp: four cnts apart. */
    for (int64_t i = 0; i < 200; i++) {
        if (i != 101) {
            add_stamped(&list, (uint64_t)i, -1, i % 4);
        }
    }
    options = accounting(4);
    options.set_item = ANTENNA;
    stats = count(&options, &list);
    check_counts(&stats, 199, 1, 0);
}

SP2_TEST(Timestamps_wrap) {
    const int64_t end = INT64_C(1) << 48;
    datagram_list list = {0};
    for (int64_t i = -10; i < 10; i++) {
        if (i != 1) {
            add_stamped(&list, 1, i < 0 ? end + 8 * i : 8 * i, -1);
        }
    }
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 19, 1, 0);
}

SP2_TEST(Heap_without_the_items_is_unplaced) {
    datagram_list list = {0};
    packet_builder packet;
    for (int64_t i = 0; i < 3; i++) {
        add_stamped(&list, (uint64_t)i, 8 * i, 1);
    }
    add_stamped(&list, 10, -1, 1);
    add_stamped(&list, 11, 24, -1);
    packet_begin_heap(&packet, 48, 12, 0, 0, 0);
    packet_add_address(&packet, TIMESTAMP, 0);
    packet_add_immediate(&packet, ANTENNA, 1);
    datagrams_add_packet(&list, &packet);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 3, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 3);
}

SP2_TEST(Stop_heap_is_not_placed_by_its_items) {
    datagram_list list = {0};
    for (int64_t i = 0; i < 3; i++) {
        add_stamped(&list, (uint64_t)i, 8 * i, -1);
    }
    datagrams_add_stop(&list, 3);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    check_counts(&stats, 3, 0, 0);
    CHECK_EQ_U64(stats.stop_heaps, 1);
    CHECK_EQ_U64(stats.heaps_unplaced, 0);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Item_of_a_later_packet_places_its_heap) {
    /* Its first packet is lost: only the second one has the timestamp. */
    static const uint8_t payload[2] = {0};
    datagram_list list = {0};
    packet_builder packet;
    add_stamped(&list, 1, 8, -1);
    datagrams_add_part(&list, 48, 2, sizeof(payload), payload, 0, 1);
    packet_begin_heap(&packet, 48, 2, sizeof(payload), 1, 1);
    packet_add_immediate(&packet, TIMESTAMP, 16);
    packet_add_payload(&packet, payload + 1, 1);
    datagrams_add_packet(&list, &packet);
    add_stamped(&list, 3, 24, -1);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 3, 0, 0);
}

SP2_TEST(Sequences_of_sets_have_a_limit) {
    datagram_list list = {0};
    for (int64_t i = 0; i < SP2_RECEIVE_MAX_SEQUENCES + 10; i++) {
        add_stamped(&list, (uint64_t)i, -1, i);
    }
    sp2_receive_options options = accounting(1);
    options.set_item = ANTENNA;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, SP2_RECEIVE_MAX_SEQUENCES, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 10);
}

SP2_TEST(Heap_dropped_at_the_stop_is_not_missing) {
    /* The second of three is under assembly when the user stops the stream. */
    static const uint8_t payload[2] = {0};
    datagram_list list = {0};
    packet_builder packet;
    add_stamped(&list, 1, 8, -1);
    packet_begin_heap(&packet, 48, 2, sizeof(payload), 0, 1);
    packet_add_immediate(&packet, TIMESTAMP, 16);
    packet_add_payload(&packet, payload, 1);
    datagrams_add_packet(&list, &packet);
    add_stamped(&list, 3, 24, -1);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    sp2_receive_stream *stream = new_stream(&options);
    sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
    REQUIRE_OK(sp2_inproc_queue_create(NULL, &source.queue));
    for (size_t i = 0; i < list.count; i++) {
        REQUIRE_OK(sp2_inproc_queue_add_packet(source.queue, list.datagrams[i].data,
                                               list.datagrams[i].length));
    }
    REQUIRE_OK(sp2_receive_stream_add_inproc_source(stream, &source, NULL));
    heap_list heaps = pop_count(stream, 2);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    const sp2_receive_stats stats = stats_of(stream);
    check_counts(&stats, 3, 0, 0);
    CHECK_EQ_U64(stats.heaps_dropped_at_stop, 1);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    sp2_inproc_queue_destroy(source.queue);
    datagrams_free(&list);
}

/* Heaps of `antennas` for the timestamps from `first` to `end`. */
static void add_antennas(datagram_list *list, uint64_t antennas, uint64_t first, uint64_t end) {
    for (uint64_t i = first; i < end; i++) {
        for (uint64_t antenna = 0; antenna < antennas; antenna++) {
            add_stamped(list, i, (int64_t)i * 8, (int64_t)antenna);
        }
    }
}

SP2_TEST(Antenna_that_falls_silent_is_missing) {
    for (uint64_t stops = 0; stops < 2; stops++) {
        for (uint64_t step = 0; step <= 8; step += 8) {
            datagram_list list = {0};
            add_antennas(&list, 3, 0, 100);
            add_antennas(&list, 2, 100, 400);
            if (stops) {
                datagrams_add_stop(&list, 400);
            }
            sp2_receive_options options = accounting(step);
            options.count_item = TIMESTAMP;
            options.set_item = ANTENNA;
            sp2_receive_stats stats;
            heap_list heaps = receive(&options, &list, &stats);
            check_counts(&stats, 900, 300, 0);
            heaps_free(&heaps);
            datagrams_free(&list);
        }
    }
}

SP2_TEST(Sender_that_stops_between_antennas_has_lost_nothing) {
    datagram_list list = {0};
    add_antennas(&list, 3, 0, 100);
    add_antennas(&list, 1, 100, 101);
    datagrams_add_stop(&list, 101);
    sp2_receive_options options = accounting(0);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    sp2_receive_stats stats;
    heap_list heaps = receive(&options, &list, &stats);
    check_counts(&stats, 301, 0, 0);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Antenna_that_is_back_has_missed_what_others_had) {
    datagram_list list = {0};
    add_antennas(&list, 3, 0, 100);
    add_antennas(&list, 2, 100, 2000);
    add_antennas(&list, 3, 2000, 2100);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    const sp2_receive_stats stats = count(&options, &list);
    check_counts(&stats, 6300 - 1900, 1900, 0);
    CHECK_EQ_U64(stats.heaps_late + stats.heaps_unplaced, 0);
}

SP2_TEST(Antenna_that_is_silent_is_missing_before_the_end) {
    datagram_list list = {0};
    add_antennas(&list, 3, 0, 100);
    add_antennas(&list, 2, 100, 1000);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    sp2_receive_stream *stream = new_stream(&options);
    sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
    REQUIRE_OK(sp2_inproc_queue_create(NULL, &source.queue));
    for (size_t i = 0; i < list.count; i++) {
        REQUIRE_OK(sp2_inproc_queue_add_packet(source.queue, list.datagrams[i].data,
                                               list.datagrams[i].length));
    }
    REQUIRE_OK(sp2_receive_stream_add_inproc_source(stream, &source, NULL));
    heap_list heaps = pop_count(stream, 2100);
    const sp2_receive_stats stats = stats_of(stream);
    /* Twice 256 may be on their way, and sets are held to each other after 128 heaps, 64 of each.
     */
    CHECK(stats.heaps_missing > 900 - 512 - 64 && stats.heaps_missing <= 900 - 512);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    sp2_inproc_queue_destroy(source.queue);
    datagrams_free(&list);
}

/* Accounts for antennas by their timestamps, which are 8 apart. */
static sp2_receive_stats count_antennas(uint64_t step, datagram_list *list) {
    sp2_receive_options options = accounting(step);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    options.max_heaps = 1;
    return count(&options, list);
}

static void check_missing(const sp2_receive_stats *stats, uint64_t missing, uint64_t uncertain) {
    CHECK_EQ_U64(stats->heaps_missing, missing);
    CHECK_EQ_U64(stats->heaps_uncertain, uncertain);
    CHECK_EQ_U64(stats->sender_restarts + stats->heaps_late + stats->heaps_duplicate, 0);
}

SP2_TEST(Antennas_have_to_have_what_others_have) {
    enum { ANTENNAS = 4, TIMES = 100 };
    static const struct {
        const char *what;
        int64_t begin[ANTENNAS]; /* of the timestamps of each */
        int64_t end[ANTENNAS];
        uint64_t missing;
        uint64_t uncertain;
    } cases[] = {
        {"all", {0, 0, 0, 0}, {100, 100, 100, 100}, 0, 0},
        {"one that is silent", {0, 0, 0, 0}, {100, 60, 100, 100}, 40, 0},
        {"two that are", {0, 0, 0, 0}, {100, 60, 83, 100}, 57, 0},
        {"one that is late", {0, 0, 20, 0}, {100, 100, 100, 100}, 20, 0},
        {"one that is late before a step is known", {0, 0, 5, 0}, {100, 100, 100, 100}, 5, 0},
        {"one with a single heap", {0, 50, 0, 0}, {100, 51, 100, 100}, 99, 0},
        {"one with a single heap at once", {0, 1, 0, 0}, {100, 2, 100, 100}, 98, 1},
        {"the middle of the first timestamp", {1, 1, 0, 0}, {100, 100, 100, 100}, 0, 2},
        {"the middle of the last one", {0, 0, 0, 0}, {100, 100, 99, 99}, 0, 2},
        {"both, and one that is silent", {1, 1, 0, 0}, {99, 100, 60, 100}, 39, 4},
        {"both, and one that is late", {1, 20, 0, 0}, {100, 100, 99, 99}, 19, 4},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint64_t step = 0; step <= 8; step += 8) {
            sp2_test_context("%s, step %d", cases[i].what, (int)step);
            datagram_list list = {0};
            for (int64_t t = 0; t < TIMES; t++) {
                for (int64_t antenna = 0; antenna < ANTENNAS; antenna++) {
                    if (t >= cases[i].begin[antenna] && t < cases[i].end[antenna]) {
                        add_stamped(&list, (uint64_t)t, 8 * t, antenna);
                    }
                }
            }
            const sp2_receive_stats stats = count_antennas(step, &list);
            check_missing(&stats, cases[i].missing, cases[i].uncertain);
            CHECK_EQ_U64(stats.heaps_unplaced, 0);
        }
    }
}

SP2_TEST(Few_heaps_of_each_of_many_antennas_tell_what_is_missing) {
    for (uint64_t step = 0; step <= 8; step += 8) {
        datagram_list list = {0};
        for (int64_t t = 0; t < 5; t++) {
            for (int64_t antenna = 0; antenna < 384; antenna++) {
                const bool lost = antenna == 7 || antenna == 100 + t || (t == 2 && antenna < 5);
                if (!lost || (antenna == 7 && t == 3)) {
                    add_stamped(&list, (uint64_t)t, 8 * t, antenna);
                }
            }
        }
        /* Of 7 it has a heap; of 100 the first, and of 104 the last may never have been sent. */
        const sp2_receive_stats stats = count_antennas(step, &list);
        check_missing(&stats, 2 + 3 + 5, 4);
    }
}

SP2_TEST(Heaps_of_one_timestamp_claim_nothing) {
    datagram_list list = {0};
    add_antennas(&list, 100, 0, 1);
    const sp2_receive_stats stats = count_antennas(8, &list);
    check_counts(&stats, 0, 0, 0);
    CHECK_EQ_U64(stats.heaps_unplaced, 100);
}

SP2_TEST(Values_that_are_no_antennas_claim_nothing) {
    datagram_list list = {0};
    for (int64_t t = 0; t < 1000; t++) {
        add_stamped(&list, (uint64_t)t, 8 * t, 1000 + t);
    }
    const sp2_receive_stats stats = count_antennas(8, &list);
    CHECK_EQ_U64(stats.heaps_missing, 0);
    CHECK(stats.heaps_uncertain > 1000);
}

SP2_TEST(All_antennas_may_restart) {
    for (int64_t before = 40; before <= 1000; before += 960) {
        datagram_list list = {0};
        add_antennas(&list, 4, 0, (uint64_t)before);
        add_antennas(&list, 4, 0, 200);
        add_antennas(&list, 3, 200, 300);
        const sp2_receive_stats stats = count_antennas(8, &list);
        check_counts(&stats, 4 * ((uint64_t)before + 200) + 300, 100, 4);
        CHECK_EQ_U64(stats.heaps_uncertain, 0);
    }
}

SP2_TEST(Heaps_that_may_still_come_are_known_at_once) {
    for (uint64_t step = 0; step < 2; step++) {
        datagram_list list = {0};
        add_heaps(&list, 1, 1, 20);
        add_heaps(&list, 24, 1, 20);
        add_heap(&list, 48, 22);
        sp2_receive_options options = accounting(step);
        sp2_receive_stream *stream = new_stream(&options);
        sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
        REQUIRE_OK(sp2_inproc_queue_create(NULL, &source.queue));
        for (size_t i = 0; i < list.count; i++) {
            REQUIRE_OK(sp2_inproc_queue_add_packet(source.queue, list.datagrams[i].data,
                                                   list.datagrams[i].length));
        }
        REQUIRE_OK(sp2_receive_stream_add_inproc_source(stream, &source, NULL));
        heap_list heaps = pop_count(stream, 41);
        const sp2_receive_stats before = stats_of(stream);
        CHECK_EQ_U64(before.heaps_missing, 0);
        CHECK_EQ_U64(before.heaps_uncertain, 2);
        REQUIRE_OK(sp2_receive_stream_stop(stream));
        const sp2_receive_stats after = stats_of(stream);
        CHECK_EQ_U64(after.heaps_missing, 2);
        CHECK_EQ_U64(after.heaps_uncertain, 0);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
        sp2_inproc_queue_destroy(source.queue);
        datagrams_free(&list);
    }
}

SP2_TEST(Antenna_with_a_clock_of_its_own_is_not_held_to_others) {
    /* Too far ahead, and as far as the network may have brought it. */
    static const int64_t offsets[] = {257, 1000, 256};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        datagram_list list = {0};
        for (int64_t t = 0; t < 1000; t++) {
            add_stamped(&list, (uint64_t)t, 8 * t, 0);
            add_stamped(&list, (uint64_t)t, 8 * (t + offsets[i]), 1);
        }
        sp2_receive_options options = accounting(8);
        options.count_item = TIMESTAMP;
        options.set_item = ANTENNA;
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 2000, offsets[i] > 256 ? 0 : 256, 0);
        CHECK_EQ_U64(stats.heaps_late + stats.heaps_unplaced, 0);
    }
}

SP2_TEST(Stray_values_of_an_item_change_nothing) {
    datagram_list list = {0};
    add_antennas(&list, 2, 0, 100);
    for (uint64_t i = 0; i < 7; i++) {
        add_stamped(&list, i, 8 * (1000 + (int64_t)i), 77);
    }
    add_antennas(&list, 2, 100, 500);
    sp2_receive_options options = accounting(8);
    options.count_item = TIMESTAMP;
    options.set_item = ANTENNA;
    const sp2_receive_stats stats = count(&options, &list);
    CHECK_EQ_U64(stats.heaps_missing, 0);
}

SP2_TEST(Sources_and_substreams_are_not_held_to_each_other) {
    for (uint64_t i = 0; i < 2; i++) {
        datagram_list list = {0};
        add_antennas(&list, 2, 0, 100);
        add_antennas(&list, 1, 100, 400);
        sp2_receive_options options = accounting(8);
        options.flags |= i == 0 ? SP2_RECEIVE_ACCOUNT_BY_SOURCE : 0;
        options.substreams = i == 0 ? 1 : 2;
        options.cnt_step = i == 0 ? 8 : 16;
        options.count_item = TIMESTAMP;
        options.set_item = ANTENNA;
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, 500, 0, 0);
    }
}

SP2_TEST(Rest_of_an_evicted_heap_is_a_duplicate) {
    /* Eight heaps that come in turns have four slots: each of their packets begins a heap. */
    enum { HEAPS = 8, PARTS = 3 };
    static const uint8_t payload[PARTS] = {0};
    for (uint64_t item = 0; item <= TIMESTAMP; item += TIMESTAMP) {
        datagram_list list = {0};
        for (uint64_t part = 0; part < PARTS; part++) {
            for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
                packet_builder packet;
                packet_begin_heap(&packet, 48, cnt, PARTS, part, 1);
                packet_add_immediate(&packet, TIMESTAMP, cnt);
                packet_add_payload(&packet, payload, 1);
                datagrams_add_packet(&list, &packet);
            }
        }
        sp2_receive_options options = accounting(1);
        options.count_item = item;
        const sp2_receive_stats stats = count(&options, &list);
        check_counts(&stats, HEAPS, 0, 0);
        CHECK_EQ_U64(stats.heaps_duplicate, HEAPS * (PARTS - 1));
    }
}

SP2_TEST(Items_that_are_not_of_senders_are_refused) {
    static const uint64_t refused[] = {1, SP2_RECEIVE_MIN_COUNT_ITEM - 1,
                                       (uint64_t)SP2_RECEIVE_MAX_COUNT_ITEM + 1};
    sp2_receive_stream *stream;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        sp2_receive_options options = accounting(1);
        options.count_item = refused[i];
        CHECK_STATUS(sp2_receive_stream_create(NULL, &options, &stream), SP2_E_ARG);
        options.count_item = SP2_RECEIVE_MAX_COUNT_ITEM;
        options.set_item = refused[i];
        CHECK_STATUS(sp2_receive_stream_create(NULL, &options, &stream), SP2_E_ARG);
    }
}

SP2_TEST(Cnt_step_beyond_its_limit_is_refused) {
    sp2_receive_options options = accounting((uint64_t)SP2_RECEIVE_MAX_CNT_STEP + 1);
    sp2_receive_stream *stream;
    CHECK_STATUS(sp2_receive_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.cnt_step--;
    REQUIRE_OK(sp2_receive_stream_create(NULL, &options, &stream));
    sp2_receive_stream_destroy(stream);
}
