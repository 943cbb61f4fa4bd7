/* SPDX-License-Identifier: MIT */
/* What the senders of packets tell of heaps that are missing, come again, or are mixed. */
#include "loopback.h"

enum { PARTS = 3, HEAPS = 30, SENDERS = 2 };

static const uint8_t payload[PARTS] = {1, 2, 3};

typedef struct two_senders {
    sp2_receive_stream *stream;
    test_socket sockets[SENDERS];
} two_senders;

static two_senders open_two(uint32_t flags) {
    sp2_receive_options options = quiet_options(SP2_RECEIVE_ACCOUNT_HEAPS | flags);
    options.ring_heaps = 1000;
    two_senders two = {.stream = new_stream(&options)};
    const uint32_t port = open_loopback_source(two.stream);
    for (int i = 0; i < SENDERS; i++) {
        two.sockets[i] = new_sender(AF_INET, port);
    }
    return two;
}

/* Sends the first packets of a heap; a stop heap if these are none. */
static void send_heap(const two_senders *two, int sender, uint64_t cnt, uint64_t parts) {
    datagram_list list = {0};
    for (uint64_t part = 0; part < parts; part++) {
        datagrams_add_part(&list, 48, cnt, PARTS, payload, part, 1);
    }
    if (parts == 0) {
        datagrams_add_stop(&list, cnt);
    }
    send_datagrams(two->sockets[sender], &list);
    datagrams_free(&list);
}

/* Ends the stream by a stop heap of `cnt`. */
static sp2_receive_stats end(two_senders *two, int sender, uint64_t cnt) {
    send_heap(two, sender, cnt, 0);
    heap_list heaps = pop_all(two->stream);
    const sp2_receive_stats stats = stats_of(two->stream);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(two->stream);
    for (int i = 0; i < SENDERS; i++) {
        test_socket_close(two->sockets[i]);
    }
    return stats;
}

SP2_TEST(Separate_senders_have_sequences_of_their_own) {
    two_senders two = open_two(SP2_RECEIVE_SEPARATE_SENDERS);
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        for (int sender = 0; sender < SENDERS; sender++) {
            if (cnt != (uint64_t)(7 + sender)) {
                send_heap(&two, sender, cnt, PARTS);
            }
        }
    }
    const sp2_receive_stats stats = end(&two, 0, HEAPS + 1);
    CHECK_EQ_U64(stats.heaps_accounted, 2 * HEAPS - 2 + 1);
    CHECK_EQ_U64(stats.heaps_missing, 2);
    CHECK_EQ_U64(stats.heaps_duplicate + stats.heaps_mixed + stats.heaps_unplaced, 0);
}

SP2_TEST(Heaps_that_another_sender_had_sent_are_mixed) {
    two_senders two = open_two(SP2_RECEIVE_RECORD_SENDERS);
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        for (int sender = 0; sender < SENDERS; sender++) {
            send_heap(&two, sender, cnt, PARTS);
        }
    }
    const sp2_receive_stats stats = end(&two, 0, HEAPS + 1);
    CHECK_EQ_U64(stats.heaps_accounted, HEAPS + 1);
    CHECK_EQ_U64(stats.heaps_duplicate, HEAPS);
    CHECK_EQ_U64(stats.heaps_mixed, HEAPS);
    CHECK_EQ_U64(stats.heaps_missing + stats.packets_missing, 0);
}

SP2_TEST(Refused_packet_of_another_sender_mixes_its_heap) {
    two_senders two = open_two(SP2_RECEIVE_RECORD_SENDERS);
    send_heap(&two, 0, 1, 1);
    send_heap(&two, 1, 1, 1);
    send_heap(&two, 0, 2, PARTS);
    const sp2_receive_stats stats = end(&two, 0, 3);
    CHECK_EQ_U64(stats.rejected_duplicate, 1);
    CHECK_EQ_U64(stats.heaps_mixed, 1);
}

SP2_TEST(Restart_from_another_port_is_no_loss) {
    static const uint64_t first = 1000000;
    for (int sender = 0; sender < SENDERS; sender++) {
        for (uint64_t after = 8; after <= 80; after += 72) {
            sp2_test_context("%d heaps of sender %d", (int)after, sender);
            two_senders two = open_two(SP2_RECEIVE_RECORD_SENDERS);
            for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
                send_heap(&two, 0, cnt, PARTS);
            }
            for (uint64_t cnt = first; cnt < first + after; cnt++) {
                send_heap(&two, sender, cnt, PARTS);
            }
            const sp2_receive_stats stats = end(&two, sender, first + after);
            const bool restarts = sender == 1;
            CHECK_EQ_U64(stats.heaps_accounted, HEAPS + after + 1);
            CHECK_EQ_U64(stats.heaps_missing, restarts ? 0 : first - HEAPS - 1);
            CHECK_EQ_U64(stats.sender_restarts, restarts);
        }
    }
}

SP2_TEST(Restart_from_another_port_with_the_same_cnts_mixes_nothing) {
    two_senders two = open_two(SP2_RECEIVE_RECORD_SENDERS);
    for (int sender = 0; sender < SENDERS; sender++) {
        for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
            send_heap(&two, sender, cnt, PARTS);
        }
    }
    const sp2_receive_stats stats = end(&two, 1, HEAPS + 1);
    CHECK_EQ_U64(stats.sender_restarts, 1);
    CHECK_EQ_U64(stats.heaps_mixed + stats.heaps_duplicate + stats.heaps_missing, 0);
}

/* Two senders in bursts: each sends `burst` heaps, then the other one does. */
static sp2_receive_stats in_bursts(uint64_t burst, uint64_t rounds) {
    two_senders two = open_two(SP2_RECEIVE_RECORD_SENDERS);
    uint64_t sent = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        for (int sender = 0; sender < SENDERS; sender++) {
            for (uint64_t i = 1; i <= burst; i++) {
                send_heap(&two, sender, round * burst + i, PARTS);
                sent += PARTS;
            }
            WAIT_UNTIL(stats_of(two.stream).packets == sent, PATIENCE_SECONDS);
        }
    }
    return end(&two, 0, rounds * burst + 1);
}

SP2_TEST(Second_sender_that_begins_is_no_restart) {
    const sp2_receive_stats stats = in_bursts(16, 10);
    CHECK_EQ_U64(stats.sender_restarts, 0);
    CHECK_EQ_U64(stats.heaps_missing, 0);
    CHECK_EQ_U64(stats.heaps_accounted, 16 * 10 + 1);
    CHECK_EQ_U64(stats.heaps_mixed, 16 * 10);
}

/* A burst that is as long as all that is waited for looks like a restart, once. */
SP2_TEST(Senders_that_take_turns_restart_once_at_most) {
    const sp2_receive_stats stats = in_bursts(100, 4);
    CHECK(stats.sender_restarts <= 1);
    CHECK_EQ_U64(stats.heaps_missing, 0);
}

/* The second one has what the first one lost, and is its restart all the same. */
SP2_TEST(Restart_fills_no_holes_of_the_sender_before) {
    two_senders two = open_two(SP2_RECEIVE_RECORD_SENDERS);
    for (int sender = 0; sender < SENDERS; sender++) {
        for (uint64_t cnt = 1; cnt <= HEAPS + (uint64_t)sender; cnt++) {
            if (sender == 1 || cnt != 20) {
                send_heap(&two, sender, cnt, PARTS);
            }
        }
    }
    const sp2_receive_stats stats = end(&two, 1, HEAPS + 2);
    CHECK_EQ_U64(stats.sender_restarts, 1);
    CHECK_EQ_U64(stats.heaps_missing, 1);
    CHECK_EQ_U64(stats.heaps_mixed + stats.heaps_duplicate, 0);
}
