/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_PACKET_H
#define SPEAD2CORE_PACKET_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a packet says, for callbacks that allocate or copy its payload. The library fills it in;
 * `size` is what the library knows, so a callback compiled against a later header must look at it
 * before it uses a later field. Everything in it is valid during the callback only.
 */
typedef struct sp2_packet_header {
    uint32_t size;           /* bytes of this struct as the library fills it; always first */
    uint32_t address_bits;   /* flavour: heap address bits, for example 40 or 48 */
    uint64_t cnt;            /* heap identifier (HEAP_CNT) */
    int64_t heap_length;     /* HEAP_LENGTH; SP2_HEAP_LENGTH_UNKNOWN if the packet has none */
    uint64_t payload_offset; /* PAYLOAD_OFFSET: where in the heap the payload belongs */
    uint64_t payload_length; /* PAYLOAD_LENGTH: bytes at `payload` */
    const uint8_t *payload;  /* the payload, in the packet */
    const uint8_t *pointers; /* the item pointers that are not the special four, 8 bytes each, as
                                sent; NULL if there are none */
    uint64_t pointer_count;  /* entries at `pointers`; some may be one of the special four */
    uint64_t *custom_stats;  /* this batch's custom statistics, one entry for each, zero when the
                                batch begins: the callback may add to a counter and raise a
                                maximum; NULL if the stream has none */
} sp2_packet_header;

#ifdef __cplusplus
}
#endif

#endif
