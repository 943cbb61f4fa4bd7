/* SPDX-License-Identifier: MIT */
/* What the kernel counts of UDP, in network namespaces of this program's own. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_capture.h"
#include "loopback.h"
#include "net_namespace.h"

enum { MESSAGES = 7, MESSAGES_V6 = 3, FLOOD = 3000, PAYLOAD = 1000, WRONG_CHECKSUM = 0x1234 };

/* The checksum of shorter datagrams is looked at before their socket is known. */
enum { DATAGRAM_WORDS = 100 };

static sp2_kernel_udp_counters counters(void) {
    sp2_kernel_udp_counters now = SP2_KERNEL_UDP_COUNTERS_INIT;
    REQUIRE_OK(sp2_get_kernel_udp_counters(&now));
    return now;
}

static sp2_kernel_drops explain(const sp2_kernel_udp_counters *before, uint64_t messages) {
    const sp2_kernel_udp_counters after = counters();
    sp2_kernel_drops drops = SP2_KERNEL_DROPS_INIT;
    REQUIRE_OK(sp2_explain_kernel_drops(before, &after, messages, &drops));
    return drops;
}

/* Sends datagrams whose checksum is wrong to a port of the loopback address. */
static void send_wrong_checksums(int family, uint32_t port, int count) {
    const struct sockaddr_in v4 = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    uint16_t datagram[DATAGRAM_WORDS] = {htons(4000), htons((uint16_t)port),
                                         htons(sizeof(datagram)), htons(WRONG_CHECKSUM)};
    const int sender = socket(family, SOCK_RAW, IPPROTO_UDP);
    REQUIRE(sender >= 0);
    for (int i = 0; i < count; i++) {
        const ssize_t sent = family == AF_INET ? sendto(sender, datagram, sizeof(datagram), 0,
                                                        (const struct sockaddr *)&v4, sizeof(v4))
                                               : sendto(sender, datagram, sizeof(datagram), 0,
                                                        (const struct sockaddr *)&v6, sizeof(v6));
        REQUIRE(sent == (ssize_t)sizeof(datagram));
    }
    close(sender);
}

static uint64_t dropped(sp2_receive_stream *stream) {
    return stats_of(stream).kernel_drop_messages;
}

SP2_TEST(Wrong_checksums_are_told_from_full_buffers) {
    enter_loopback_network();
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    const sp2_kernel_udp_counters before = counters();
    send_wrong_checksums(AF_INET, open_udp_source(stream, &udp), MESSAGES);
    if (has_ipv6_loopback()) {
        udp.bind_host = "::1";
        send_wrong_checksums(AF_INET6, open_udp_source(stream, &udp), MESSAGES_V6);
    }
    const uint64_t sent = MESSAGES + (has_ipv6_loopback() ? MESSAGES_V6 : 0);
    WAIT_UNTIL(dropped(stream) == sent, PATIENCE_SECONDS);
    const sp2_kernel_drops drops = explain(&before, sent);
    CHECK_EQ_U64(drops.wrong_checksums_least, sent);
    CHECK_EQ_U64(drops.wrong_checksums_most, sent);
    CHECK_EQ_U64(drops.full_buffers_most, 0);
    CHECK_EQ_U64(drops.filtered_most, 0);
    CHECK_EQ_U64(counters().wrong_checksums - before.wrong_checksums, sent);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Filter_of_a_socket_is_told_from_full_buffers) {
    enter_loopback_network();
    static struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog program = {.len = 1, .filter = nothing};
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int receiver = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(receiver >= 0);
    REQUIRE(bind(receiver, (struct sockaddr *)&address, sizeof(address)) == 0);
    REQUIRE(setsockopt(receiver, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.flags = SP2_UDP_EXISTING_SOCKET;
    udp.socket = receiver;
    const uint32_t port = open_udp_source(stream, &udp);
    close(receiver);
    const sp2_kernel_udp_counters before = counters();
    datagram_list list = {0};
    for (int i = 0; i < MESSAGES; i++) {
        datagrams_add_stop(&list, (uint64_t)i);
    }
    send_to_loopback(port, &list);
    WAIT_UNTIL(dropped(stream) == MESSAGES, PATIENCE_SECONDS);
    const sp2_kernel_drops drops = explain(&before, MESSAGES);
    CHECK_EQ_U64(drops.filtered_least, MESSAGES);
    CHECK_EQ_U64(drops.filtered_most, MESSAGES);
    CHECK_EQ_U64(drops.full_buffers_most, 0);
    CHECK_EQ_U64(drops.wrong_checksums_most, 0);
    datagrams_free(&list);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Full_buffers_are_told_and_ports_that_nobody_has) {
    enter_loopback_network();
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    sp2_receive_stream *stream = new_stream(&options);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = 65536;
    const uint32_t port = open_udp_source(stream, &udp);
    const sp2_kernel_udp_counters before = counters();
    datagram_list list = {0};
    for (uint64_t cnt = 0; cnt < FLOOD; cnt++) {
        uint8_t payload[PAYLOAD];
        fill_payload(payload, PAYLOAD, cnt);
        datagrams_add_heap(&list, cnt, payload, PAYLOAD, PAYLOAD);
    }
    send_to_loopback(port, &list);
    const uint64_t lost = dropped(stream);
    CHECK(lost > 0);
    const sp2_kernel_drops drops = explain(&before, lost);
    CHECK_EQ_U64(drops.full_buffers_least, lost);
    CHECK_EQ_U64(drops.full_buffers_most, lost);
    sp2_receive_stream_destroy(stream);
    CHECK_EQ_U64(counters().nobody_listens, before.nobody_listens);
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr_in gone = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    REQUIRE(sendto(sender, "x", 1, 0, (const struct sockaddr *)&gone, sizeof(gone)) == 1);
    CHECK_EQ_U64(counters().nobody_listens - before.nobody_listens, 1);
    close(sender);
    if (has_ipv6_loopback()) {
        const int sender_v6 = new_sender(AF_INET6, port);
        REQUIRE(send(sender_v6, "x", 1, 0) == 1);
        CHECK_EQ_U64(counters().nobody_listens - before.nobody_listens, 2);
        close(sender_v6);
    }
    datagrams_free(&list);
}

SP2_TEST(Causes_have_limits_where_other_sockets_lose_messages) {
    const sp2_kernel_udp_counters before = {.size = sizeof(before)};
    const sp2_kernel_udp_counters after = {
        .size = sizeof(after), .full_buffers = 10, .wrong_checksums = 4, .filtered = 1};
    sp2_kernel_drops drops = SP2_KERNEL_DROPS_INIT;
    REQUIRE_OK(sp2_explain_kernel_drops(&before, &after, 12, &drops));
    CHECK_EQ_U64(drops.full_buffers_least, 7);
    CHECK_EQ_U64(drops.full_buffers_most, 10);
    CHECK_EQ_U64(drops.wrong_checksums_least, 1);
    CHECK_EQ_U64(drops.wrong_checksums_most, 4);
    CHECK_EQ_U64(drops.filtered_least, 0);
    CHECK_EQ_U64(drops.filtered_most, 1);
    CHECK_STATUS(sp2_explain_kernel_drops(NULL, &after, 1, &drops), SP2_E_ARG);
    CHECK_STATUS(sp2_explain_kernel_drops(&before, NULL, 1, &drops), SP2_E_ARG);
    CHECK_STATUS(sp2_explain_kernel_drops(&before, &after, 1, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_get_kernel_udp_counters(NULL), SP2_E_ARG);
}

/* Only what found the buffer full is the slow consumer's doing. */
SP2_TEST(Full_ring_is_not_blamed_for_wrong_checksums) {
    enum { HEAP_BYTES = 1000, FEW_HEAPS = 20, SMALL_BUFFER = 65536 };
    enter_loopback_network();
    for (int floods = 0; floods <= 1; floods++) {
        sp2_test_context("floods %d", floods);
        log_capture log = LOG_CAPTURE_INIT;
        sp2_receive_options options = quiet_options(0);
        options.log = log_capture_message;
        options.log_context = &log;
        options.log_level = SP2_LOG_WARNING;
        options.ring_heaps = 1;
        options.long_pause_ns = SP2_NEVER_LONG;
        sp2_receive_stream *stream = new_stream(&options);
        sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
        udp.bind_host = "127.0.0.1";
        udp.buffer_size = SMALL_BUFFER;
        const uint32_t port = open_udp_source(stream, &udp);
        datagram_list list = {0};
        uint8_t payload[HEAP_BYTES] = {0};
        for (uint64_t cnt = 1; cnt <= (uint64_t)(floods ? FLOOD : FEW_HEAPS); cnt++) {
            datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
        }
        const datagram_list few = {.datagrams = list.datagrams, .count = FEW_HEAPS};
        send_to_loopback(port, &few);
        WAIT_UNTIL(stats_of(stream).worker_blocked != 0, PATIENCE_SECONDS);
        /* They wait in the buffer until somebody reads. */
        send_wrong_checksums(AF_INET, port, MESSAGES);
        send_to_loopback(port, &list);
        const uint64_t full = counters().full_buffers;
        heap_list heaps = pop_count(stream, FEW_HEAPS);
        heaps_free(&heaps);
        WAIT_UNTIL(dropped(stream) == full + MESSAGES, PATIENCE_SECONDS);
        sp2_receive_stream_destroy(stream);
        datagrams_free(&list);
        CHECK(floods ? full != 0 : full == 0);
        CHECK_EQ_U64(log_capture_count_of(&log, "the ring was full"), floods);
        char text[64];
        snprintf(text, sizeof(text), "has dropped %d messages", (int)full);
        CHECK(log_capture_contains(&log, text) == floods);
    }
}
