/* SPDX-License-Identifier: MIT */
#include "loopback.h"

#include "test_sockets.h"

uint32_t add_loopback_reader(sp2_receive_stream *stream) {
    sp2_udp_options udp = SP2_UDP_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    uint32_t port = 0;
    const int32_t status = sp2_receive_stream_add_udp_reader(stream, &udp, &port);
    if (status == SP2_E_UNSUPPORTED) {
        sp2_receive_stream_destroy(stream);
        SKIP("this build has no UDP reader");
    }
    REQUIRE_OK(status);
    REQUIRE(port != 0);
    return port;
}

void send_to_loopback(uint32_t port, const datagram_list *list) {
    const test_socket sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(sender != NO_SOCKET);
    for (size_t i = 0; i < list->count; i++) {
        const sp2_datagram *datagram = &list->datagrams[i];
        const int64_t sent = sendto(sender, datagram->data, (test_length)datagram->length, 0,
                                    (struct sockaddr *)&address, sizeof(address));
        CHECK_EQ_I64(sent, datagram->length);
    }
    test_socket_close(sender);
}
