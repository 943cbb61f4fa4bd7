/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_DIALECT_H
#define SPEAD2CORE_DIALECT_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Dialects: packets that break a rule of SPEAD and are sent all the same. A packet source is given
 * one in its options (udp.h, buffer.h); sources without one refuse such packets as malformed. Each
 * source of a stream may have another one. The packets in item descriptors are read alike whatever
 * the dialect: MISSING_OFFSET_IS_ZERO and MISSING_LENGTH_IS_REST hold there, where the item is the
 * datagram.
 *
 * "The rest of the datagram" is what follows the item pointers. A buffer of packets back to back
 * has no datagrams: there it is the rest of the buffer.
 */

/* What a dialect allows. HEAP_CNT is needed in any case. */
typedef enum sp2_dialect_flags {
    /* A packet without PAYLOAD_OFFSET has the offset 0. */
    SP2_DIALECT_MISSING_OFFSET_IS_ZERO = 1,
    /* The payload of a packet without PAYLOAD_LENGTH is the rest of the datagram. */
    SP2_DIALECT_MISSING_LENGTH_IS_REST = 2,
    /* A packet without HEAP_LENGTH whose PAYLOAD_OFFSET is missing or 0 is a heap, complete as it
     * is, whatever other packets have its HEAP_CNT. */
    SP2_DIALECT_DATAGRAM_IS_HEAP = 4,
    /* HEAP_LENGTH counts as missing. */
    SP2_DIALECT_IGNORE_HEAP_LENGTH = 8,
    /* A packet with an immediate STREAM_CTRL that ends behind its item pointers, without
     * HEAP_LENGTH, PAYLOAD_OFFSET and PAYLOAD_LENGTH, is a heap without payload. */
    SP2_DIALECT_CONTROL_ONLY = 16,
    /* Where PAYLOAD_LENGTH is 0 the payload is the rest of the datagram. */
    SP2_DIALECT_ZERO_LENGTH_IS_REST = 32,
    /* The payload of a heap that no item pointer points to becomes an item, whose identifier is
     * sp2_dialect.item_id. */
    SP2_DIALECT_UNPOINTED_ITEM = 64,
    /* PAYLOAD_OFFSET counts as missing. */
    SP2_DIALECT_IGNORE_OFFSET = 128
} sp2_dialect_flags;

/* sp2_dialect.item_id of "ska-low-sps". */
#define SP2_DIALECT_SKA_LOW_ITEM 0x3301

/* How a source reads packets. Set `size` with the INIT macro. */
typedef struct sp2_dialect {
    uint32_t size;    /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;   /* sp2_dialect_flags; 0: none, by the rules */
    uint64_t item_id; /* with SP2_DIALECT_UNPOINTED_ITEM, from 7: identifier of that item, which no
                         heap has whose flavour has too few bits for it; else zero */
} sp2_dialect;

#define SP2_DIALECT_INIT SP2_SIZED_INIT(sp2_dialect)

/*
 * Fills *dialect with the dialect of a name, but for its size:
 *   "ska-low-sps"             SKA-Low station beams: DATAGRAM_IS_HEAP, UNPOINTED_ITEM (0x3301)
 *   "ska-low-antenna-buffer"  SKA-Low antenna buffers: DATAGRAM_IS_HEAP
 *   "pyspead"                 PySPEAD and ports of it: MISSING_OFFSET_IS_ZERO,
 *                             MISSING_LENGTH_IS_REST, CONTROL_ONLY
 *   "datagram-is-heap"        firmware whose lengths or offsets are wrong: MISSING_LENGTH_IS_REST,
 *                             DATAGRAM_IS_HEAP, IGNORE_HEAP_LENGTH, ZERO_LENGTH_IS_REST,
 *                             IGNORE_OFFSET
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG (also: no dialect has the name). *dialect is all zero but for its size
 *          on failure, if it is not NULL and its size is right.
 */
SP2_API int32_t sp2_dialect_find(const char *name, sp2_dialect *dialect);

#ifdef __cplusplus
}
#endif

#endif
