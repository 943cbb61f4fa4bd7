/* SPDX-License-Identifier: MIT */
/* Warnings that a stream makes when there is a reason, and what they advise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_capture.h"
#include "loopback.h"

/* ---- more heaps under way than slots ---- */

enum { SENDERS = 8, PART_BYTES = 16, MOST_SENDERS = 40, HEAPS_OF_A_SENDER = 6 };

/* A heap that a sender is sending. */
typedef struct sending {
    uint64_t cnt;
    uint32_t parts;
    uint32_t sent;
} sending;

static void add_part(datagram_list *list, sending *heap) {
    const uint64_t length = (uint64_t)heap->parts * PART_BYTES;
    uint8_t *payload = new_payload(length, heap->cnt);
    datagrams_add_part(list, 48, heap->cnt, (int64_t)length, payload,
                       (uint64_t)heap->sent * PART_BYTES, PART_BYTES);
    heap->sent++;
    free(payload);
}

/* Two rounds of heaps of so many senders that take turns after each packet. */
static datagram_list heaps_in_turns(uint32_t senders) {
    datagram_list list = {0};
    for (uint64_t round = 0; round < 2; round++) {
        sending heaps[MOST_SENDERS];
        for (uint32_t i = 0; i < senders; i++) {
            heaps[i] = (sending){.cnt = round * senders + i + 1, .parts = 5};
        }
        for (uint32_t part = 0; part < heaps[0].parts; part++) {
            for (uint32_t i = 0; i < senders; i++) {
                add_part(&list, &heaps[i]);
            }
        }
    }
    return list;
}

/* Heaps of several senders, each of which sends when it likes. */
static datagram_list heaps_at_random(sp2_test_rng *rng, uint32_t senders, uint64_t *heap_count) {
    datagram_list list = {0};
    sending heaps[MOST_SENDERS] = {{0}};
    uint64_t cnt = 0;
    const uint64_t most = (uint64_t)senders * HEAPS_OF_A_SENDER;
    uint32_t busy = senders;
    while (busy != 0) {
        const uint64_t i = sp2_test_below(rng, senders);
        if (heaps[i].sent == heaps[i].parts && cnt < most) {
            heaps[i] = (sending){.cnt = ++cnt, .parts = (uint32_t)(2 + sp2_test_below(rng, 6))};
        }
        if (heaps[i].sent < heaps[i].parts) {
            add_part(&list, &heaps[i]);
        }
        busy = 0;
        for (uint32_t k = 0; k < senders; k++) {
            busy += heaps[k].sent < heaps[k].parts || cnt < most;
        }
    }
    *heap_count = cnt;
    return list;
}

static uint64_t count_complete(const sp2_receive_options *options, const datagram_list *list,
                               sp2_receive_stats *stats) {
    heap_list heaps = receive(options, list, stats);
    const uint64_t count = heaps.count;
    heaps_free(&heaps);
    return count;
}

static sp2_receive_options logged_options(log_capture *log, uint64_t max_heaps) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.log = log_capture_message;
    options.log_context = log;
    options.max_heaps = max_heaps;
    return options;
}

SP2_TEST(Eight_senders_in_turns_are_told_that_8_slots_suffice) {
    datagram_list list = heaps_in_turns(SENDERS);
    log_capture log = LOG_CAPTURE_INIT;
    sp2_receive_options options = logged_options(&log, 0);
    sp2_receive_stats stats;
    CHECK_EQ_U64(count_complete(&options, &list, &stats), 0);
    CHECK_EQ_U64(stats.max_heaps_needed, SENDERS);
    CHECK(log_capture_contains(&log, "max_heaps, which is 4; 8 would have sufficed so far"));
    CHECK_EQ_U64(log_capture_count_of(&log, "would have sufficed"), 1);
    log_capture enough = LOG_CAPTURE_INIT;
    options = logged_options(&enough, stats.max_heaps_needed);
    CHECK_EQ_U64(count_complete(&options, &list, &stats), 2 * SENDERS);
    CHECK_EQ_U64(stats.max_heaps_needed, 0);
    CHECK_EQ_U64(enough.length, 0);
    datagrams_free(&list);
}

SP2_TEST(Slots_that_would_have_sufficed_do_and_fewer_do_not) {
    sp2_test_rng rng = sp2_test_random();
    for (int i = 0; i < 50; i++) {
        const uint32_t senders = (uint32_t)(5 + sp2_test_below(&rng, MOST_SENDERS - 5));
        uint64_t heaps;
        datagram_list list = heaps_at_random(&rng, senders, &heaps);
        sp2_test_context("%d senders", (int)senders);
        sp2_receive_options options = quiet_options(i % 2 == 0 ? 0 : SP2_RECEIVE_IN_ORDER);
        options.max_heaps = 1 + sp2_test_below(&rng, 4);
        sp2_receive_stats stats;
        CHECK(count_complete(&options, &list, &stats) < heaps);
        const uint64_t needed = stats.max_heaps_needed;
        CHECK(needed > options.max_heaps);
        options.max_heaps = needed;
        CHECK_EQ_U64(count_complete(&options, &list, &stats), heaps);
        CHECK_EQ_U64(stats.max_heaps_needed, 0);
        options.max_heaps = needed - 1;
        CHECK(count_complete(&options, &list, &stats) < heaps);
        CHECK_EQ_U64(stats.max_heaps_needed, needed);
        datagrams_free(&list);
    }
}

SP2_TEST(Value_that_is_needed_in_the_end_is_said_last) {
    datagram_list list = heaps_in_turns(SENDERS);
    datagram_list more = heaps_in_turns(SENDERS + 3);
    for (size_t i = 0; i < more.count; i++) {
        datagrams_add(&list, more.datagrams[i].data, more.datagrams[i].length);
    }
    log_capture log = LOG_CAPTURE_INIT;
    sp2_receive_options options = logged_options(&log, 0);
    sp2_receive_stats stats;
    CHECK_EQ_U64(count_complete(&options, &list, &stats), 0);
    CHECK_EQ_U64(stats.max_heaps_needed, SENDERS + 3);
    CHECK_EQ_U64(log_capture_count_of(&log, "; 8 would have sufficed so far"), 1);
    CHECK_EQ_U64(log_capture_count_of(&log, "; 11 would have sufficed\n"), 1);
    CHECK_EQ_U64(log_capture_count_of(&log, "would have sufficed"), 2);
    datagrams_free(&more);
    datagrams_free(&list);
}

/* Packets that are lost evict heaps, too, but no slot would have helped; nor do a sender's cnts
 * that begin again. */
SP2_TEST(Loss_and_restarts_ask_for_no_slots) {
    datagram_list list = {0};
    for (uint64_t run = 0; run < 3; run++) {
        for (uint64_t cnt = 1; cnt <= 6; cnt++) {
            sending heap = {.cnt = cnt, .parts = 5};
            while (heap.sent < heap.parts) {
                if (heap.sent == 3) {
                    heap.sent++; /* lost */
                } else {
                    add_part(&list, &heap);
                }
            }
        }
    }
    log_capture log = LOG_CAPTURE_INIT;
    const sp2_receive_options options = logged_options(&log, 0);
    sp2_receive_stats stats;
    CHECK_EQ_U64(count_complete(&options, &list, &stats), 0);
    CHECK_EQ_U64(stats.incomplete_heaps_evicted, 14);
    CHECK_EQ_U64(stats.max_heaps_needed, 0);
    CHECK(!log_capture_contains(&log, "sufficed"));
    datagrams_free(&list);
}

SP2_TEST(Heap_evicted_long_ago_is_forgotten) {
    for (uint64_t others = SP2_RECEIVE_EVICTED_HEAPS - 1; others <= SP2_RECEIVE_EVICTED_HEAPS;
         others++) {
        datagram_list list = {0};
        sending first = {.cnt = 0, .parts = 2};
        add_part(&list, &first);
        for (uint64_t cnt = 1; cnt <= others + 1; cnt++) {
            sending heap = {.cnt = cnt, .parts = 2};
            add_part(&list, &heap);
        }
        add_part(&list, &first);
        sp2_receive_options options = quiet_options(0);
        options.max_heaps = 1;
        sp2_receive_stats stats;
        CHECK_EQ_U64(count_complete(&options, &list, &stats), 0);
        CHECK_EQ_U64(stats.max_heaps_needed, others < SP2_RECEIVE_EVICTED_HEAPS ? others + 2 : 0);
        datagrams_free(&list);
    }
}

/* ---- pauses ---- */

enum { FEW_HEAPS = 20, FLOOD_HEAPS = 2000, SMALL_HEAP = 1000, SMALL_BUFFER = 65536 };

static datagram_list small_heaps(uint64_t first, uint64_t count) {
    datagram_list list = {0};
    for (uint64_t cnt = first; cnt < first + count; cnt++) {
        uint8_t payload[SMALL_HEAP];
        fill_payload(payload, SMALL_HEAP, cnt);
        datagrams_add_heap(&list, cnt, payload, SMALL_HEAP, SMALL_HEAP);
    }
    return list;
}

/* A stream whose socket has a small buffer, and whose sources pause. */
static sp2_receive_stream *paused_stream(log_capture *log, int64_t long_pause_ns,
                                         test_socket *sender) {
    sp2_receive_options options = logged_options(log, 0);
    options.ring_heaps = 1;
    options.long_pause_ns = long_pause_ns;
    sp2_receive_stream *stream = new_stream(&options);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = SMALL_BUFFER;
    *sender = new_sender(AF_INET, open_udp_source(stream, &udp));
    datagram_list list = small_heaps(1, FEW_HEAPS);
    send_datagrams(*sender, &list);
    datagrams_free(&list);
    WAIT_UNTIL(stats_of(stream).worker_blocked != 0, PATIENCE_SECONDS);
    return stream;
}

SP2_TEST(Pause_that_loses_nothing_is_no_warning) {
    log_capture log = LOG_CAPTURE_INIT;
    test_socket sender;
    sp2_receive_stream *stream = paused_stream(&log, SP2_NEVER_LONG, &sender);
    heap_list heaps = pop_count(stream, FEW_HEAPS);
    CHECK_EQ_U64(heaps.count, FEW_HEAPS);
    CHECK_EQ_U64(stats_of(stream).kernel_drop_messages, 0);
    heaps_free(&heaps);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(log.length, 0);
}

SP2_TEST(Pause_in_which_the_kernel_drops_is_a_warning) {
    log_capture log = LOG_CAPTURE_INIT;
    test_socket sender;
    sp2_receive_stream *stream = paused_stream(&log, SP2_NEVER_LONG, &sender);
    datagram_list list = small_heaps(FEW_HEAPS + 1, FLOOD_HEAPS);
    send_datagrams(sender, &list);
    datagrams_free(&list);
    const uint64_t dropped = stats_of(stream).kernel_drop_messages;
    if (dropped == 0) {
        test_socket_close(sender);
        sp2_receive_stream_destroy(stream);
        SKIP("this system does not say what its sockets drop");
    }
    heap_list heaps = pop_count(stream, FEW_HEAPS);
    heaps_free(&heaps);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    char text[100];
    snprintf(text, sizeof(text),
             "the ring was full: the consumer is too slow, and the kernel has "
             "dropped %d messages",
             (int)dropped);
    CHECK_CONTAINS(log.text, text);
    CHECK_EQ_U64(log_capture_count_of(&log, "the ring"), 1);
}

SP2_TEST(Pause_is_long_after_the_time_that_was_set) {
    static const int64_t limits[] = {1, 20 * INT64_C(1000000)};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        sp2_test_context("%d ns", (int)limits[i]);
        log_capture log = LOG_CAPTURE_INIT;
        test_socket sender;
        sp2_receive_stream *stream = paused_stream(&log, limits[i], &sender);
        WAIT_UNTIL(log_capture_contains(&log, "the ring is full, for "), PATIENCE_SECONDS);
        CHECK_EQ_U64(log_capture_count_of(&log, "the ring"), 1);
        test_socket_close(sender);
        sp2_receive_stream_destroy(stream);
        CHECK_EQ_U64(log_capture_count_of(&log, "the ring"), 1);
    }
}

SP2_TEST(Time_of_a_long_pause_is_checked) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.long_pause_ns = SP2_NEVER_LONG - 1;
    sp2_receive_stream *stream;
    CHECK_STATUS(sp2_receive_stream_create(NULL, &options, &stream), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "long_pause_ns is -2");
}
