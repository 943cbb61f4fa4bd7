/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_HEADER_H
#define SP2_PACKET_HEADER_H

#include "packet/packet.h"
#include "spead2core/packet.h"

/* Says what a decoded packet is, for callbacks of the user: all of *header is set, and valid as
 * long as the packet's bytes are. `custom_stats` is this batch's, or NULL. */
void sp2__packet_describe(const sp2__packet *packet, uint64_t *custom_stats,
                          sp2_packet_header *header);

#endif
