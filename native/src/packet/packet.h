/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_PACKET_H
#define SP2_PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "packet/wire.h"

/* Value of sp2__packet.heap_length where the packet has no HEAP_LENGTH. */
#define SP2__LENGTH_UNKNOWN UINT64_MAX

/* Header and the four special item pointers. */
#define SP2__USUAL_PREFIX (SP2__HEADER_SIZE + 4 * SP2__POINTER_SIZE)

/* A decoded packet; its pointers point into the packet's bytes, at no particular alignment. */
typedef struct sp2__packet {
    uint64_t cnt;
    uint64_t heap_length; /* or SP2__LENGTH_UNKNOWN */
    uint64_t payload_offset;
    uint64_t payload_length;
    const uint8_t *payload;
    const uint8_t *items; /* item pointers from the first that is not one of the special four */
    uint32_t item_count;
    uint32_t address_bits;
    uint64_t size; /* bytes of the whole packet */
} sp2__packet;

/* Why bytes are not a packet; numbered as the checks of spec section 3.1. */
typedef enum sp2__packet_fault {
    SP2__PACKET_OK = 0,
    SP2__PACKET_TOO_SMALL = 1,
    SP2__PACKET_MAGIC = 2,
    SP2__PACKET_FLAVOUR = 3,
    SP2__PACKET_WIDTHS = 4,
    SP2__PACKET_ITEM_TABLE = 5,
    SP2__PACKET_ITEM_MISSING = 6,
    SP2__PACKET_PAYLOAD = 7,
    SP2__PACKET_BEYOND_HEAP = 8
} sp2__packet_fault;

/*
 * Decodes the packet at the start of `length` bytes. Further bytes may follow it. Where the answer
 * is not SP2__PACKET_OK, *packet has no defined content.
 */
sp2__packet_fault sp2__packet_decode(const uint8_t *bytes, uint64_t length, sp2__packet *packet);

/* The usual packet starts with the special four in order: four comparisons and no loop. */
SP2__INLINE bool sp2__take_usual_prefix(const uint8_t *pointers, unsigned address_bits,
                                        sp2__packet *packet) {
    const uint64_t cnt = sp2__load_be64(pointers);
    const uint64_t heap_length = sp2__load_be64(pointers + 8);
    const uint64_t offset = sp2__load_be64(pointers + 16);
    const uint64_t length = sp2__load_be64(pointers + 24);
    const uint64_t immediate = SP2__IMMEDIATE_BIT >> address_bits;
    if (((cnt >> address_bits) ^ (immediate | SP2__ID_HEAP_CNT)) |
        ((heap_length >> address_bits) ^ (immediate | SP2__ID_HEAP_LENGTH)) |
        ((offset >> address_bits) ^ (immediate | SP2__ID_PAYLOAD_OFFSET)) |
        ((length >> address_bits) ^ (immediate | SP2__ID_PAYLOAD_LENGTH))) {
        return false;
    }
    packet->cnt = sp2__pointer_value(cnt, address_bits);
    packet->heap_length = sp2__pointer_value(heap_length, address_bits);
    packet->payload_offset = sp2__pointer_value(offset, address_bits);
    packet->payload_length = sp2__pointer_value(length, address_bits);
    return true;
}

/*
 * The same for the packets that streams consist of: the special four in order, and no other item
 * pointer. False for all others, and for what is not a packet: sp2__packet_decode knows more.
 */
SP2__INLINE bool sp2__packet_decode_usual(const uint8_t *bytes, uint64_t length,
                                          sp2__packet *packet) {
    if (SP2__UNLIKELY(length < SP2__USUAL_PREFIX)) {
        return false;
    }
    const uint64_t header = sp2__load_be64(bytes);
    const unsigned address_width = (unsigned)(header >> 32) & 0xff;
    /* Without its reserved bytes, the header of a packet with four item pointers. */
    const uint64_t expected = (uint64_t)SP2__MAGIC << 56 | (uint64_t)SP2__VERSION << 48 |
                              (uint64_t)(SP2__POINTER_SIZE - address_width) << 40 |
                              (uint64_t)address_width << 32 | 4;
    if (SP2__UNLIKELY((header & ~(uint64_t)0xffff0000) != expected || address_width == 0 ||
                      address_width >= SP2__POINTER_SIZE)) {
        return false;
    }
    packet->address_bits = address_width * 8;
    packet->item_count = 0;
    packet->items = bytes + SP2__USUAL_PREFIX;
    packet->payload = bytes + SP2__USUAL_PREFIX;
    if (SP2__UNLIKELY(
            !sp2__take_usual_prefix(bytes + SP2__HEADER_SIZE, packet->address_bits, packet))) {
        return false;
    }
    packet->size = SP2__USUAL_PREFIX + packet->payload_length;
    return packet->payload_length <= length - SP2__USUAL_PREFIX &&
           packet->payload_offset + packet->payload_length <= packet->heap_length;
}

/* A sentence that says what the fault means. */
const char *sp2__packet_fault_text(sp2__packet_fault fault);

#endif
