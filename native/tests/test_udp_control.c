/* SPDX-License-Identifier: MIT */
/* What the kernel says beside a message: its control messages, and whether it was cut off. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "loopback.h"

enum { HEAP_BYTES = 4000, PACKET_BYTES = 1000 };

static datagram_list one_heap(void) {
    datagram_list list = {0};
    uint8_t payload[HEAP_BYTES];
    fill_payload(payload, HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, HEAP_BYTES, PACKET_BYTES);
    return list;
}

SP2_TEST(Segments_are_cut_beside_what_the_owner_of_the_socket_asked_for) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const test_socket owned = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(bind(owned, (const struct sockaddr *)&address, sizeof(address)) == 0);
    /* Each of these comes with every message, before the size of the segments. */
    const bool asked = test_set_option(owned, SOL_SOCKET, SO_TIMESTAMPNS, 1) &&
                       test_set_option(owned, SOL_SOCKET, SO_RXQ_OVFL, 1) &&
                       test_set_option(owned, IPPROTO_IP, IP_PKTINFO, 1);
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.flags = SP2_UDP_EXISTING_SOCKET;
    options.socket = owned;
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    test_socket_close(owned);
    datagram_list list = one_heap();
    const bool sent = asked && send_as_segments(sender, &list);
    const char *reason = strerror(errno);
    if (sent) {
        heap_list heaps = pop_count(stream, 1);
        check_filled_heap(heaps.heaps[0], 1, HEAP_BYTES);
        heaps_free(&heaps);
        CHECK_EQ_U64(stats_of(stream).packets, HEAP_BYTES / PACKET_BYTES);
    }
    datagrams_free(&list);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    if (!sent) {
        SKIP("this system does not segment UDP messages, or lacks an option: %s", reason);
    }
}

/* The linker puts this in the place of the system call's function: no kernel of today cuts off a
 * message of joined datagrams, as they take no more than 64 KiB. */
static atomic_bool cuts_off;
int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
    const int received = __real_recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < received && atomic_load(&cuts_off); i++) {
        messages[i].msg_hdr.msg_flags |= MSG_TRUNC;
    }
    return received;
}

SP2_TEST(Cut_off_message_spoils_its_last_segment_only) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.bind_host = "127.0.0.1";
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    datagram_list list = one_heap();
    atomic_store(&cuts_off, true);
    const bool sent = send_as_segments(sender, &list);
    const char *reason = strerror(errno);
    if (sent) {
        WAIT_UNTIL(stats_of(stream).truncated == 1, PATIENCE_SECONDS);
        CHECK_EQ_U64(stats_of(stream).packets_accepted, HEAP_BYTES / PACKET_BYTES - 1);
    }
    atomic_store(&cuts_off, false);
    datagrams_free(&list);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
    if (!sent) {
        SKIP("this system does not segment UDP messages: %s", reason);
    }
}
