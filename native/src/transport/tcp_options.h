/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_TCP_OPTIONS_H
#define SP2_TRANSPORT_TCP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/tcp.h"
#include "transport/tcp_socket.h"

/* What of the options is not about the socket. */
typedef struct sp2__tcp_settings {
    uint32_t max_size;
    bool reaccepts;
} sp2__tcp_settings;

/* Reads and checks a caller's options. Returns SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW or, of a socket,
 * SP2_E_UNSUPPORTED. */
int32_t sp2__tcp_options_read(const sp2_tcp_source_options *caller, sp2__tcp_config *config,
                              sp2__tcp_settings *settings);

#endif
