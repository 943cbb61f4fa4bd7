/* SPDX-License-Identifier: MIT */
/* Groups whose interface is deleted and made again, in network namespaces of this program's own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_capture.h"
#include "net_namespace.h"
#include "receiver.h"

#define GROUP_V4 "239.255.78.1"
#define GROUP_OF_A_SITE "ff15::78"
#define GROUP_OF_A_LINK "ff12::78"

enum { HEAP_BYTES = 3000, PACKET_BYTES = 1000 };

typedef union ip_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} ip_address;

/* A stream with one source on a group. */
typedef struct member {
    sp2_receive_stream *stream;
    sp2_packet_source *source;
    uint32_t port;
    log_capture *log;
} member;

/* Sends one heap from the far host. */
static void send_heap(const link_network *network, int link, const char *group, uint32_t port,
                      uint64_t cnt) {
    const bool v6 = strchr(group, ':') != NULL;
    const int index = (int)network->far_index[link];
    const struct ip_mreqn request = {.imr_ifindex = index};
    ip_address address = {0};
    if (v6) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        REQUIRE(inet_pton(AF_INET6, group, &address.v6.sin6_addr) == 1);
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        REQUIRE(inet_pton(AF_INET, group, &address.v4.sin_addr) == 1);
    }
    enter_host(network->far_host);
    const int sender = socket(address.any.sa_family, SOCK_DGRAM, 0);
    REQUIRE(sender >= 0);
    REQUIRE((v6 ? setsockopt(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index))
                : setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request))) == 0);
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    for (size_t i = 0; i < list.count; i++) {
        const size_t length = (size_t)list.datagrams[i].length;
        REQUIRE(sendto(sender, list.datagrams[i].data, length, 0, &address.any, sizeof(address)) ==
                (ssize_t)length);
    }
    close(sender);
    datagrams_free(&list);
    enter_host(network->near_host);
}

static void check_next_heap(const member *m, uint64_t cnt) {
    heap_list heaps = pop_count(m->stream, 1);
    REQUIRE(heaps.count == 1);
    check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
    heaps_free(&heaps);
}

static sp2_packet_source_stats count(const member *m) {
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(m->source, &stats));
    return stats;
}

static member join_with(log_capture *log, const sp2_udp_source_options *options,
                        sp2_heap_fn on_heap, void *context) {
    member m = {.log = log};
    sp2_receive_options receive = SP2_RECEIVE_OPTIONS_INIT;
    receive.log = log_capture_message;
    receive.log_context = log;
    receive.log_level = SP2_LOG_INFO;
    receive.on_heap = on_heap;
    receive.on_heap_context = context;
    sp2_udp_source_options all = *options;
    all.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_receive_stream_create(NULL, &receive, &m.stream));
    REQUIRE_OK(sp2_receive_stream_add_udp_source(m.stream, &all, &m.source));
    REQUIRE_OK(sp2_packet_source_get_info(m.source, &info));
    m.port = info.port;
    return m;
}

static member join(log_capture *log, const sp2_udp_source_options *options) {
    return join_with(log, options, NULL, NULL);
}

static void leave(member *m) {
    sp2_packet_source_release(m->source);
    sp2_receive_stream_destroy(m->stream);
}

static sp2_udp_source_options by_name(const char *group, const char *name, uint32_t port) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.group = group;
    options.interface_name = name;
    options.port = port;
    return options;
}

/* Two streams on one group of link 0, and one on link 1, which nothing happens to. */
static void check_rejoin(const char *group, bool same_index, int rounds) {
    static log_capture logs[3] = {LOG_CAPTURE_INIT, LOG_CAPTURE_INIT, LOG_CAPTURE_INIT};
    member members[3];
    link_network network;
    enter_link_network(&network);
    sp2_udp_source_options options = by_name(group, "near0", 0);
    members[0] = join(&logs[0], &options);
    for (int i = 1; i < 3; i++) {
        options = by_name(group, i == 1 ? "near0" : "near1", members[0].port);
        members[i] = join(&logs[i], &options);
    }
    const uint32_t port = members[0].port;
    uint64_t cnt = 1;
    for (int round = 0; round < rounds; round++) {
        sp2_test_context("%s, %s index, round %d", group, same_index ? "same" : "new", round);
        send_heap(&network, 0, group, port, cnt);
        check_next_heap(&members[0], cnt);
        check_next_heap(&members[1], cnt++);
        delete_link(&network, 0);
        restore_link(&network, 0, same_index ? network.near_index[0] : 0);
        for (int i = 0; i < 2; i++) {
            WAIT_UNTIL(count(&members[i]).rejoins >= (uint64_t)round + 1, PATIENCE_SECONDS);
        }
        send_heap(&network, 0, group, port, cnt);
        check_next_heap(&members[0], cnt);
        check_next_heap(&members[1], cnt++);
        send_heap(&network, 1, group, port, cnt);
        check_next_heap(&members[2], cnt++);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_U64(count(&members[i]).kernel_drop_messages, 0);
        CHECK(log_capture_contains(&logs[i], "is gone"));
        CHECK(log_capture_contains(&logs[i], "again"));
    }
    CHECK_EQ_U64(count(&members[2]).rejoins, 0);
    CHECK_EQ_U64(logs[2].length, 0);
    for (int i = 0; i < 3; i++) {
        leave(&members[i]);
    }
    leave_link_network(&network);
}

/* More often than a socket may be a member, so that nothing is left of old memberships. */
SP2_TEST(Ipv4_group_is_joined_again_on_its_new_interface) {
    check_rejoin(GROUP_V4, false, 25);
}

SP2_TEST(Ipv4_group_is_joined_again_where_the_index_is_the_same) {
    check_rejoin(GROUP_V4, true, 5);
}

SP2_TEST(Ipv6_group_is_joined_again_on_its_new_interface) {
    check_rejoin(GROUP_OF_A_SITE, false, 3);
}

SP2_TEST(Ipv6_group_is_joined_again_where_the_index_is_the_same) {
    check_rejoin(GROUP_OF_A_LINK, true, 3);
}

SP2_TEST(Each_way_to_name_an_interface_is_joined_again) {
    static log_capture log = LOG_CAPTURE_INIT;
    link_network network;
    enter_link_network(&network);
    for (int way = 0; way < 4; way++) {
        sp2_test_context("way %d", way);
        sp2_udp_source_options options = by_name(GROUP_V4, way == 0 ? "near0" : NULL, 0);
        options.interface_address = way == 1 ? "10.77.0.1" : NULL;
        options.interface_index = way == 2 ? network.near_index[0] : 0;
        if (way == 3) {
            route_groups(network.near_index[0]); /* the system chooses it */
        }
        member m = join(&log, &options);
        send_heap(&network, 0, GROUP_V4, m.port, 1);
        check_next_heap(&m, 1);
        delete_link(&network, 0);
        restore_link(&network, 0, 0);
        WAIT_UNTIL(count(&m).rejoins == 1, PATIENCE_SECONDS);
        send_heap(&network, 0, GROUP_V4, m.port, 2);
        check_next_heap(&m, 2);
        leave(&m);
    }
    leave_link_network(&network);
}

SP2_TEST(Chosen_senders_are_joined_again) {
    static log_capture log = LOG_CAPTURE_INIT;
    static const char *const senders[][2] = {{"10.77.0.2", "10.77.0.9"}, {"fe80::2:0", "fe80::9"}};
    static const char *const groups[] = {GROUP_V4, GROUP_OF_A_SITE};
    link_network network;
    enter_link_network(&network);
    for (int family = 0; family < 2; family++) {
        sp2_test_context("%s", groups[family]);
        sp2_udp_source_options options = by_name(groups[family], "near0", 0);
        options.senders = senders[family];
        options.sender_count = 2;
        member m = join(&log, &options);
        delete_link(&network, 0);
        restore_link(&network, 0, 0);
        WAIT_UNTIL(count(&m).rejoins == 1, PATIENCE_SECONDS);
        send_heap(&network, 0, groups[family], m.port, 1);
        check_next_heap(&m, 1);
        leave(&m);
    }
    leave_link_network(&network);
}

/* What waits in the socket that is given up for a new one is not lost. */
SP2_TEST(Heaps_that_wait_for_a_full_ring_survive_the_rejoin) {
    static log_capture log = LOG_CAPTURE_INIT;
    enum { BEFORE = 30, AFTER = 10 };
    link_network network;
    enter_link_network(&network);
    const sp2_udp_source_options options = by_name(GROUP_OF_A_SITE, "near0", 0);
    member m = join(&log, &options);
    for (uint64_t cnt = 1; cnt <= BEFORE; cnt++) {
        send_heap(&network, 0, GROUP_OF_A_SITE, m.port, cnt);
    }
    WAIT_UNTIL(count(&m).blocked == 1, PATIENCE_SECONDS);
    for (int i = 0; i < 2; i++) {
        delete_link(&network, 0);
        restore_link(&network, 0, 0);
        WAIT_UNTIL(count(&m).rejoins == (uint64_t)i + 1, PATIENCE_SECONDS);
    }
    for (uint64_t cnt = 1; cnt <= AFTER; cnt++) {
        send_heap(&network, 0, GROUP_OF_A_SITE, m.port, BEFORE + cnt);
    }
    for (uint64_t cnt = 1; cnt <= BEFORE + AFTER; cnt++) {
        check_next_heap(&m, cnt);
    }
    CHECK_EQ_U64(count(&m).kernel_drop_messages, 0);
    leave(&m);
    leave_link_network(&network);
}

/* A thread that waits in its consumer, and does not see what happens to interfaces meanwhile. */
typedef struct gate {
    test_mutex mutex;
    test_condition changed;
    bool entered;
    bool open;
} gate;

static void wait_at_gate(void *context, sp2_heap *heap) {
    gate *g = context;
    if (heap == NULL) {
        return; /* the end of the stream */
    }
    sp2_heap_release(heap);
    test_mutex_lock(&g->mutex);
    g->entered = true;
    test_condition_broadcast(&g->changed);
    while (!g->open) {
        test_condition_wait(&g->changed, &g->mutex);
    }
    test_mutex_unlock(&g->mutex);
}

/* The kernel takes the group from everybody when the last trace of an old membership goes, where
 * the index of the interface is the same: so whoever joins again has dropped those of all. */
SP2_TEST(Member_that_goes_late_does_not_take_the_group_along) {
    static log_capture logs[2] = {LOG_CAPTURE_INIT, LOG_CAPTURE_INIT};
    static const char *const groups[] = {GROUP_V4, GROUP_OF_A_SITE};
    link_network network;
    enter_link_network(&network);
    for (int family = 0; family < 2; family++) {
        sp2_test_context("%s", groups[family]);
        gate g = {.mutex = TEST_MUTEX_INIT, .changed = TEST_CONDITION_INIT};
        sp2_udp_source_options options = by_name(groups[family], "near0", 0);
        member late = join_with(&logs[0], &options, wait_at_gate, &g);
        options.port = late.port;
        member prompt = join(&logs[1], &options);
        send_heap(&network, 0, groups[family], late.port, 1);
        check_next_heap(&prompt, 1);
        test_mutex_lock(&g.mutex);
        while (!g.entered) {
            test_condition_wait(&g.changed, &g.mutex);
        }
        test_mutex_unlock(&g.mutex);
        delete_link(&network, 0);
        restore_link(&network, 0, network.near_index[0]);
        WAIT_UNTIL(count(&prompt).rejoins == 1, PATIENCE_SECONDS);
        REQUIRE_OK(sp2_packet_source_remove(late.source));
        send_heap(&network, 0, groups[family], late.port, 2);
        check_next_heap(&prompt, 2);
        test_mutex_lock(&g.mutex);
        g.open = true;
        test_condition_broadcast(&g.changed);
        test_mutex_unlock(&g.mutex);
        leave(&late);
        leave(&prompt);
    }
    leave_link_network(&network);
}

SP2_TEST(Source_whose_interface_is_gone_can_be_removed) {
    static log_capture log = LOG_CAPTURE_INIT;
    static const char *const groups[] = {GROUP_V4, GROUP_OF_A_LINK};
    link_network network;
    enter_link_network(&network);
    for (int family = 0; family < 2; family++) {
        const sp2_udp_source_options options = by_name(groups[family], "near0", 0);
        member m = join(&log, &options);
        log.length = 0;
        log.text[0] = '\0';
        delete_link(&network, 0);
        WAIT_UNTIL(log_capture_contains(&log, "is gone"), PATIENCE_SECONDS);
        REQUIRE_OK(sp2_packet_source_remove(m.source));
        restore_link(&network, 0, 0);
        CHECK_EQ_U64(count(&m).rejoins, 0);
        leave(&m);
    }
    leave_link_network(&network);
}
