/* SPDX-License-Identifier: MIT */
/* The UDP source over loopback. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_capture.h"
#include "loopback.h"

enum { HEAP_BYTES = 4000, PACKET_BYTES = 1000 };

static sp2_udp_source_options loopback(void) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.bind_host = "127.0.0.1";
    options.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    return options;
}

static sp2_receive_options logged_options(log_capture *log) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.log = log_capture_message;
    options.log_context = log;
    options.log_level = SP2_LOG_INFO;
    return options;
}

static datagram_list filled_heaps(uint64_t first, uint64_t count) {
    datagram_list list = {0};
    for (uint64_t cnt = first; cnt < first + count; cnt++) {
        uint8_t payload[HEAP_BYTES];
        fill_payload(payload, HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    }
    return list;
}

/* Sends heaps one by one and takes each before the next, so that no buffer can be too small. */
static void exchange_heaps(sp2_receive_stream *stream, test_socket sender, uint64_t count) {
    for (uint64_t cnt = 1; cnt <= count; cnt++) {
        datagram_list list = filled_heaps(cnt, 1);
        send_datagrams(sender, &list);
        heap_list heaps = pop_count(stream, 1);
        check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Heaps_arrive_on_a_port_that_the_system_chose) {
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = loopback();
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    exchange_heaps(stream, sender, 200);
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.heaps, 200);
    CHECK_EQ_U64(stats.packets, 200 * HEAP_BYTES / PACKET_BYTES);
    CHECK_EQ_U64(stats.packets_accepted, stats.packets);
    CHECK(stats.batches >= 200 && stats.batches <= stats.packets);
    CHECK(stats.max_batch >= 1 && stats.max_batch <= HEAP_BYTES / PACKET_BYTES);
    CHECK_EQ_U64(stats.kernel_drop_messages, 0);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Every_address_of_the_host_is_the_default) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.bind_host = NULL;
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    exchange_heaps(stream, sender, 3);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Host_name_is_resolved) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.bind_host = "localhost";
    uint32_t port;
    const int32_t status = add_udp_source(stream, &options, &port);
    sp2_receive_stream_destroy(stream);
    if (status == SP2_E_ADDRESS || status == SP2_E_UNSUPPORTED) {
        SKIP("localhost does not resolve here: %s", sp2_last_error_message());
    }
    CHECK_STATUS(status, SP2_OK);
}

SP2_TEST(Ipv6_loopback_works) {
    if (!has_ipv6_loopback()) {
        SKIP("this system has no IPv6 loopback address");
    }
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.bind_host = "::1";
    const test_socket sender = new_sender(AF_INET6, open_udp_source(stream, &options));
    exchange_heaps(stream, sender, 20);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Port_may_be_null) {
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = loopback();
    const int32_t status = add_udp_source(stream, &options, NULL);
    CHECK(status == SP2_OK || status == SP2_E_UNSUPPORTED);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Port_in_use_is_named) {
    sp2_receive_stream *first = new_stream(NULL);
    sp2_receive_stream *second = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.port = open_udp_source(first, &options);
    uint32_t port = 12345;
    CHECK_STATUS(add_udp_source(second, &options, &port), SP2_E_OS);
    CHECK_EQ_U64(port, 0);
    CHECK_EQ_I64(sp2_last_error_os_code(), TEST_ADDRESS_IN_USE);
    char named[16];
    snprintf(named, sizeof(named), "%u", (unsigned)options.port);
    CHECK_CONTAINS(sp2_last_error_message(), named);
    sp2_receive_stream_destroy(first);
    sp2_receive_stream_destroy(second);
}

SP2_TEST(Port_is_free_again_as_soon_as_stop_returns) {
    sp2_receive_stream *streams[20];
    sp2_udp_source_options options = loopback();
    for (int i = 0; i < 20; i++) {
        streams[i] = new_stream(NULL);
        options.port = open_udp_source(streams[i], &options);
        REQUIRE_OK(sp2_receive_stream_stop(streams[i]));
    }
    for (int i = 0; i < 20; i++) {
        sp2_receive_stream_destroy(streams[i]);
    }
}

SP2_TEST(Stop_item_closes_the_socket) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.port = open_udp_source(stream, &options);
    const test_socket sender = new_sender(AF_INET, options.port);
    datagram_list list = filled_heaps(1, 1);
    datagrams_add_stop(&list, 2);
    send_datagrams(sender, &list);
    heap_list heaps = pop_all(stream);
    if (CHECK_EQ_U64(heaps.count, 1)) {
        check_filled_heap(heaps.heaps[0], 1, HEAP_BYTES);
    }
    CHECK_EQ_U64(stats_of(stream).stop_heaps, 1);
    /* While the stream still exists. */
    sp2_receive_stream *other = new_stream(NULL);
    uint32_t port = 0;
    WAIT_UNTIL(add_udp_source(other, &options, &port) == SP2_OK, PATIENCE_SECONDS);
    CHECK_EQ_U64(port, options.port);
    sp2_receive_stream_destroy(other);
    heaps_free(&heaps);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Host_that_does_not_resolve_is_named) {
    static const char *const hosts[] = {"no-such-host.invalid", "256.1.1.1", "a b"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        sp2_receive_stream *stream = new_stream(NULL);
        sp2_udp_source_options options = loopback();
        options.bind_host = hosts[i];
        uint32_t port = 12345;
        const int32_t status = add_udp_source(stream, &options, &port);
        CHECK_EQ_U64(port, 0);
        if (status == SP2_E_UNSUPPORTED) {
            sp2_receive_stream_destroy(stream);
            SKIP("this build has no UDP source");
        }
        CHECK_STATUS(status, SP2_E_ADDRESS);
        CHECK_CONTAINS(sp2_last_error_message(), hosts[i]);
        sp2_receive_stream_destroy(stream);
    }
}

/* An address that is reserved for documentation. */
#define OTHER_HOST "192.0.2.1"

static bool binds_to_other_hosts(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    inet_pton(AF_INET, OTHER_HOST, &address.sin_addr);
    const test_socket probe = socket(AF_INET, SOCK_DGRAM, 0);
    const bool bound = bind(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;
    test_socket_close(probe);
    return bound;
}

SP2_TEST(Address_of_another_host_cannot_be_bound) {
    if (binds_to_other_hosts()) {
        SKIP("this system binds to addresses that it does not have, as Wine does");
    }
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.bind_host = OTHER_HOST;
    uint32_t port = 12345;
    const int32_t status = add_udp_source(stream, &options, &port);
    CHECK(status == SP2_E_OS || status == SP2_E_ADDRESS || status == SP2_E_UNSUPPORTED);
    CHECK_EQ_U64(port, 0);
    CHECK_CONTAINS(sp2_last_error_message(), OTHER_HOST);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Datagrams_that_are_no_packets_are_counted_by_reason) {
    static log_capture log = LOG_CAPTURE_INIT;
    const sp2_receive_options receive_options = logged_options(&log);
    sp2_receive_stream *stream = new_stream(&receive_options);
    sp2_udp_source_options options = loopback();
    options.max_size = 1500;
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));

    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, 1);
    datagram_list list = {0};
    datagrams_add(&list, "", 0); /* empty */
    datagrams_add(&list, "S", 1);
    datagrams_add(&list, "this is not a SPEAD packet", 26);
    packet_builder packet;
    packet_begin_heap(&packet, 48, 1, 4, 0, 4); /* longer than it says */
    packet_add_payload(&packet, "abcdefg", 7);
    datagrams_add_packet(&list, &packet);
    datagrams_add_heap(&list, 2, payload, 1452, 1452); /* 1500 bytes: as large as may be */
    datagrams_add_heap(&list, 3, payload, 1453, 1453); /* 1501 bytes */
    datagrams_add_heap(&list, 4, payload, HEAP_BYTES, HEAP_BYTES);
    send_datagrams(sender, &list);
    fill_payload(payload, HEAP_BYTES, 1);
    heap_list heaps = pop_count(stream, 1);
    check_heap(heaps.heaps[0], 2, payload, 1452);
    heaps_free(&heaps);

    WAIT_UNTIL(stats_of(stream).truncated == 2, PATIENCE_SECONDS);
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.empty, 1);
    CHECK_EQ_U64(stats.malformed, 2);
    CHECK_EQ_U64(stats.size_mismatch, 1);
    CHECK_EQ_U64(stats.truncated, 2);
    CHECK_EQ_U64(stats.packets, 1);
    CHECK_EQ_U64(stats.heaps, 1);
    CHECK(log_capture_contains(&log, "1500"));

    datagrams_free(&list);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Largest_datagram_is_received) {
    enum { LARGEST = 65507 };
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.max_size = SP2_UDP_LARGEST_DATAGRAM;
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    uint8_t *payload = new_payload(LARGEST - 48, 1);
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, payload, LARGEST - 48, LARGEST - 48);
    CHECK_EQ_U64(list.datagrams[0].length, LARGEST);
    send_datagrams(sender, &list);
    heap_list heaps = pop_count(stream, 1);
    check_heap(heaps.heaps[0], 1, payload, LARGEST - 48);
    heaps_free(&heaps);
    datagrams_free(&list);
    free(payload);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Default_size_limit_is_9200_bytes) {
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = loopback();
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    uint8_t *payload = new_payload(9200, 1);
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, payload, SP2_UDP_DEFAULT_MAX_SIZE - 48 + 1, 9200);
    datagrams_add_heap(&list, 2, payload, SP2_UDP_DEFAULT_MAX_SIZE - 48, 9200);
    send_datagrams(sender, &list);
    heap_list heaps = pop_count(stream, 1);
    CHECK_EQ_U64(info_of(heaps.heaps[0]).cnt, 2);
    CHECK_EQ_U64(stats_of(stream).truncated, 1);
    heaps_free(&heaps);
    datagrams_free(&list);
    free(payload);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Segments_that_the_kernel_joined_are_cut_again) {
    enum { HEAPS = 100 };
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = loopback();
    const uint32_t port = open_udp_source(stream, &options);
    const test_socket joining = new_sender(AF_INET, port);
    const test_socket plain = new_sender(AF_INET, port);
    /* Joined and plain messages in turns: each is read on its own terms. */
    bool supported = true;
    for (uint64_t cnt = 1; cnt <= HEAPS && supported; cnt++) {
        datagram_list list = filled_heaps(cnt, 1);
        /* A shorter segment at the end. */
        datagrams_add_heap(&list, 1000 + cnt, (const uint8_t *)"abcd", 4, 4);
        if (cnt % 2 == 0) {
            send_datagrams(plain, &list);
        } else {
            supported = send_as_segments(joining, &list);
        }
        if (supported) {
            heap_list heaps = pop_count(stream, 2);
            check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
            check_heap(heaps.heaps[1], 1000 + cnt, (const uint8_t *)"abcd", 4);
            heaps_free(&heaps);
        }
        datagrams_free(&list);
    }
    const char *reason = strerror(errno);
    const sp2_receive_stats stats = stats_of(stream);
    test_socket_close(joining);
    test_socket_close(plain);
    sp2_receive_stream_destroy(stream);
    if (!supported) {
        SKIP("this system does not segment UDP messages: %s", reason);
    }
    CHECK_EQ_U64(stats.packets, HEAPS * 5);
    CHECK_EQ_U64(stats.malformed + stats.size_mismatch + stats.truncated + stats.empty, 0);
    CHECK(stats.max_batch >= 5);
}

SP2_TEST(Bad_segments_are_counted_one_by_one) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = loopback();
    options.max_size = 100;
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    static const uint8_t payload[100] = {1, 2, 3};
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 4; cnt++) { /* 101 bytes each: one too many */
        datagrams_add_heap(&list, cnt, payload, 53, 53);
    }
    datagram_list junk = {0};
    for (int i = 0; i < 4; i++) {
        datagrams_add(&junk, payload, 80);
    }
    datagrams_add_heap(&junk, 9, payload, 32, 32); /* 80 bytes, good */
    const bool sent = send_as_segments(sender, &list) && send_as_segments(sender, &junk);
    const char *reason = strerror(errno);
    if (sent) {
        heap_list heaps = pop_count(stream, 1);
        check_heap(heaps.heaps[0], 9, payload, 32);
        heaps_free(&heaps);
        const sp2_receive_stats stats = stats_of(stream);
        CHECK_EQ_U64(stats.truncated, 4);
        CHECK_EQ_U64(stats.malformed, 4);
        CHECK_EQ_U64(stats.packets, 1);
    }
    datagrams_free(&list);
    datagrams_free(&junk);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    if (!sent) {
        SKIP("this system does not segment UDP messages: %s", reason);
    }
}

SP2_TEST(Segments_that_a_stop_leaves_over_are_counted) {
    enum { SEGMENTS = 11 };
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 2;
    sp2_receive_stream *stream = new_stream(&options);
    const sp2_udp_source_options udp = loopback();
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &udp));
    static const uint8_t payload[PACKET_BYTES] = {1, 2, 3};
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt < SEGMENTS; cnt++) {
        datagrams_add_heap(&list, cnt, payload, PACKET_BYTES, PACKET_BYTES);
    }
    datagrams_add_heap(&list, SEGMENTS, payload, 4, 4); /* a shorter one at the end */
    const bool sent = send_as_segments(sender, &list);
    const char *reason = strerror(errno);
    if (sent) {
        WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
        REQUIRE_OK(sp2_receive_stream_stop(stream));
        const sp2_receive_stats stats = stats_of(stream);
        CHECK(stats.packets >= 2 && stats.packets < SEGMENTS);
        CHECK_EQ_U64(stats.datagrams_dropped_at_stop, SEGMENTS - stats.packets);
    }
    datagrams_free(&list);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    if (!sent) {
        SKIP("this system does not segment UDP messages: %s", reason);
    }
}

/* Whether the kernel says how many packets of a socket it has dropped. */
static bool kernel_tells_drops(void) {
    bool told = false;
#if defined(SO_MEMINFO)
    uint32_t info[9]; /* the last one are the drops */
    socklen_t length = sizeof(info);
    const test_socket probe = socket(AF_INET, SOCK_DGRAM, 0);
    told = getsockopt(probe, SOL_SOCKET, SO_MEMINFO, info, &length) == 0 && length == sizeof(info);
    test_socket_close(probe);
#endif
    return told;
}

SP2_TEST(Kernel_drops_are_counted_when_the_consumer_does_not_read) {
    enum { PACKETS = 2000 };
    if (!kernel_tells_drops()) {
        SKIP("this system does not say how many packets of a socket it dropped");
    }
    sp2_receive_options receive_options = quiet_options(0);
    receive_options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&receive_options);
    sp2_udp_source_options options = loopback();
    options.buffer_size = 16384;
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= PACKETS; cnt++) {
        uint8_t payload[PACKET_BYTES];
        fill_payload(payload, PACKET_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, PACKET_BYTES, PACKET_BYTES);
    }
    send_datagrams(sender, &list);
    WAIT_UNTIL(stats_of(stream).worker_blocked >= 1, PATIENCE_SECONDS);

    /* What was not dropped arrives once the consumer reads; then one more tells the drops. */
    uint64_t received = 0;
    uint64_t last = 0;
    uint64_t marker = PACKETS;
    bool done = false;
    const uint64_t deadline = sp2_test_now_ns() + PATIENCE_NS;
    while (!done && sp2_test_now_ns() < deadline) {
        datagram_list one = {0};
        uint8_t payload[PACKET_BYTES];
        fill_payload(payload, PACKET_BYTES, ++marker);
        datagrams_add_heap(&one, marker, payload, PACKET_BYTES, PACKET_BYTES);
        send_datagrams(sender, &one);
        datagrams_free(&one);
        sp2_heap *heap;
        uint32_t count;
        while (sp2_receive_stream_pop_wait(stream, &heap, 1, 10000000, &count) == SP2_OK) {
            const uint64_t cnt = info_of(heap).cnt;
            check_filled_heap(heap, cnt, PACKET_BYTES);
            CHECK(cnt > last);
            last = cnt;
            received++;
            sp2_heap_release(heap);
        }
        done = last == marker && stats_of(stream).kernel_drop_messages + received == marker;
    }
    const sp2_receive_stats stats = stats_of(stream);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    CHECK(received < PACKETS);
    CHECK_EQ_U64(stats.kernel_drop_messages + received, marker);
}

SP2_TEST(Advice_on_a_socket_buffer_is_no_more_than_Linux_grants) {
#if defined(_WIN32)
    SKIP("Windows grants buffers of any size");
#endif
    /* No kernel grants these; the first is less than twice of what the kernel can grant. */
    static const uint64_t sizes[] = {UINT64_C(3) << 29, UINT64_C(1) << 40};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        static log_capture log;
        log = (log_capture)LOG_CAPTURE_INIT;
        const sp2_receive_options receive_options = logged_options(&log);
        sp2_receive_stream *stream = new_stream(&receive_options);
        sp2_udp_source_options options = loopback();
        options.buffer_size = sizes[i];
        open_udp_source(stream, &options);
        sp2_receive_stream_destroy(stream);
        char named[32];
        snprintf(named, sizeof(named), "%llu", (unsigned long long)sizes[i]);
        CHECK_EQ_U64(log_capture_count(&log, SP2_LOG_WARNING), 1);
        CHECK_CONTAINS(log.text, named);
        CHECK_CONTAINS(log.text, "Linux grants 1073741823 at most");
        CHECK(strstr(log.text, "rmem_max=") == NULL ||
              strstr(log.text, "to allow that, run `sysctl -w net.core.rmem_max=1073741823`") !=
                  NULL);
    }
}

SP2_TEST(Socket_buffer_that_is_granted_gives_no_warning) {
    static log_capture log = LOG_CAPTURE_INIT;
    static const uint64_t sizes[] = {4096, 65536, SP2_UDP_BUFFER_SIZE_OS};
    const sp2_receive_options receive_options = logged_options(&log);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        sp2_receive_stream *stream = new_stream(&receive_options);
        sp2_udp_source_options options = loopback();
        options.buffer_size = sizes[i];
        open_udp_source(stream, &options);
        sp2_receive_stream_destroy(stream);
    }
    CHECK_STR(log.text, "");
}

SP2_TEST(Full_ring_of_a_lossy_reader_is_a_warning) {
    static log_capture log = LOG_CAPTURE_INIT;
    sp2_receive_options receive_options = logged_options(&log);
    receive_options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&receive_options);
    const sp2_udp_source_options options = loopback();
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    datagram_list list = filled_heaps(1, 5);
    send_datagrams(sender, &list);
    WAIT_UNTIL(stats_of(stream).worker_blocked >= 1, PATIENCE_SECONDS);
    WAIT_UNTIL(log_capture_count(&log, SP2_LOG_WARNING) >= 1, PATIENCE_SECONDS);
    CHECK_CONTAINS(log.text, "ring");
    heap_list heaps = pop_count(stream, 5);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
    }
    heaps_free(&heaps);
    datagrams_free(&list);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

/* More than the reader takes at a time, and less than any socket's buffer holds. */
enum { BURST = 200 };

/* Heaps of one small packet. */
static datagram_list burst_of_heaps(void) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= BURST; cnt++) {
        datagrams_add_heap(&list, cnt, (const uint8_t *)"abcd", 4, 4);
    }
    return list;
}

static void check_burst(sp2_receive_stream *stream) {
    for (uint64_t cnt = 1; cnt <= BURST; cnt++) {
        heap_list heaps = pop_count(stream, 1);
        check_heap(heaps.heaps[0], cnt, (const uint8_t *)"abcd", 4);
        heaps_free(&heaps);
    }
}

SP2_TEST(Burst_before_the_start_arrives_in_its_order) {
    sp2_receive_options receive_options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    receive_options.ring_heaps = BURST;
    datagram_list list = burst_of_heaps();
    for (int round = 0; round < 20; round++) {
        sp2_receive_stream *stream = new_stream(&receive_options);
        send_to_loopback(open_loopback_source(stream), &list);
        REQUIRE_OK(sp2_receive_stream_start(stream));
        check_burst(stream);
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}

SP2_TEST(Burst_into_a_full_ring_arrives_in_its_order) {
    sp2_receive_options receive_options = quiet_options(0);
    receive_options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&receive_options);
    const uint32_t port = open_loopback_source(stream);
    datagram_list list = burst_of_heaps();
    for (int round = 0; round < 20; round++) {
        send_to_loopback(port, &list);
        check_burst(stream);
    }
    const sp2_receive_stats stats = stats_of(stream);
    CHECK(stats.worker_blocked > 0);
    CHECK_EQ_U64(stats.packets, 20 * BURST);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Thousand_heaps_of_64_kib_arrive_without_loss) {
    enum { HEAPS = 1000, LARGE_HEAP = 65536, LARGE_PACKET = 8192, IN_FLIGHT = 2 };
    sp2_receive_stream *stream = new_stream(NULL);
    const test_socket sender = new_sender(AF_INET, open_loopback_source(stream));
    uint8_t *payload = new_payload(LARGE_HEAP, 1);
    for (uint64_t cnt = 1; cnt <= HEAPS + IN_FLIGHT; cnt++) {
        if (cnt <= HEAPS) {
            datagram_list list = {0};
            datagrams_add_heap(&list, cnt, payload, LARGE_HEAP, LARGE_PACKET);
            send_datagrams(sender, &list);
            datagrams_free(&list);
        }
        if (cnt > IN_FLIGHT) {
            heap_list heaps = pop_count(stream, 1);
            check_heap(heaps.heaps[0], cnt - IN_FLIGHT, payload, LARGE_HEAP);
            heaps_free(&heaps);
        }
    }
    const sp2_receive_stats stats = stats_of(stream);
    CHECK_EQ_U64(stats.heaps, HEAPS);
    CHECK_EQ_U64(stats.packets_accepted, HEAPS * (LARGE_HEAP / LARGE_PACKET));
    CHECK_EQ_U64(stats.kernel_drop_messages, 0);
    free(payload);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Group_on_the_loopback_interface_is_received) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.group = "239.255.77.1";
    options.interface_address = "127.0.0.1";
    uint32_t port;
    const int32_t status = add_udp_source(stream, &options, &port);
    const struct in_addr interface_address = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, options.group, &to.sin_addr);
    const test_socket sender = socket(AF_INET, SOCK_DGRAM, 0);
    /* Else the group could be sent to on another interface. */
    const bool possible =
        status == SP2_OK &&
        setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, (const void *)&interface_address,
                   sizeof(interface_address)) == 0 &&
        connect(sender, (const struct sockaddr *)&to, sizeof(to)) == 0;
    if (possible) {
        exchange_heaps(stream, sender, 20);
    }
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    if (!possible) {
        SKIP("no multicast on the loopback interface here: %s", sp2_last_error_message());
    }
}

SP2_TEST(Two_ports_feed_one_stream) {
    sp2_receive_stream *stream = new_stream(NULL);
    const sp2_udp_source_options options = loopback();
    const test_socket senders[] = {new_sender(AF_INET, open_udp_source(stream, &options)),
                                   new_sender(AF_INET, open_udp_source(stream, &options))};
    for (uint64_t cnt = 1; cnt <= 50; cnt++) {
        datagram_list list = filled_heaps(cnt, 1);
        for (size_t i = 0; i < list.count; i++) {
            const datagram_list one = {.datagrams = &list.datagrams[i], .count = 1};
            send_datagrams(senders[i % 2], &one);
        }
        heap_list heaps = pop_count(stream, 1);
        check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
    test_socket_close(senders[0]);
    test_socket_close(senders[1]);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Stream_can_be_stopped_while_packets_pour_in) {
    datagram_list list = filled_heaps(1, 10);
    for (int round = 0; round < 50; round++) {
        sp2_receive_stream *stream = new_stream(NULL);
        const sp2_udp_source_options options = loopback();
        const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
        for (size_t i = 0; i < list.count; i++) {
            /* Refused once the socket is closed. */
            (void)!send(sender, (const void *)list.datagrams[i].data,
                        (test_length)list.datagrams[i].length, 0);
            if (i == (size_t)round % list.count) {
                REQUIRE_OK(sp2_receive_stream_stop(stream));
            }
        }
        heap_list heaps = pop_all(stream);
        const sp2_receive_stats stats = stats_of(stream);
        check_sums(&stats);
        CHECK_EQ_U64(stats.heaps, heaps.count + stats.heaps_dropped_at_stop);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(stream);
        test_socket_close(sender);
    }
    datagrams_free(&list);
}
