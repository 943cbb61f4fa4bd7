/* SPDX-License-Identifier: MIT */
/* What the kernel says beside a message: its control messages, and whether it was cut off. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
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

/* The linker puts these in the place of the system calls' functions. */
static atomic_bool cuts_off;         /* Linux itself cuts off no message of coalesced datagrams */
static atomic_uint failures_to_come; /* of receptions */
static atomic_int failure = ECONNREFUSED;
static atomic_uint changes; /* of what the loop waits for */

int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
    if (atomic_load(&failures_to_come) != 0) {
        atomic_fetch_sub(&failures_to_come, 1);
        errno = atomic_load(&failure);
        return -1;
    }
    const int received = __real_recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < received && atomic_load(&cuts_off); i++) {
        messages[i].msg_hdr.msg_flags |= MSG_TRUNC;
    }
    return received;
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
    atomic_fetch_add(&changes, operation == EPOLL_CTL_MOD);
    return __real_epoll_ctl(epoll, operation, fd, event);
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

/* Sends a heap to a source whose receptions fail for a while, and takes it. */
static void exchange_after_failures(sp2_receive_stream *stream, test_socket sender,
                                    unsigned failures) {
    datagram_list list = one_heap();
    atomic_store(&failures_to_come, failures);
    send_datagrams(sender, &list);
    heap_list heaps = pop_count(stream, 1);
    check_filled_heap(heaps.heaps[0], 1, HEAP_BYTES);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Source_is_left_alone_after_16_failures_in_a_row) {
    enum { TOO_MANY = 16 };
    const sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&quiet);
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.bind_host = "127.0.0.1";
    const test_socket sender = new_sender(AF_INET, open_udp_source(stream, &options));
    exchange_after_failures(stream, sender, 0);
    atomic_store(&changes, 0);
    for (int i = 0; i < 3; i++) {
        exchange_after_failures(stream, sender, TOO_MANY - 1);
    }
    CHECK_EQ_U64(atomic_load(&changes), 0);
    exchange_after_failures(stream, sender, TOO_MANY);
    CHECK(atomic_load(&changes) != 0);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Interrupted_reception_is_no_error) {
    const sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&quiet);
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.bind_host = "127.0.0.1";
    sp2_packet_source *source;
    REQUIRE_OK(sp2_receive_stream_add_udp_source(stream, &options, &source));
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    const test_socket sender = new_sender(AF_INET, info.port);
    atomic_store(&failure, EINTR);
    exchange_after_failures(stream, sender, 3);
    atomic_store(&failure, ECONNREFUSED);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
    CHECK_EQ_U64(stats.errors, 0);
    sp2_packet_source_release(source);
    test_socket_close(sender);
    sp2_receive_stream_destroy(stream);
}
