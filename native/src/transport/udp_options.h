/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_OPTIONS_H
#define SP2_TRANSPORT_UDP_OPTIONS_H

#include <stdint.h>

#include "packet/dialect.h"
#include "spead2core/udp.h"
#include "transport/udp_socket.h"

/* Reads a caller's options and checks everything that needs no look at an address. Returns SP2_OK,
 * SP2_E_ARG or SP2_E_TOO_NEW. */
int32_t sp2__udp_options_read(const sp2_udp_source_options *caller, sp2__udp_config *config,
                              sp2__dialect *dialect, uint32_t *max_size);

#endif
