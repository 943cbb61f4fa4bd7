/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_GROUP_H
#define SP2_TRANSPORT_UDP_GROUP_H

#include "transport/udp_address.h"

/*
 * Joins the group of an address, on its interface and for its senders, so that the socket receives
 * nothing else. Completes the address: index and name of the interface, where the system tells
 * them. Returns an sp2_status.
 */
int32_t sp2__udp_join(intptr_t socket, const sp2__udp_config *config, sp2__udp_address *address);

#endif
