/* SPDX-License-Identifier: MIT */
#include "loopback.h"

#include <errno.h>
#include <stdlib.h>
#if defined(__linux__)
#include <netinet/udp.h>
#endif

#if defined(_WIN32)
/* The library starts Windows' sockets with the first reader; tests have sockets before. */
SP2_TEST_AT_START(start_sockets) {
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
}
#endif

uint32_t open_udp_source(sp2_receive_stream *stream, const sp2_udp_source_options *options) {
    uint32_t port = 0;
    const int32_t status = add_udp_source(stream, options, &port);
    if (status == SP2_E_UNSUPPORTED) {
        sp2_receive_stream_destroy(stream);
        SKIP("this build has no UDP source");
    }
    REQUIRE_OK(status);
    REQUIRE(port > 0 && port < 65536);
    return port;
}

uint32_t open_loopback_source(sp2_receive_stream *stream) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.bind_host = "127.0.0.1";
    return open_udp_source(stream, &options);
}

test_socket new_sender(int family, uint32_t port) {
    const struct sockaddr_in v4 = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons((uint16_t)port),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const test_socket sender = socket(family, SOCK_DGRAM, 0);
    REQUIRE(sender != NO_SOCKET);
    REQUIRE((family == AF_INET ? connect(sender, (const struct sockaddr *)&v4, sizeof(v4))
                               : connect(sender, (const struct sockaddr *)&v6, sizeof(v6))) == 0);
    return sender;
}

void send_datagrams(test_socket sender, const datagram_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        const sp2_datagram *datagram = &list->datagrams[i];
        const int64_t sent =
            send(sender, (const void *)datagram->data, (test_length)datagram->length, 0);
        REQUIRE(CHECK_EQ_I64(sent, datagram->length));
    }
}

void send_to_loopback(uint32_t port, const datagram_list *list) {
    const test_socket sender = new_sender(AF_INET, port);
    send_datagrams(sender, list);
    test_socket_close(sender);
}

bool has_ipv6_loopback(void) {
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                         .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const test_socket probe = socket(AF_INET6, SOCK_DGRAM, 0);
    const bool found =
        probe != NO_SOCKET && bind(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;
    if (probe != NO_SOCKET) {
        test_socket_close(probe);
    }
    return found;
}

bool send_as_segments(test_socket sender, const datagram_list *list) {
#if defined(UDP_SEGMENT)
    size_t length;
    uint8_t *bytes = datagrams_join(list, &length);
    const int segment = (int)list->datagrams[0].length;
    const bool sent = test_set_option(sender, IPPROTO_UDP, UDP_SEGMENT, segment) &&
                      send(sender, bytes, length, 0) == (ssize_t)length;
    free(bytes);
    return sent;
#else
    (void)sender;
    (void)list;
    errno = ENOSYS;
    return false;
#endif
}
