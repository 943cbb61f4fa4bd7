/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_TCP_SOCKET_H
#define SP2_TRANSPORT_TCP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/logger.h"
#include "spead2core/source.h"
#include "transport/udp_address.h"

/* What the system is asked for: sp2_tcp_source_options, read and checked. */
typedef struct sp2__tcp_config {
    const char *host; /* NULL: any address */
    uint32_t port;
    uint64_t buffer_size; /* 0: as the operating system makes it */
    bool connect;         /* instead of listening */
    bool existing;        /* a duplicate of `socket` is used instead of a new one */
    intptr_t socket;
} sp2__tcp_config;

/* Says whether a caller's socket can be used, and whether it listens. Returns SP2_OK, SP2_E_ARG,
 * SP2_E_UNSUPPORTED. */
int32_t sp2__tcp_inspect(int64_t socket, bool *listens);

/* How far a connection is. */
typedef enum sp2__tcp_progress {
    SP2__TCP_LISTENING,
    SP2__TCP_CONNECTING,
    SP2__TCP_CONNECTED
} sp2__tcp_progress;

/* Opens a socket that listens, or one that is being connected. Returns an sp2_status; the caller
 * closes the socket. */
int32_t sp2__tcp_open(const sp2__tcp_config *config, sp2__logger *logger, intptr_t *opened,
                      sp2__tcp_progress *progress);

/* Fills in the address and port that a socket is bound to. */
void sp2__tcp_describe(intptr_t socket, sp2_packet_source_info *info);

/* The other end of a connection; false if there is none. */
bool sp2__tcp_peer(intptr_t socket, sp2__ip_address *peer);

/* What became of an attempt that does not wait. */
typedef enum sp2__tcp_outcome {
    SP2__TCP_DONE,
    SP2__TCP_NOTHING,  /* nothing is there yet */
    SP2__TCP_HICCUP,   /* an error of one connection that had not been accepted */
    SP2__TCP_SHORTAGE, /* an error that goes away: of memory, of descriptors */
    SP2__TCP_FAILED    /* an error for good */
} sp2__tcp_outcome;

/* Takes the next connection. *error is an error number unless it is done, or nothing is there. */
sp2__tcp_outcome sp2__tcp_accept(intptr_t listener, intptr_t *connection, int32_t *error);

/* Whether a connection has been made, or has failed. As sp2__tcp_accept. */
sp2__tcp_outcome sp2__tcp_finish_connect(intptr_t socket, int32_t *error);

/* Takes bytes that have arrived; none, and it is done: the peer has closed. As sp2__tcp_accept. */
sp2__tcp_outcome sp2__tcp_receive(intptr_t socket, uint8_t *bytes, uint64_t room,
                                  uint64_t *received, int32_t *error);

void sp2__tcp_close(intptr_t socket);

#endif
