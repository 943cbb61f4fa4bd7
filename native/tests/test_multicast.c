/* SPDX-License-Identifier: MIT */
/* Multicast groups, in network namespaces of this program's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_namespace.h"
#include "receiver.h"

#define GROUP_V4 "239.255.77.1"
#define OTHER_GROUP_V4 "239.255.77.2"
#define GROUP_OF_A_SITE "ff15::77"
#define GROUP_OF_A_LINK "ff12::77"

enum { HEAP_BYTES = 4000, PACKET_BYTES = 1000, PACKETS = 4 };

typedef union ip_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} ip_address;

static ip_address address_of(const char *text, uint32_t port) {
    ip_address address = {0};
    if (strchr(text, ':') != NULL) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        REQUIRE(inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1);
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        REQUIRE(inet_pton(AF_INET, text, &address.v4.sin_addr) == 1);
    }
    return address;
}

/* Sends one heap to an address, through an interface (0: the system's choice). */
static void send_heap(const char *to, uint32_t port, uint32_t interface, uint64_t cnt) {
    const ip_address address = address_of(to, port);
    const int family = address.any.sa_family;
    const int index = (int)interface;
    const struct ip_mreqn request = {.imr_ifindex = index};
    const int sender = socket(family, SOCK_DGRAM, 0);
    REQUIRE(sender >= 0);
    if (interface != 0) {
        REQUIRE((family == AF_INET6
                     ? setsockopt(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index))
                     : setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &request,
                                  sizeof(request))) == 0);
    }
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
}

static void check_next_heap(sp2_receive_stream *stream, uint64_t cnt) {
    heap_list heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], cnt, HEAP_BYTES);
    heaps_free(&heaps);
}

static sp2_receive_stream *quiet_stream(void) {
    return new_stream(NULL);
}

static sp2_udp_source_options small_options(void) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    return options;
}

static void check_refused(const sp2_udp_source_options *options, int32_t status, int os_code,
                          const char *part) {
    sp2_receive_stream *stream = quiet_stream();
    CHECK_STATUS(add_udp_source(stream, options, NULL), status);
    CHECK_EQ_I64(sp2_last_error_os_code(), os_code);
    CHECK_CONTAINS(sp2_last_error_message(), part);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Group_without_a_route_is_an_error_that_names_it) {
    require_multicast_options();
    if (unshare(CLONE_NEWNET) != 0) {
        SKIP("no network namespace can be made here: %s", strerror(errno));
    }
    sp2_udp_source_options options = small_options();
    options.bind_host = GROUP_V4;
    check_refused(&options, SP2_E_OS, ENODEV, GROUP_V4);
    options.bind_host = NULL;
    options.group = GROUP_V4;
    check_refused(&options, SP2_E_OS, ENODEV, GROUP_V4);
}

SP2_TEST(Bind_host_that_is_a_group_joins_it_for_every_stream) {
    enter_loopback_network();
    sp2_receive_stream *streams[2] = {quiet_stream(), quiet_stream()};
    uint32_t port = 0;
    for (int i = 0; i < 2; i++) {
        sp2_udp_source_options options = small_options();
        options.bind_host = GROUP_V4;
        options.port = port;
        REQUIRE_OK(add_udp_source(streams[i], &options, &port));
    }
    send_heap(GROUP_V4, port, 0, 1);
    for (int i = 0; i < 2; i++) {
        check_next_heap(streams[i], 1);
        sp2_receive_stream_destroy(streams[i]);
    }
}

SP2_TEST(Group_needs_no_interface_where_the_system_can_choose_one) {
    enter_loopback_network();
    sp2_receive_stream *stream = quiet_stream();
    sp2_udp_source_options options = small_options();
    options.group = GROUP_V4;
    options.interface_address = ""; /* as in spead2 */
    uint32_t port;
    REQUIRE_OK(add_udp_source(stream, &options, &port));
    /* Only the group is bound, not the port as such. */
    send_heap("127.0.0.1", port, 0, 1);
    send_heap(GROUP_V4, port, 0, 2);
    check_next_heap(stream, 2);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Address_of_the_interface_itself_may_stand_for_the_group) {
    enter_loopback_network();
    static const char *const groups[] = {"127.0.0.5", "0.0.0.0"};
    for (int i = 0; i < 2; i++) {
        sp2_receive_stream *stream = quiet_stream();
        sp2_udp_source_options options = small_options();
        options.group = groups[i];
        options.interface_address = "127.0.0.5";
        uint32_t port;
        REQUIRE_OK(add_udp_source(stream, &options, &port));
        send_heap("127.0.0.1", port, 0, 1);
        send_heap("127.0.0.5", port, 0, 2);
        check_next_heap(stream, 2);
        sp2_receive_stream_destroy(stream);
    }
}

/* One stream for each link, on the same group and port: each must get what came over its link. */
static void check_links_apart(link_network *network, const char *group,
                              const sp2_udp_source_options links[LINKS]) {
    sp2_receive_stream *streams[LINKS];
    uint32_t port = 0;
    for (int i = 0; i < LINKS; i++) {
        streams[i] = quiet_stream();
        sp2_udp_source_options options = links[i];
        options.port = port;
        REQUIRE_OK(add_udp_source(streams[i], &options, &port));
    }
    enter_host(network->far_host);
    for (uint64_t cnt = 1; cnt <= 10; cnt++) {
        for (int i = 0; i < LINKS; i++) {
            const uint64_t marked = 100 * (uint64_t)i + cnt;
            send_heap(group, port, network->far_index[i], marked);
            /* A heap of the other link would be in the socket's queue before this one. */
            check_next_heap(streams[i], marked);
        }
    }
    enter_host(network->near_host);
    for (int i = 0; i < LINKS; i++) {
        CHECK_EQ_U64(stats_of(streams[i]).packets, 10 * PACKETS);
        CHECK_EQ_U64(stats_of(streams[i]).kernel_drop_messages, 0);
        sp2_receive_stream_destroy(streams[i]);
    }
}

SP2_TEST(Ipv4_group_is_received_on_the_joined_interface_only) {
    static const char *const interfaces[LINKS] = {"10.77.0.1", "10.77.1.1"};
    link_network network;
    enter_link_network(&network);
    sp2_udp_source_options links[LINKS] = {small_options(), small_options()};
    for (int i = 0; i < LINKS; i++) {
        links[i].group = GROUP_V4;
        links[i].interface_address = interfaces[i];
    }
    check_links_apart(&network, GROUP_V4, links);
    leave_link_network(&network);
}

SP2_TEST(Ipv6_group_is_received_on_the_joined_interface_only) {
    static const char *const groups[] = {GROUP_OF_A_SITE, GROUP_OF_A_LINK};
    link_network network;
    enter_link_network(&network);
    for (int g = 0; g < 2; g++) {
        sp2_test_context("%s", groups[g]);
        sp2_udp_source_options links[LINKS] = {small_options(), small_options()};
        for (int i = 0; i < LINKS; i++) {
            links[i].group = groups[g];
            links[i].interface_index = network.near_index[i];
        }
        check_links_apart(&network, groups[g], links);
    }
    leave_link_network(&network);
}

SP2_TEST(Interface_may_be_given_by_its_name_for_each_family) {
    static const char *const groups[] = {GROUP_V4, GROUP_OF_A_SITE, GROUP_OF_A_LINK};
    static const char *const names[LINKS] = {"near0", "near1"};
    link_network network;
    enter_link_network(&network);
    for (int g = 0; g < 3; g++) {
        sp2_test_context("%s", groups[g]);
        sp2_udp_source_options links[LINKS] = {small_options(), small_options()};
        for (int i = 0; i < LINKS; i++) {
            links[i].group = groups[g];
            links[i].interface_name = names[i];
        }
        check_links_apart(&network, groups[g], links);
    }
    sp2_udp_source_options options = small_options();
    options.group = GROUP_V4;
    options.interface_name = "nothing0";
    check_refused(&options, SP2_E_OS, ENODEV, "nothing0");
    options.interface_name = "a-name-that-no-interface-can-have";
    check_refused(&options, SP2_E_OS, ENODEV, "a-name-that-no-interface-can-have");
    leave_link_network(&network);
}

SP2_TEST(Interface_of_an_ipv4_group_may_be_given_by_its_index) {
    link_network network;
    enter_link_network(&network);
    sp2_udp_source_options links[LINKS] = {small_options(), small_options()};
    for (int i = 0; i < LINKS; i++) {
        links[i].group = GROUP_V4;
        links[i].interface_index = network.near_index[i];
    }
    check_links_apart(&network, GROUP_V4, links);
    links[0].interface_index = 4711;
    check_refused(&links[0], SP2_E_OS, ENODEV, "4711");
    leave_link_network(&network);
}

/* A handle of a source of its own on a group; and the port. */
static sp2_packet_source *open_group(sp2_receive_stream *stream,
                                     const sp2_udp_source_options *options, uint32_t *port) {
    sp2_packet_source *source = NULL;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_receive_stream_add_udp_source(stream, options, &source));
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    *port = info.port;
    return source;
}

SP2_TEST(Source_tells_its_group_interface_and_latest_sender) {
    link_network network;
    enter_link_network(&network);
    const struct {
        const char *group;
        const char *name;
        const char *address;
        uint32_t index;
        const char *told;
        const char *sender;
    } cases[] = {
        {GROUP_V4, "near1", NULL, 0, "near1", "10.77.1.2"},
        {GROUP_V4, NULL, "10.77.1.1", 0, "near1", "10.77.1.2"},
        {GROUP_V4, NULL, NULL, network.near_index[1], "near1", "10.77.1.2"},
        {GROUP_OF_A_SITE, "near1", NULL, 0, "near1", "fe80::2:1"},
        {GROUP_OF_A_SITE, NULL, NULL, network.near_index[1], "near1", "fe80::2:1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        sp2_receive_stream *stream = quiet_stream();
        sp2_udp_source_options options = small_options();
        options.group = cases[i].group;
        options.interface_name = cases[i].name;
        options.interface_address = cases[i].address;
        options.interface_index = cases[i].index;
        uint32_t port;
        sp2_packet_source *source = open_group(stream, &options, &port);
        sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
        sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
        REQUIRE_OK(sp2_packet_source_get_info(source, &info));
        REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
        CHECK_STR(info.group, cases[i].group);
        CHECK_STR(info.interface_name, cases[i].told);
        CHECK_STR(stats.sender, "");
        CHECK_EQ_U64(stats.sender_port, 0);
        enter_host(network.far_host);
        send_heap(cases[i].group, port, network.far_index[1], 1);
        enter_host(network.near_host);
        check_next_heap(stream, 1);
        /* At the end of the slice. */
        WAIT_UNTIL(sp2_packet_source_get_stats(source, &stats) == SP2_OK && stats.datagrams != 0,
                   PATIENCE_SECONDS);
        CHECK_STR(stats.sender, cases[i].sender);
        CHECK(stats.sender_port != 0);
        sp2_packet_source_release(source);
        sp2_receive_stream_destroy(stream);
    }
    leave_link_network(&network);
}

/* On link 0 the far host and the near host itself send to the group. */
static void check_sender_is_chosen(link_network *network, const char *group, const char *sender,
                                   bool far_one) {
    const char *const senders[] = {sender, sender};
    sp2_test_context("%s from %s", group, sender);
    sp2_udp_source_options options = small_options();
    options.group = group;
    options.interface_name = "near0";
    options.senders = senders;
    options.sender_count = 2;
    sp2_receive_stream *stream = quiet_stream();
    uint32_t port;
    sp2_packet_source *source = open_group(stream, &options, &port);
    /* Another socket that has joined for everybody, also on the other link. */
    sp2_receive_stream *open_to_all[LINKS] = {quiet_stream(), quiet_stream()};
    static const char *const names[LINKS] = {"near0", "near1"};
    for (int i = 0; i < LINKS; i++) {
        sp2_udp_source_options all = small_options();
        all.group = group;
        all.interface_name = names[i];
        all.port = port;
        REQUIRE_OK(add_udp_source(open_to_all[i], &all, NULL));
    }
    for (uint64_t round = 0; round < 3; round++) {
        for (int far_host = 0; far_host < 2; far_host++) {
            const uint64_t cnt = 10 * round + (uint64_t)far_host;
            enter_host(far_host ? network->far_host : network->near_host);
            send_heap(group, port, far_host ? network->far_index[0] : network->near_index[0], cnt);
            check_next_heap(open_to_all[0], cnt);
        }
        enter_host(network->far_host);
        send_heap(group, port, network->far_index[1], 100 + round);
        check_next_heap(open_to_all[1], 100 + round);
        check_next_heap(stream, 10 * round + (far_one ? 1 : 0));
    }
    enter_host(network->near_host);
    CHECK_EQ_U64(stats_of(stream).packets, 3 * PACKETS);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(stream);
    for (int i = 0; i < LINKS; i++) {
        sp2_receive_stream_destroy(open_to_all[i]);
    }
}

SP2_TEST(Group_is_received_from_the_chosen_senders_only) {
    link_network network;
    enter_link_network(&network);
    check_sender_is_chosen(&network, GROUP_V4, "10.77.0.2", true);
    check_sender_is_chosen(&network, GROUP_V4, "10.77.0.1", false);
    check_sender_is_chosen(&network, GROUP_OF_A_SITE, "fe80::2:0", true);
    check_sender_is_chosen(&network, GROUP_OF_A_LINK, "fe80::1:0", false);
    leave_link_network(&network);
}

SP2_TEST(Senders_beyond_the_limit_of_the_system_are_refused) {
    enum { TOO_MANY = 200 };
    static char texts[TOO_MANY][16];
    static const char *senders[TOO_MANY];
    link_network network;
    enter_link_network(&network);
    for (int i = 0; i < TOO_MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "10.77.0.%d", i + 1);
        senders[i] = texts[i];
    }
    sp2_udp_source_options options = small_options();
    options.group = GROUP_V4;
    options.interface_name = "near0";
    options.senders = senders;
    options.sender_count = TOO_MANY;
    check_refused(&options, SP2_E_OS, ENOBUFS, "igmp_max_msf");
    leave_link_network(&network);
}

SP2_TEST(Socket_joined_for_one_sender_is_refused_for_all) {
    link_network network;
    enter_link_network(&network);
    const int prepared = socket(AF_INET, SOCK_DGRAM, 0);
    struct group_source_req join = {.gsr_interface = network.near_index[0]};
    const ip_address group = address_of(GROUP_V4, 0);
    const ip_address sender = address_of("10.77.0.2", 0);
    memcpy(&join.gsr_group, &group, sizeof(group));
    memcpy(&join.gsr_source, &sender, sizeof(sender));
    REQUIRE(setsockopt(prepared, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &join, sizeof(join)) == 0);
    sp2_udp_source_options options = small_options();
    options.group = GROUP_V4;
    options.interface_name = "near0";
    options.flags = SP2_UDP_EXISTING_SOCKET;
    options.socket = prepared;
    check_refused(&options, SP2_E_OS, EADDRINUSE, "joined it there already");
    close(prepared);
    leave_link_network(&network);
}

SP2_TEST(Interface_of_an_ipv6_group_may_be_a_part_of_its_name) {
    link_network network;
    enter_link_network(&network);
    sp2_udp_source_options links[LINKS] = {small_options(), small_options()};
    links[0].group = GROUP_OF_A_LINK "%near0";
    links[1].bind_host = GROUP_OF_A_LINK "%near1";
    check_links_apart(&network, GROUP_OF_A_LINK, links);

    sp2_udp_source_options options = small_options();
    options.group = GROUP_OF_A_LINK "%near0";
    options.interface_index = network.near_index[1];
    check_refused(&options, SP2_E_ARG, 0, "interface_index");
    options.group = GROUP_OF_A_LINK;
    options.interface_index = 0;
    check_refused(&options, SP2_E_ARG, 0, GROUP_OF_A_LINK);
    leave_link_network(&network);
}

SP2_TEST(Interface_that_does_not_exist_is_named) {
    link_network network;
    enter_link_network(&network);
    sp2_udp_source_options options = small_options();
    options.group = GROUP_V4;
    options.interface_address = "10.99.0.1";
    check_refused(&options, SP2_E_OS, ENODEV, "10.99.0.1");
    options.interface_address = NULL;
    options.group = GROUP_OF_A_SITE;
    options.interface_index = 4711;
    check_refused(&options, SP2_E_OS, ENODEV, "4711");
    leave_link_network(&network);
}

/* A socket with two groups that its owner has joined; only the port is left to the library. */
SP2_TEST(Existing_socket_keeps_the_groups_that_its_owner_has_joined) {
    link_network network;
    enter_link_network(&network);
    const int prepared = socket(AF_INET, SOCK_DGRAM, 0);
    const struct ip_mreqn joins[] = {
        {.imr_multiaddr = address_of(GROUP_V4, 0).v4.sin_addr,
         .imr_ifindex = (int)network.near_index[0]},
        {.imr_multiaddr = address_of(OTHER_GROUP_V4, 0).v4.sin_addr,
         .imr_ifindex = (int)network.near_index[1]},
    };
    for (int i = 0; i < 2; i++) {
        REQUIRE(setsockopt(prepared, IPPROTO_IP, IP_ADD_MEMBERSHIP, &joins[i], sizeof(joins[i])) ==
                0);
    }
    sp2_receive_stream *stream = quiet_stream();
    sp2_udp_source_options options = small_options();
    options.flags = SP2_UDP_EXISTING_SOCKET;
    options.socket = prepared;
    uint32_t port;
    REQUIRE_OK(add_udp_source(stream, &options, &port));
    close(prepared);
    enter_host(network.far_host);
    send_heap(GROUP_V4, port, network.far_index[0], 1);
    check_next_heap(stream, 1);
    send_heap(OTHER_GROUP_V4, port, network.far_index[1], 2);
    check_next_heap(stream, 2);
    enter_host(network.near_host);
    sp2_receive_stream_destroy(stream);
    leave_link_network(&network);
}

SP2_TEST(Unbound_socket_joins_the_group_of_the_options) {
    static const char *const groups[] = {GROUP_V4, GROUP_OF_A_SITE};
    link_network network;
    enter_link_network(&network);
    for (int i = 0; i < 2; i++) {
        sp2_receive_stream *stream = quiet_stream();
        sp2_udp_source_options options = small_options();
        options.flags = SP2_UDP_EXISTING_SOCKET;
        options.socket = socket(i == 0 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
        options.group = groups[i];
        options.interface_address = i == 0 ? "10.77.1.1" : NULL;
        options.interface_index = i == 0 ? 0 : network.near_index[1];
        uint32_t port;
        REQUIRE_OK(add_udp_source(stream, &options, &port));
        close((int)options.socket);
        enter_host(network.far_host);
        send_heap(groups[i], port, network.far_index[1], 1);
        enter_host(network.near_host);
        check_next_heap(stream, 1);
        sp2_receive_stream_destroy(stream);
    }
    leave_link_network(&network);
}
