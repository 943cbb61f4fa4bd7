/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_DIALECT_H
#define SP2_PACKET_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "spead2core/dialect.h"

/* A dialect as the decoder knows it; with zeros, none. */
struct sp2__dialect {
    uint32_t flags;   /* sp2_dialect_flags */
    uint64_t item_id; /* with SP2_DIALECT_UNPOINTED_ITEM */
};

/* Reads a caller's dialect, which may be NULL: then none. Returns SP2_OK, SP2_E_ARG or
 * SP2_E_TOO_NEW. */
int32_t sp2__dialect_read(const void *caller, sp2__dialect *dialect);

/* Whether no packet may be taken undecoded: there HEAP_LENGTH and PAYLOAD_OFFSET are compared. */
static inline bool sp2__dialect_decodes_all(const sp2__dialect *dialect) {
    return dialect->flags & (SP2_DIALECT_IGNORE_HEAP_LENGTH | SP2_DIALECT_IGNORE_OFFSET);
}

/* The name of a dialect that takes a datagram which is refused without one, or NULL. Not `whole`:
 * further packets may follow, as in a buffer. */
const char *sp2__dialect_suggest(const uint8_t *bytes, uint64_t length, bool whole);

#endif
