/* SPDX-License-Identifier: MIT */
#include "packet/dialect.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/sized.h"
#include "spead2core/dialect.h"

/* All flags. */
#define KNOWN                                                                                      \
    (SP2_DIALECT_MISSING_OFFSET_IS_ZERO | SP2_DIALECT_MISSING_LENGTH_IS_REST |                     \
     SP2_DIALECT_DATAGRAM_IS_HEAP | SP2_DIALECT_IGNORE_HEAP_LENGTH | SP2_DIALECT_CONTROL_ONLY |    \
     SP2_DIALECT_ZERO_LENGTH_IS_REST | SP2_DIALECT_UNPOINTED_ITEM | SP2_DIALECT_IGNORE_OFFSET)

/* Identifiers that no flavour has are from here on: 64-8 has the most, of 55 bits. */
#define END_OF_IDS ((uint64_t)1 << 55)

/* Items that the packets of SKA-Low stations have: station, and start of the payload. */
#define SKA_LOW_STATION 0x3001
#define SKA_LOW_PAYLOAD 0x3300

typedef struct named_dialect {
    const char *name;
    sp2__dialect dialect;
} named_dialect;

enum { SKA_LOW_SPS, SKA_LOW_ANTENNA_BUFFER, PYSPEAD, DATAGRAM_IS_HEAP, NAMES };

static const named_dialect named[NAMES] = {
    [SKA_LOW_SPS] = {"ska-low-sps",
                     {SP2_DIALECT_DATAGRAM_IS_HEAP | SP2_DIALECT_UNPOINTED_ITEM,
                      SP2_DIALECT_SKA_LOW_ITEM}},
    [SKA_LOW_ANTENNA_BUFFER] = {"ska-low-antenna-buffer", {SP2_DIALECT_DATAGRAM_IS_HEAP, 0}},
    [PYSPEAD] = {"pyspead",
                 {SP2_DIALECT_MISSING_OFFSET_IS_ZERO | SP2_DIALECT_MISSING_LENGTH_IS_REST |
                      SP2_DIALECT_CONTROL_ONLY,
                  0}},
    [DATAGRAM_IS_HEAP] = {"datagram-is-heap",
                          {SP2_DIALECT_MISSING_LENGTH_IS_REST | SP2_DIALECT_DATAGRAM_IS_HEAP |
                               SP2_DIALECT_IGNORE_HEAP_LENGTH | SP2_DIALECT_ZERO_LENGTH_IS_REST |
                               SP2_DIALECT_IGNORE_OFFSET,
                           0}},
};

int32_t sp2__dialect_read(const void *caller, sp2__dialect *dialect) {
    *dialect = (sp2__dialect){0};
    if (caller == NULL) {
        return SP2_OK;
    }
    sp2_dialect given;
    const int32_t status =
        sp2__sized_read(caller, &given, sizeof(given), sizeof(given), "sp2_dialect");
    if (status != SP2_OK) {
        return status;
    }
    const uint32_t unknown = given.flags & ~(uint32_t)KNOWN;
    if (unknown != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_dialect.flags has 0x%x, which this library does not know yet",
                         (unsigned)unknown);
    }
    if (!(given.flags & SP2_DIALECT_UNPOINTED_ITEM) && given.item_id != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_dialect.item_id is %" PRIu64
                         ", but flags lacks SP2_DIALECT_UNPOINTED_ITEM, without which it is not "
                         "used",
                         given.item_id);
    }
    if (given.flags & SP2_DIALECT_UNPOINTED_ITEM &&
        (given.item_id <= SP2__ID_STREAM_CTRL || given.item_id >= END_OF_IDS)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_dialect.item_id is %" PRIu64
                         ", but identifiers of items begin at %d and have at most 55 bits",
                         given.item_id, SP2__ID_STREAM_CTRL + 1);
    }
    *dialect = (sp2__dialect){given.flags, given.item_id};
    return SP2_OK;
}

/* The modes in which a packet, whose item pointers are all there, has an item. */
static void find_item(const uint8_t *bytes, unsigned address_bits, uint64_t id, bool *immediate,
                      bool *addressed) {
    const uint32_t count = (uint32_t)bytes[6] << 8 | bytes[7];
    *immediate = false;
    *addressed = false;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t pointer =
            sp2__load_be64(bytes + SP2__HEADER_SIZE + (size_t)i * SP2__POINTER_SIZE);
        if (sp2__pointer_id(pointer, address_bits) == id) {
            *immediate |= (pointer & SP2__IMMEDIATE_BIT) != 0;
            *addressed |= (pointer & SP2__IMMEDIATE_BIT) == 0;
        }
    }
}

static bool takes(int name, const uint8_t *bytes, uint64_t length, bool whole) {
    sp2__packet packet;
    return sp2__packet_decode_dialect(bytes, length, &named[name].dialect, &packet) ==
               SP2__PACKET_OK &&
           (packet.size == length || !whole);
}

/* Dialects overlap: the items tell the first two, and the one that allows least comes first. */
const char *sp2__dialect_suggest(const uint8_t *bytes, uint64_t length, bool whole) {
    if (takes(SKA_LOW_SPS, bytes, length, whole)) {
        bool immediate;
        bool addressed;
        const unsigned address_bits = bytes[3] * 8u;
        find_item(bytes, address_bits, SKA_LOW_STATION, &immediate, &addressed);
        if (immediate) {
            find_item(bytes, address_bits, SKA_LOW_PAYLOAD, &immediate, &addressed);
            if (immediate || addressed) {
                return named[addressed ? SKA_LOW_ANTENNA_BUFFER : SKA_LOW_SPS].name;
            }
        }
    }
    return takes(PYSPEAD, bytes, length, whole)            ? named[PYSPEAD].name
           : takes(DATAGRAM_IS_HEAP, bytes, length, whole) ? named[DATAGRAM_IS_HEAP].name
                                                           : NULL;
}

int32_t sp2_dialect_find(const char *name, sp2_dialect *dialect) {
    if (name == NULL || dialect == NULL) {
        if (dialect != NULL) {
            const sp2_dialect none = {0};
            (void)sp2__sized_write(dialect, &none, sizeof(none), sizeof(none), "sp2_dialect");
        }
        return sp2__fail_null("sp2_dialect_find", name == NULL ? "name" : "dialect");
    }
    sp2_dialect found = {0};
    int known = 0;
    while (known < NAMES && strcmp(named[known].name, name) != 0) {
        known++;
    }
    if (known < NAMES) {
        found.flags = named[known].dialect.flags;
        found.item_id = named[known].dialect.item_id;
    }
    const int32_t status =
        sp2__sized_write(dialect, &found, sizeof(found), sizeof(found), "sp2_dialect");
    if (status == SP2_OK && known == NAMES) {
        return sp2__fail(SP2_E_ARG, 0,
                         "there is no dialect \"%s\"; there are ska-low-sps, "
                         "ska-low-antenna-buffer, pyspead and datagram-is-heap",
                         name);
    }
    return status;
}
