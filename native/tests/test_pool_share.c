/* SPDX-License-Identifier: MIT */
/* Streams on the one thread of a pool: one that nobody reads does not hold up the others. */
#include "loopback.h"

enum { HEAPS = 10000, HEAP_BYTES = 3000, PACKET_BYTES = 1000, IN_FLIGHT = 20 };

/* Far more than a stop takes; a reader that is stuck takes forever. */
#define STOP_LIMIT_NS UINT64_C(100000000)

static void send_heap(test_socket sender, uint64_t cnt) {
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    send_datagrams(sender, &list);
    datagrams_free(&list);
}

static void stop_in_time(sp2_receive_stream *stream) {
    const uint64_t start = sp2_test_now_ns();
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK(sp2_test_now_ns() - start < STOP_LIMIT_NS);
}

/* Sends heaps a few at a time and takes all of them, while the other sender goes on, too. */
static void receive_everything(sp2_receive_stream *stream, test_socket sender,
                               test_socket other_sender) {
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt += IN_FLIGHT) {
        for (uint64_t i = 0; i < IN_FLIGHT; i++) {
            send_heap(sender, cnt + i);
        }
        if (other_sender != NO_SOCKET) {
            send_heap(other_sender, cnt);
        }
        heap_list heaps = pop_count(stream, IN_FLIGHT);
        for (uint64_t i = 0; i < heaps.count; i++) {
            check_filled_heap(heaps.heaps[i], cnt + i, HEAP_BYTES);
        }
        heaps_free(&heaps);
    }
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.heaps, HEAPS);
    CHECK_EQ_U64(stats.packets_accepted, HEAPS * HEAP_BYTES / PACKET_BYTES);
    CHECK_EQ_U64(stats.kernel_drop_messages, 0);
}

SP2_TEST(Full_ring_of_one_udp_stream_costs_the_other_nothing) {
    sp2_thread_pool *pool;
    sp2_receive_stream *unread;
    sp2_receive_stream *read;
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = IN_FLIGHT;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &unread));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &read));
    const test_socket unread_sender = new_sender(AF_INET, open_loopback_source(unread));
    const test_socket sender = new_sender(AF_INET, open_loopback_source(read));
    for (uint64_t cnt = 1; cnt <= 2 * IN_FLIGHT; cnt++) {
        send_heap(unread_sender, cnt);
    }
    WAIT_UNTIL(stats_of(unread).worker_blocked > 0, PATIENCE_SECONDS);

    receive_everything(read, sender, unread_sender);

    const uint64_t blocked = stats_of(unread).worker_blocked;
    stop_in_time(unread);
    CHECK(blocked < HEAPS / 10); /* paused, not trying again and again */
    heap_list heaps = pop_all(unread);
    CHECK(heaps.count >= IN_FLIGHT);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
    }
    heaps_free(&heaps);
    stop_in_time(read);
    sp2_receive_stream_destroy(unread);
    sp2_receive_stream_destroy(read);
    sp2_thread_pool_destroy(pool);
    test_socket_close(sender);
    test_socket_close(unread_sender);
}

SP2_TEST(Full_ring_of_a_stream_from_memory_costs_a_udp_stream_nothing) {
    sp2_thread_pool *pool;
    sp2_receive_stream *unread;
    sp2_receive_stream *read;
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = IN_FLIGHT;
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 3 * IN_FLIGHT; cnt++) {
        datagrams_add_heap(&list, cnt, (const uint8_t *)"abcd", 4, 4);
    }
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &unread));
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &read));
    REQUIRE_OK(add_datagram_source(unread, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(unread).worker_blocked > 0, PATIENCE_SECONDS);
    const test_socket sender = new_sender(AF_INET, open_loopback_source(read));

    receive_everything(read, sender, NO_SOCKET);

    /* Nothing was lost meanwhile, either. */
    heap_list heaps = pop_all(unread);
    CHECK_EQ_U64(heaps.count, 3 * IN_FLIGHT);
    heaps_free(&heaps);
    stop_in_time(unread);
    stop_in_time(read);
    sp2_receive_stream_destroy(unread);
    sp2_receive_stream_destroy(read);
    sp2_thread_pool_destroy(pool);
    test_socket_close(sender);
    datagrams_free(&list);
}
