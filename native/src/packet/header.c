/* SPDX-License-Identifier: MIT */
#include "packet/header.h"

#include "spead2core/heap.h"

void sp2__packet_describe(const sp2__packet *packet, uint64_t *custom_stats,
                          sp2_packet_header *header) {
    const bool known = packet->heap_length != SP2__LENGTH_UNKNOWN;
    *header = (sp2_packet_header){
        .size = sizeof(*header),
        .address_bits = packet->address_bits,
        .cnt = packet->cnt,
        .heap_length = known ? (int64_t)packet->heap_length : SP2_HEAP_LENGTH_UNKNOWN,
        .payload_offset = packet->payload_offset,
        .payload_length = packet->payload_length,
        .payload = packet->payload,
        .pointers = packet->item_count != 0 ? packet->items : NULL,
        .pointer_count = packet->item_count,
        .custom_stats = custom_stats,
    };
}
