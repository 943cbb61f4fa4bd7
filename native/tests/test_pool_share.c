/* SPDX-License-Identifier: MIT */
/* Streams on the one thread of a pool: one that nobody reads does not hold up the others. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver.h"

enum { HEAPS = 10000, HEAP_BYTES = 3000, PACKET_BYTES = 1000, IN_FLIGHT = 20 };

/* Far more than a stop takes; a reader that is stuck takes for ever. */
#define STOP_LIMIT_NS UINT64_C(100000000)

static uint32_t add_reader(sp2_receive_stream *stream) {
    sp2_udp_options options = SP2_UDP_OPTIONS_INIT;
    options.bind_host = "127.0.0.1";
    uint32_t port = 0;
    const int32_t status = sp2_receive_stream_add_udp_reader(stream, &options, &port);
    if (status == SP2_E_UNSUPPORTED) {
        SKIP("this build has no UDP reader");
    }
    REQUIRE_OK(status);
    return port;
}

static int new_sender(uint32_t port) {
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    REQUIRE(sender >= 0);
    REQUIRE(connect(sender, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return sender;
}

static void send_heap(int sender, uint64_t cnt) {
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    for (size_t i = 0; i < list.count; i++) {
        const size_t length = (size_t)list.datagrams[i].length;
        REQUIRE(send(sender, list.datagrams[i].data, length, 0) == (ssize_t)length);
    }
    datagrams_free(&list);
}

static void stop_in_time(sp2_receive_stream *stream) {
    const uint64_t start = sp2_test_now_ns();
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK(sp2_test_now_ns() - start < STOP_LIMIT_NS);
}

/* Sends heaps a few at a time and takes all of them, while the other sender goes on, too. */
static void receive_everything(sp2_receive_stream *stream, int sender, int other_sender) {
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt += IN_FLIGHT) {
        for (uint64_t i = 0; i < IN_FLIGHT; i++) {
            send_heap(sender, cnt + i);
        }
        if (other_sender >= 0) {
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
    CHECK_EQ_U64(stats.kernel_drops, 0);
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
    const int unread_sender = new_sender(add_reader(unread));
    const int sender = new_sender(add_reader(read));
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
    close(sender);
    close(unread_sender);
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
    REQUIRE_OK(sp2_receive_stream_add_datagram_reader(unread, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(unread).worker_blocked > 0, PATIENCE_SECONDS);
    const int sender = new_sender(add_reader(read));

    receive_everything(read, sender, -1);

    /* Nothing was lost meanwhile, either. */
    heap_list heaps = pop_all(unread);
    CHECK_EQ_U64(heaps.count, 3 * IN_FLIGHT);
    heaps_free(&heaps);
    stop_in_time(unread);
    stop_in_time(read);
    sp2_receive_stream_destroy(unread);
    sp2_receive_stream_destroy(read);
    sp2_thread_pool_destroy(pool);
    close(sender);
    datagrams_free(&list);
}
