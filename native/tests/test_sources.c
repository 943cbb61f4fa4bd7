/* SPDX-License-Identifier: MIT */
/* Several packet sources of one stream, while its consumer stutters. */
#include <stdatomic.h>
#include <stdlib.h>

#include "loopback.h"
#include "test_threads.h"

enum {
    SOURCES = 4,
    HEAPS = 2000,
    HEAPS_PER_SECOND = 3000,
    PACKETS = 8,
    PACKET_BYTES = 1000,
    HEAP_BYTES = PACKETS * PACKET_BYTES,
    HEAPS_PER_NAP = 50,
    NAP_MS = 20
};

#define SENT ((uint64_t)HEAPS * PACKETS)

typedef struct traffic {
    test_socket senders[SOURCES];
    atomic_bool sent; /* all of it */
} traffic;

/* One heap after another at a steady rate, each to one of the sockets in turn. */
static void *send_in_turn(void *context) {
    traffic *t = context;
    uint8_t *payload = new_payload(HEAP_BYTES, 1);
    const uint64_t start = sp2_test_now_ns();
    for (uint64_t i = 0; i < HEAPS; i++) {
        datagram_list list = {0};
        datagrams_add_heap(&list, i + 1, payload, HEAP_BYTES, PACKET_BYTES);
        while (sp2_test_now_ns() - start < i * 1000000000 / HEAPS_PER_SECOND) {
            sp2_test_nap();
        }
        send_datagrams(t->senders[i % SOURCES], &list);
        datagrams_free(&list);
    }
    free(payload);
    atomic_store(&t->sent, true);
    return NULL;
}

/* Packets that the system has dropped. Windows does not say it: there each that was sent and has
 * not come within a whole second, from `packets_before` on, was dropped. */
static uint64_t dropped(const sp2_receive_stats *stats, bool sent, uint64_t packets_before) {
#if defined(_WIN32)
    return sent && stats->packets == packets_before ? SENT - stats->packets : 0;
#else
    (void)sent;
    (void)packets_before;
    return stats->kernel_drop_messages;
#endif
}

/* Takes heaps until all are accounted for, and stays away for a while after each few. Gives the
 * packets that the system has dropped. */
static uint64_t stutter(sp2_receive_stream *stream, const traffic *t) {
    uint64_t popped = 0;
    uint64_t packets_before = 0;
    uint64_t deadline = sp2_test_now_ns() + PATIENCE_NS; /* for the next heap */
    while (popped < HEAPS && sp2_test_now_ns() < deadline) {
        sp2_heap *heap;
        uint32_t count;
        const bool sent = atomic_load(&t->sent);
        const int32_t status = sp2_receive_stream_pop_wait(stream, &heap, 1, 1000000000, &count);
        if (status == SP2_E_TIMEOUT) {
            const sp2_receive_stats stats = stats_of(stream);
            const uint64_t drops = dropped(&stats, sent, packets_before);
            if (stats.packets + drops >= SENT) {
                return drops;
            }
            packets_before = stats.packets;
            continue;
        }
        REQUIRE_OK(status);
        sp2_heap_release(heap);
        deadline = sp2_test_now_ns() + PATIENCE_NS;
        if (++popped % HEAPS_PER_NAP == 0) {
            for (int i = 0; i < NAP_MS; i++) {
                sp2_test_nap();
            }
        }
    }
    const sp2_receive_stats stats = stats_of(stream);
    return dropped(&stats, false, 0);
}

static void check_nothing_is_evicted(uint32_t threads) {
    sp2_thread_pool_options pool_options = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_thread_pool *pool;
    sp2_receive_stream *stream;
    traffic t;
    test_thread sender;
    const sp2_receive_options options = quiet_options(0);
    pool_options.threads = threads;
    REQUIRE_OK(sp2_thread_pool_create(&pool_options, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    for (int i = 0; i < SOURCES; i++) {
        t.senders[i] = new_sender(AF_INET, open_loopback_source(stream));
    }
    atomic_init(&t.sent, false);
    test_thread_start(&sender, send_in_turn, &t);
    const uint64_t drops = stutter(stream, &t);
    test_thread_join(sender);
    const sp2_receive_stats stats = stats_of(stream);
    /* A heap that lost packets in the kernel is pushed out in the end. */
    CHECK(stats.incomplete_heaps_evicted <= drops);
    CHECK_EQ_U64(stats.packets + drops, SENT);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(pool);
    for (int i = 0; i < SOURCES; i++) {
        test_socket_close(t.senders[i]);
    }
}

SP2_TEST(Stuttering_consumer_costs_no_heap_of_four_sockets) {
    check_nothing_is_evicted(1);
}

SP2_TEST(Stuttering_consumer_costs_no_heap_with_four_threads) {
    check_nothing_is_evicted(4);
}
