/* SPDX-License-Identifier: MIT */
/* Heaps by UDP from the send side to the receive side, over loopback. */
#include <spead2core/spead2core.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "test_sockets.h"

enum { HEAPS = 60, HEAP_BYTES = 100000 };

/* A receiver, and a sender to it. */
typedef struct link {
    sp2_receive_stream *receiver;
    sp2_send_stream *sender;
    uint32_t port;
    uint8_t *payload;
    sp2_send_heap *heap;
} udp_link;

static uint32_t listen_on(sp2_receive_stream *receiver, const char *host) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source *source;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    udp.bind_host = host;
    REQUIRE(sp2_receive_stream_add_udp_source(receiver, &udp, &source) == SP2_OK);
    REQUIRE(sp2_packet_source_get_info(source, &info) == SP2_OK);
    sp2_packet_source_release(source);
    return info.port;
}

static void open_link(udp_link *link, const char *host, uint32_t flags, uint32_t max_packet_size) {
    sp2_receive_options receive = SP2_RECEIVE_OPTIONS_INIT;
    sp2_send_stream_options send = SP2_SEND_STREAM_OPTIONS_INIT;
    sp2_udp_writer_options writer = SP2_UDP_WRITER_OPTIONS_INIT;
    memset(link, 0, sizeof(*link));
    receive.ring_heaps = HEAPS + 1;
    send.max_heaps = HEAPS;
    send.max_packet_size = max_packet_size;
    REQUIRE(sp2_receive_stream_create(NULL, &receive, &link->receiver) == SP2_OK);
    link->port = listen_on(link->receiver, host);
    const sp2_udp_destination destination = {host, link->port, 0};
    writer.destinations = &destination;
    writer.destination_count = 1;
    writer.flags = flags;
    REQUIRE(sp2_send_stream_create(NULL, &send, &link->sender) == SP2_OK);
    REQUIRE(sp2_send_stream_add_udp_writer(link->sender, &writer, NULL) == SP2_OK);
    link->payload = malloc(HEAP_BYTES);
    REQUIRE(link->payload != NULL);
    for (int i = 0; i < HEAP_BYTES; i++) {
        link->payload[i] = (uint8_t)(i * 7 + i / 251);
    }
    REQUIRE(sp2_send_heap_create(NULL, &link->heap) == SP2_OK);
    REQUIRE(sp2_send_heap_add_item(link->heap, 0x1234, link->payload, HEAP_BYTES, 0) == SP2_OK);
}

static void close_link(udp_link *link) {
    sp2_send_stream_destroy(link->sender);
    sp2_receive_stream_destroy(link->receiver);
    sp2_send_heap_destroy(link->heap);
    free(link->payload);
}

static sp2_send_result last_result;

static void completed(void *context, const sp2_send_result *result) {
    ++*(uint32_t *)context;
    last_result = *result;
}

/* Sends `count` heaps and checks what arrives. */
static void exchange(udp_link *link, uint32_t count) {
    const sp2_heap_reference one = {link->heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    uint32_t completions = 0;
    for (uint32_t i = 0; i < count; i++) {
        REQUIRE(sp2_send_stream_send(link->sender, &one, 1, SP2_GROUP_SERIAL, completed,
                                     &completions) == SP2_OK);
    }
    REQUIRE(sp2_send_stream_flush(link->sender, -1) == SP2_OK);
    CHECK_EQ_U64(completions, count);
    CHECK_EQ_I64(last_result.status, SP2_OK);
    for (uint32_t i = 0; i < count; i++) {
        sp2_heap *heap;
        uint32_t got;
        sp2_heap_info info = SP2_HEAP_INFO_INIT;
        REQUIRE(sp2_receive_stream_pop_wait(link->receiver, &heap, 1, 10000000000, &got) == SP2_OK);
        REQUIRE(sp2_heap_get_info(heap, &info) == SP2_OK);
        CHECK_EQ_U64(info.cnt, i + 1);
        CHECK_EQ_U64(info.payload_length, HEAP_BYTES);
        CHECK_MEM(info.payload, link->payload, HEAP_BYTES);
        sp2_heap_release(heap);
    }
}

SP2_TEST(Heaps_arrive_in_segments_and_in_single_datagrams) {
    for (uint32_t flags = 0; flags <= SP2_UDP_WRITER_NO_SEGMENTATION;
         flags += SP2_UDP_WRITER_NO_SEGMENTATION) {
        udp_link link;
        open_link(&link, "127.0.0.1", flags, 1472);
        exchange(&link, HEAPS);
        close_link(&link);
    }
}

SP2_TEST(Heaps_arrive_over_IPv6_in_large_packets) {
    const test_socket socket6 = socket(AF_INET6, SOCK_DGRAM, 0);
    const struct sockaddr_in6 loopback = {.sin6_family = AF_INET6,
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const bool usable = socket6 != NO_SOCKET &&
                        bind(socket6, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0;
    test_socket_close(socket6);
    if (!usable) {
        SKIP("no IPv6 on loopback");
    }
    udp_link link;
    open_link(&link, "::1", 0, 8960);
    exchange(&link, HEAPS);
    close_link(&link);
}

SP2_TEST(Options_of_a_writer_that_cannot_be_met_are_refused) {
    sp2_send_stream *stream;
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_packet_size = 65512;
    REQUIRE(sp2_send_stream_create(NULL, &options, &stream) == SP2_OK);
    sp2_udp_destination destinations[2] = {{"127.0.0.1", 7148, 0}, {"::1", 7148, 0}};
    sp2_udp_writer_options writer = SP2_UDP_WRITER_OPTIONS_INIT;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ARG);
    writer.destinations = destinations;
    writer.destination_count = 2;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ADDRESS);
    writer.destination_count = 1;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "65507");
    writer.ttl = 256;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ARG);
    writer.ttl = 0;
    destinations[0].port = 0;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ARG);
    sp2_send_stream_destroy(stream);
}

SP2_TEST(Fields_for_groups_are_refused_where_a_destination_is_none) {
    sp2_send_stream *stream;
    uint64_t first = 7;
    REQUIRE(sp2_send_stream_create(NULL, NULL, &stream) == SP2_OK);
    sp2_udp_destination destinations[2] = {{"239.255.7.7", 7148, 0}, {"127.0.0.1", 7148, 0}};
    sp2_udp_writer_options writer = SP2_UDP_WRITER_OPTIONS_INIT;
    writer.destinations = destinations;
    writer.destination_count = 2;
    writer.ttl = 1;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, &first), SP2_E_ARG);
    CHECK_EQ_U64(first, 0);
    CHECK_CONTAINS(sp2_last_error_message(),
                   "ttl is set, but sp2_udp_writer_options.destinations[1] \"127.0.0.1\"");
    writer.ttl = 0;
    writer.interface_address = "127.0.0.1";
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ARG);
    writer.destination_count = 1;
    writer.interface_index = 1;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, NULL), SP2_E_ARG);
    writer.interface_index = 0;
    writer.ttl = 1;
    writer.flags = SP2_UDP_WRITER_NO_LOOP;
    const int32_t status = sp2_send_stream_add_udp_writer(stream, &writer, &first);
    if (status == SP2_E_OS && strstr(sp2_last_error_message(), "multicast interface") != NULL &&
        strstr(sp2_last_error_message(), "Protocol not available") != NULL) {
        sp2_send_stream_destroy(stream);
        SKIP("the system has no IP_MULTICAST_IF; emulators of Linux lack it");
    }
    CHECK_EQ_I64(status, SP2_OK);
    CHECK_EQ_U64(first, 0);
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(stream, &writer, &first), SP2_OK);
    CHECK_EQ_U64(first, 1);
    sp2_send_stream_destroy(stream);
}

SP2_TEST(Existing_socket_is_used_as_it_is_and_stays_the_callers) {
    udp_link link;
    open_link(&link, "127.0.0.1", 0, 1472);
    sp2_send_stream_destroy(link.sender);
    const test_socket own = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    const sp2_udp_destination destination = {"127.0.0.1", link.port, 0};
    sp2_udp_writer_options writer = SP2_UDP_WRITER_OPTIONS_INIT;
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = HEAPS;
    REQUIRE(sp2_send_stream_create(NULL, &options, &link.sender) == SP2_OK);
    writer.destinations = &destination;
    writer.destination_count = 1;
    writer.socket = (int64_t)own;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(link.sender, &writer, NULL), SP2_E_ARG);
    writer.flags = SP2_UDP_WRITER_EXISTING_SOCKET;
    writer.dscp = 1;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(link.sender, &writer, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "dscp");
    writer.dscp = 0;
    writer.socket = -1;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(link.sender, &writer, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "sp2_udp_writer_options.socket is -1");
    writer.socket = (int64_t)own;
    CHECK_EQ_I64(sp2_send_stream_add_udp_writer(link.sender, &writer, NULL), SP2_OK);
    exchange(&link, HEAPS);
    close_link(&link);
    struct sockaddr_in bound;
    socklen_t length = sizeof(bound);
    CHECK_EQ_I64(getsockname(own, (struct sockaddr *)&bound, &length), 0);
    test_socket_close(own);
}
