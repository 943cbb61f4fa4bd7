/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_PACKET_H
#define SP2_PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/wire.h"

/* Value of sp2__packet.heap_length where the packet has no HEAP_LENGTH. */
#define SP2__LENGTH_UNKNOWN UINT64_MAX

/* What any packet has at least: a header, and the cnt's and two more item pointers. */
#define SP2__LEAST_PREFIX (SP2__HEADER_SIZE + 3 * SP2__POINTER_SIZE)

/* A decoded packet; its pointers point into the packet's bytes, at no particular alignment. */
typedef struct sp2__packet {
    uint64_t cnt;
    uint64_t heap_length; /* or SP2__LENGTH_UNKNOWN */
    uint64_t payload_offset;
    uint64_t payload_length;
    const uint8_t *payload;
    const uint8_t *start; /* first byte of the packet */
    const uint8_t *items; /* item pointers from the first that is not one of the special four */
    uint32_t item_count;
    uint32_t address_bits;
    uint64_t size;      /* bytes of the whole packet */
    bool usual_prefix;  /* the special four come first, in the order of their identifiers */
    uint64_t unpointed; /* item pointer of payload that none points to; 0: there is no such item */
} sp2__packet;

typedef struct sp2__dialect sp2__dialect;

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

/* The same by the rules of a dialect, for which the bytes are a datagram. */
sp2__packet_fault sp2__packet_decode_dialect(const uint8_t *bytes, uint64_t length,
                                             const sp2__dialect *dialect, sp2__packet *packet);

/* A sentence that says what the fault means. */
const char *sp2__packet_fault_text(sp2__packet_fault fault);

#endif
