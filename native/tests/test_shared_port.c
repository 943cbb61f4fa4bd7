/* SPDX-License-Identifier: MIT */
/* Streams that share a port: no heap is split or lost, and everything is counted once. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "shared_port.h"

enum {
    PACKETS = 6000,
    HEAP_PACKETS = 5,
    PAYLOAD = 976,
    STREAMS = 3,
    WINDOW = 4000,     /* of an administrator, who gets the buffer that is asked for */
    SMALL_WINDOW = 100 /* of others */
};

static shared_port_plan usual_plan(uint32_t streams) {
    return (shared_port_plan){
        .streams = streams,
        .packets = PACKETS,
        .heap_packets = HEAP_PACKETS,
        .payload = PAYLOAD,
        .window = geteuid() == 0 ? WINDOW : SMALL_WINDOW,
    };
}

static void check_plan(const shared_port_plan *plan) {
    shared_port_result result;
    if (!shared_port_run(plan, &result)) {
        SKIP("%s", strerror(errno));
    }
    CHECK_EQ_U64(result.heaps, result.sent_heaps);
    CHECK_EQ_U64(result.faults, 0);
    CHECK_EQ_U64(result.incomplete, 0);
    CHECK_EQ_U64(result.packets, result.sent_packets);
    CHECK_EQ_U64(result.datagrams, result.sent_packets);
    CHECK_EQ_U64(result.rejected, 0);
    CHECK_EQ_U64(result.drops, 0);
    CHECK_EQ_U64(result.unused, 0);
    CHECK_EQ_U64(result.busy, plan->streams);
}

static void check_both_messages(shared_port_plan plan) {
    plan.offload = true;
    check_plan(&plan);
    plan.offload = false;
    check_plan(&plan);
}

SP2_TEST(Heaps_of_a_shared_port_are_whole) {
    check_both_messages(usual_plan(2));
    check_both_messages(usual_plan(4));
}

SP2_TEST(Heaps_of_a_shared_group_are_whole) {
    shared_port_plan plan = usual_plan(2);
    plan.multicast = true;
    check_both_messages(plan);
    plan.streams = 4;
    check_both_messages(plan);
}

SP2_TEST(Heaps_that_one_socket_gets_are_whole) {
    shared_port_plan plan = usual_plan(3);
    plan.alone = true;
    check_both_messages(plan);
}

SP2_TEST(Heaps_of_small_rings_with_one_reader_are_whole) {
    shared_port_plan plan = usual_plan(3);
    plan.rings = true;
    check_both_messages(plan);
}

SP2_TEST(Chunks_of_a_shared_port_have_all_heaps) {
    shared_port_plan plan = usual_plan(2);
    plan.chunks = true;
    check_both_messages(plan);
    plan.streams = 4;
    check_both_messages(plan);
}

SP2_TEST(Chunks_of_a_shared_group_have_all_heaps) {
    shared_port_plan plan = usual_plan(3);
    plan.chunks = true;
    plan.multicast = true;
    check_both_messages(plan);
}

/* ---- one thing at a time ---- */

typedef struct shared_streams {
    sp2_receive_stream *streams[STREAMS];
    sp2_packet_source *sources[STREAMS];
    uint32_t port;
} shared_streams;

static shared_streams open_streams(const sp2_receive_options *options,
                                   const sp2_udp_source_options *udp) {
    shared_streams shared = {.port = 0};
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    for (int i = 0; i < STREAMS; i++) {
        shared.streams[i] = new_stream(options);
    }
    REQUIRE_OK(sp2_receive_streams_add_udp_source(shared.streams, STREAMS, udp, shared.sources));
    REQUIRE_OK(sp2_packet_source_get_info(shared.sources[0], &info));
    shared.port = info.port;
    return shared;
}

static shared_streams open_loopback_streams(uint32_t flags) {
    const sp2_receive_options options = quiet_options(flags);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    return open_streams(&options, &udp);
}

static void close_streams(shared_streams *shared) {
    for (int i = 0; i < STREAMS; i++) {
        sp2_packet_source_release(shared->sources[i]);
        sp2_receive_stream_destroy(shared->streams[i]);
    }
}

static sp2_packet_source_stats sum_of_sources(const shared_streams *shared) {
    sp2_packet_source_stats sum = SP2_PACKET_SOURCE_STATS_INIT;
    for (int i = 0; i < STREAMS; i++) {
        sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
        REQUIRE_OK(sp2_packet_source_get_stats(shared->sources[i], &stats));
        sum.datagrams += stats.datagrams;
        sum.packets += stats.packets;
        sum.malformed += stats.malformed;
        sum.empty += stats.empty;
        sum.truncated += stats.truncated;
        sum.kernel_drop_messages += stats.kernel_drop_messages;
        sum.dropped_at_close += stats.dropped_at_close;
    }
    return sum;
}

SP2_TEST(Stop_item_ends_all_streams_of_a_shared_port) {
    shared_streams shared = open_loopback_streams(0);
    datagram_list list = {0};
    datagrams_add_stop(&list, 1);
    send_to_loopback(shared.port, &list);
    for (int i = 0; i < STREAMS; i++) {
        heap_list heaps = pop_all(shared.streams[i]);
        CHECK_EQ_U64(heaps.count, 0);
        heaps_free(&heaps);
    }
    CHECK_EQ_U64(sum_of_sources(&shared).packets, 1);
    datagrams_free(&list);
    close_streams(&shared);
}

SP2_TEST(Refused_datagrams_of_a_shared_port_are_counted_once) {
    shared_streams shared = open_loopback_streams(0);
    static const uint8_t long_one[10000] = {0x53};
    datagram_list list = {0};
    datagrams_add(&list, "", 0);
    datagrams_add(&list, "what is not a packet", 20);
    datagrams_add(&list, long_one, sizeof(long_one));
    datagrams_add_stop(&list, 1);
    send_to_loopback(shared.port, &list);
    for (int i = 0; i < STREAMS; i++) {
        heap_list heaps = pop_all(shared.streams[i]);
        heaps_free(&heaps);
    }
    const sp2_packet_source_stats sum = sum_of_sources(&shared);
    CHECK_EQ_U64(sum.datagrams, 4);
    CHECK_EQ_U64(sum.empty, 1);
    CHECK_EQ_U64(sum.malformed, 1);
    CHECK_EQ_U64(sum.truncated, 1);
    CHECK_EQ_U64(sum.packets, 1);
    datagrams_free(&list);
    close_streams(&shared);
}

/* Until all but one of the streams has nothing more. */
static uint64_t stop_and_count(shared_streams *shared, uint64_t sent) {
    sp2_packet_source_stats sum;
    do {
        sum = sum_of_sources(shared);
    } while (sum.datagrams < sent);
    for (int i = 0; i < STREAMS; i++) {
        REQUIRE_OK(sp2_receive_stream_stop(shared->streams[i]));
    }
    sum = sum_of_sources(shared);
    CHECK_EQ_U64(sum.packets + sum.dropped_at_close, sent);
    return sum.dropped_at_close;
}

SP2_TEST(Packets_for_a_stream_that_has_ended_are_counted) {
    enum { HEAPS = 60, SIZE = 100 };
    const sp2_receive_options options = quiet_options(0);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    const int own = socket(AF_INET, SOCK_DGRAM, 0);
    /* Then the first one gets all packets. */
    udp.bind_host = "127.0.0.1";
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    udp.socket = own;
    shared_streams shared = open_streams(&options, &udp);
    datagram_list list = {0};
    uint8_t payload[SIZE];
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        fill_payload(payload, SIZE, cnt);
        datagrams_add_heap(&list, cnt, payload, SIZE, SIZE);
    }
    for (int i = 1; i < STREAMS; i++) {
        REQUIRE_OK(sp2_receive_stream_stop(shared.streams[i]));
    }
    sp2_heap *heap;
    uint32_t count;
    send_to_loopback(shared.port, &list);
    while (sp2_receive_stream_pop_wait(shared.streams[0], &heap, 1, 200000000, &count) == SP2_OK) {
        sp2_heap_release(heap);
    }
    CHECK(stop_and_count(&shared, HEAPS) > HEAPS / STREAMS);
    datagrams_free(&list);
    close(own);
    close_streams(&shared);
}

/* What filters reject counts as dropped for the kernel, but nothing of it was lost. */
SP2_TEST(Drops_of_a_shared_group_are_those_that_were_lost) {
    enum { HEAPS = 3000, SIZE = 1000 };
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.group = "239.255.76.1";
    udp.interface_address = "127.0.0.1";
    udp.buffer_size = 100000;
    shared_streams shared = open_streams(&options, &udp);
    const struct in_addr interface = {htonl(INADDR_LOOPBACK)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)shared.port)};
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(inet_pton(AF_INET, udp.group, &to.sin_addr) == 1);
    REQUIRE(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) == 0);
    REQUIRE(connect(sender, (const struct sockaddr *)&to, sizeof(to)) == 0);
    datagram_list list = {0};
    uint8_t payload[SIZE] = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        datagrams_add_heap(&list, cnt, payload, SIZE, SIZE);
    }
    send_datagrams(sender, &list);
    for (int i = 0; i < STREAMS; i++) {
        REQUIRE_OK(sp2_receive_stream_start(shared.streams[i]));
    }
    sp2_packet_source_stats sum;
    do {
        for (int i = 0; i < STREAMS; i++) {
            sp2_heap *heap;
            uint32_t count;
            if (sp2_receive_stream_pop(shared.streams[i], &heap, 1, &count) == SP2_OK) {
                sp2_heap_release(heap);
            }
        }
        sum = sum_of_sources(&shared);
        REQUIRE(sum.packets + sum.kernel_drop_messages <= HEAPS);
    } while (sum.packets + sum.kernel_drop_messages < HEAPS);
    CHECK(sum.kernel_drop_messages > 0);
    CHECK_EQ_U64(sum.datagrams, sum.packets);
    datagrams_free(&list);
    close(sender);
    close_streams(&shared);
}

SP2_TEST(Streams_that_cannot_share_a_port_are_refused) {
    const sp2_receive_options options = quiet_options(0);
    const sp2_receive_options in_order = quiet_options(SP2_RECEIVE_IN_ORDER);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_packet_source *sources[2] = {(sp2_packet_source *)&udp, (sp2_packet_source *)&udp};
    sp2_receive_stream *streams[3] = {new_stream(&options), new_stream(&in_order),
                                      new_stream(&options)};
    sp2_receive_stream *twice[2] = {streams[0], streams[0]};
    sp2_receive_stream *none[2] = {streams[0], NULL};
    CHECK_STATUS(sp2_receive_streams_add_udp_source(NULL, 2, &udp, sources), SP2_E_ARG);
    CHECK(sources[0] == NULL && sources[1] == NULL);
    CHECK_STATUS(sp2_receive_streams_add_udp_source(streams, 0, &udp, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_streams_add_udp_source(streams, SP2_UDP_MAX_STREAMS + 1, &udp, NULL),
                 SP2_E_ARG);
    CHECK_STATUS(sp2_receive_streams_add_udp_source(streams, 2, NULL, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_streams_add_udp_source(twice, 2, &udp, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_streams_add_udp_source(none, 2, &udp, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_streams_add_udp_source(streams, 2, &udp, NULL), SP2_E_ARG);
    CHECK(strstr(sp2_last_error_message(), "SP2_RECEIVE_IN_ORDER") != NULL);
    /* One stream shares with nobody. */
    CHECK_STATUS(sp2_receive_streams_add_udp_source(&streams[1], 1, &udp, NULL), SP2_OK);
    udp.bind_host = "no.such.host.invalid";
    twice[1] = streams[2];
    CHECK_STATUS(sp2_receive_streams_add_udp_source(twice, 2, &udp, sources), SP2_E_ADDRESS);
    CHECK(sources[0] == NULL && sources[1] == NULL);
    for (int i = 0; i < 3; i++) {
        sp2_receive_stream_destroy(streams[i]);
    }
}
