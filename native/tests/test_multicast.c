/* SPDX-License-Identifier: MIT */
/* Multicast groups, in a network namespace of this program's own whose only interface is loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receiver.h"

#define GROUP "239.255.77.1"

enum { HEAP_BYTES = 4000, PACKET_BYTES = 1000 };

static struct sockaddr_in address(const char *text, uint32_t port) {
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    REQUIRE(inet_pton(AF_INET, text, &result.sin_addr) == 1);
    return result;
}

static void set_address(struct sockaddr *to, const char *text) {
    const struct sockaddr_in from = address(text, 0);
    memcpy(to, &from, sizeof(from));
}

/* Moves this thread into a namespace where loopback is up and all multicast goes through it. */
static void enter_namespace(void) {
    if (unshare(CLONE_NEWNET) != 0) {
        SKIP("no network namespace can be made here: %s", strerror(errno));
    }
    const int control = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(control >= 0);
    struct ifreq loopback = {.ifr_name = "lo"};
    REQUIRE(ioctl(control, SIOCGIFFLAGS, &loopback) == 0);
    loopback.ifr_flags = (short)(loopback.ifr_flags | IFF_UP);
    REQUIRE(ioctl(control, SIOCSIFFLAGS, &loopback) == 0);
    char device[] = "lo";
    struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = device};
    set_address(&route.rt_dst, "224.0.0.0");
    set_address(&route.rt_genmask, "240.0.0.0");
    REQUIRE(ioctl(control, SIOCADDRT, &route) == 0);
    close(control);
}

static sp2_udp_options group_options(uint32_t port) {
    sp2_udp_options options = SP2_UDP_OPTIONS_INIT;
    options.bind_host = GROUP;
    options.port = port;
    options.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    return options;
}

/* Before the namespace, in which the same would work. */
SP2_TEST(Group_without_a_route_is_an_error_that_names_it) {
    if (unshare(CLONE_NEWNET) != 0) {
        SKIP("no network namespace can be made here: %s", strerror(errno));
    }
    const sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&quiet);
    const sp2_udp_options options = group_options(0);
    CHECK_STATUS(sp2_receive_stream_add_udp_reader(stream, &options, NULL), SP2_E_OS);
    CHECK_CONTAINS(sp2_last_error_message(), GROUP);
    CHECK_EQ_I64(sp2_last_error_os_code(), ENODEV);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Bind_host_that_is_a_group_joins_it_for_every_stream) {
    enter_namespace();
    const sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *streams[2] = {new_stream(&quiet), new_stream(&quiet)};
    uint32_t port = 0;
    for (int i = 0; i < 2; i++) {
        const sp2_udp_options options = group_options(port);
        REQUIRE_OK(sp2_receive_stream_add_udp_reader(streams[i], &options, &port));
    }
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, HEAP_BYTES, PACKET_BYTES);
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr_in group = address(GROUP, port);
    REQUIRE(connect(sender, (const struct sockaddr *)(const void *)&group, sizeof(group)) == 0);
    for (size_t i = 0; i < list.count; i++) {
        const size_t length = (size_t)list.datagrams[i].length;
        REQUIRE(send(sender, list.datagrams[i].data, length, 0) == (ssize_t)length);
    }
    close(sender);
    for (int i = 0; i < 2; i++) {
        heap_list heaps = pop_count(streams[i], 1);
        check_filled_heap(heaps.heaps[0], 1, HEAP_BYTES);
        heaps_free(&heaps);
        sp2_receive_stream_destroy(streams[i]);
    }
    datagrams_free(&list);
}
