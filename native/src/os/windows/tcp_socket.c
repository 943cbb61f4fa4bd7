/* SPDX-License-Identifier: MIT */
/* There is no TCP for this system yet: no source gets further than this. */
#include "transport/tcp_socket.h"

#include "base/error.h"

static int32_t refuse(void) {
    return sp2__fail(SP2_E_UNSUPPORTED, 0,
                     "TCP sources are not supported on this operating system yet");
}

int32_t sp2__tcp_inspect(int64_t socket, bool *listens) {
    (void)socket;
    (void)listens;
    return refuse();
}

int32_t sp2__tcp_open(const sp2__tcp_config *config, sp2__logger *logger, intptr_t *opened,
                      sp2__tcp_progress *progress) {
    (void)config;
    (void)logger;
    (void)opened;
    (void)progress;
    return refuse();
}

void sp2__tcp_describe(intptr_t socket, sp2_packet_source_info *info) {
    (void)socket;
    (void)info;
}

bool sp2__tcp_peer(intptr_t socket, sp2__ip_address *peer) {
    (void)socket;
    (void)peer;
    return false;
}

sp2__tcp_outcome sp2__tcp_accept(intptr_t listener, intptr_t *connection, int32_t *error) {
    (void)listener;
    (void)connection;
    (void)error;
    return SP2__TCP_NOTHING;
}

sp2__tcp_outcome sp2__tcp_finish_connect(intptr_t socket, int32_t *error) {
    (void)socket;
    (void)error;
    return SP2__TCP_NOTHING;
}

sp2__tcp_outcome sp2__tcp_receive(intptr_t socket, uint8_t *bytes, uint64_t room,
                                  uint64_t *received, int32_t *error) {
    (void)socket;
    (void)bytes;
    (void)room;
    (void)received;
    (void)error;
    return SP2__TCP_NOTHING;
}

void sp2__tcp_close(intptr_t socket) {
    (void)socket;
}
