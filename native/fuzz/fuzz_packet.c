/* SPDX-License-Identifier: MIT */
/* The packet decoder: any bytes, compared with a decoder that is written as the specification
 * reads. The reserved bytes of the header, which say nothing, are the dialect that the packet is
 * decoded by once more. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "packet/dialect.h"
#include "packet/header.h"
#include "packet/packet.h"
#include "spead2core/dialect.h"
#include "spead2core/heap.h"
#include "spead2core/status.h"

typedef struct plain_packet {
    uint64_t special[5]; /* by identifier */
    bool found[5];
    unsigned address_bits;
    uint64_t count;
    uint64_t payload_start;
    bool has_control; /* an immediate STREAM_CTRL */
} plain_packet;

static void read_plain_items(const uint8_t *bytes, plain_packet *packet) {
    for (uint64_t i = 0; i < packet->count; i++) {
        fuzz_input pointer = {bytes + 8 + 8 * i, 8};
        const uint64_t number = fuzz_take_number(&pointer, 8);
        const bool immediate = number >> 63;
        const uint64_t id = number << 1 >> 1 >> packet->address_bits;
        if (immediate && id >= 1 && id <= 4) {
            packet->special[id] =
                number << (64 - packet->address_bits) >> (64 - packet->address_bits);
            packet->found[id] = true;
        }
        packet->has_control |= immediate && id == 6;
    }
}

/* docs/dialects.md, switch by switch. */
static void adapt_plainly(uint32_t dialect, uint64_t rest, plain_packet *packet) {
    bool *found = packet->found;
    uint64_t *special = packet->special;
    if (dialect & SP2_DIALECT_IGNORE_HEAP_LENGTH) {
        found[2] = false;
    }
    if (dialect & SP2_DIALECT_IGNORE_OFFSET) {
        found[3] = false;
        special[3] = 0;
    }
    if (dialect & SP2_DIALECT_CONTROL_ONLY && rest == 0 && packet->has_control && !found[2] &&
        !found[3] && !found[4]) {
        found[2] = found[3] = found[4] = true;
        special[2] = special[3] = special[4] = 0;
        return;
    }
    if (!found[4] && dialect & SP2_DIALECT_MISSING_LENGTH_IS_REST) {
        found[4] = true;
        special[4] = rest;
    } else if (found[4] && special[4] == 0 && dialect & SP2_DIALECT_ZERO_LENGTH_IS_REST) {
        special[4] = rest;
    }
    if (dialect & SP2_DIALECT_DATAGRAM_IS_HEAP && found[4] && !found[2] &&
        (!found[3] || special[3] == 0)) {
        found[2] = found[3] = true;
        special[2] = special[4];
    }
    if (dialect & SP2_DIALECT_MISSING_OFFSET_IS_ZERO) {
        found[3] = true;
    }
}

/* Spec section 3.1, check by check. */
static sp2__packet_fault decode_plainly(const uint8_t *bytes, uint64_t length, uint32_t dialect,
                                        plain_packet *packet) {
    if (length < 8) {
        return SP2__PACKET_TOO_SMALL;
    }
    if (bytes[0] != 0x53 || bytes[1] != 4) {
        return SP2__PACKET_MAGIC;
    }
    if (bytes[2] == 0 || bytes[3] == 0) {
        return SP2__PACKET_FLAVOUR;
    }
    if (bytes[2] + bytes[3] != 8) {
        return SP2__PACKET_WIDTHS;
    }
    packet->address_bits = 8u * bytes[3];
    packet->count = 256u * bytes[6] + bytes[7];
    packet->payload_start = 8 + 8 * packet->count;
    if (packet->payload_start > length) {
        return SP2__PACKET_ITEM_TABLE;
    }
    read_plain_items(bytes, packet);
    adapt_plainly(dialect, length - packet->payload_start, packet);
    if (!packet->found[1] || !packet->found[3] || !packet->found[4]) {
        return SP2__PACKET_ITEM_MISSING;
    }
    if (packet->payload_start + packet->special[4] > length) {
        return SP2__PACKET_PAYLOAD;
    }
    if (packet->found[2] && packet->special[3] + packet->special[4] > packet->special[2]) {
        return SP2__PACKET_BEYOND_HEAP;
    }
    return SP2__PACKET_OK;
}

static void check_described(const sp2__packet *packet) {
    sp2_packet_header header;
    sp2__packet_describe(packet, NULL, &header);
    FUZZ_CHECK(header.size == sizeof(header));
    FUZZ_CHECK(header.cnt == packet->cnt && header.payload == packet->payload);
    FUZZ_CHECK(header.payload_length == packet->payload_length);
    FUZZ_CHECK(header.heap_length == SP2_HEAP_LENGTH_UNKNOWN ||
               (uint64_t)header.heap_length == packet->heap_length);
    FUZZ_CHECK((header.pointers == NULL) == (header.pointer_count == 0));
}

static void check_decoded(const uint8_t *bytes, uint64_t length, const sp2__packet *packet,
                          const plain_packet *plain) {
    FUZZ_CHECK(packet->address_bits == plain->address_bits);
    FUZZ_CHECK(packet->cnt == plain->special[1]);
    FUZZ_CHECK(packet->heap_length == (plain->found[2] ? plain->special[2] : SP2__LENGTH_UNKNOWN));
    FUZZ_CHECK(packet->payload_offset == plain->special[3]);
    FUZZ_CHECK(packet->payload_length == plain->special[4]);
    FUZZ_CHECK(packet->start == bytes && packet->payload == bytes + plain->payload_start);
    FUZZ_CHECK(packet->size == plain->payload_start + plain->special[4]);
    FUZZ_CHECK(packet->size <= length);
    /* The pointers that are left are the last ones of the table, and only special ones are not. */
    FUZZ_CHECK(packet->items + 8 * (uint64_t)packet->item_count == packet->payload);
    FUZZ_CHECK(packet->item_count <= plain->count);
    FUZZ_CHECK(!packet->usual_prefix || plain->count - packet->item_count >= 4);
    FUZZ_CHECK(packet->unpointed == 0 ||
               packet->unpointed >> packet->address_bits == SP2_DIALECT_SKA_LOW_ITEM);
    check_described(packet);
}

/* What follows a packet is not looked at, and not one of its bytes can be missing. */
static void check_bounds(const uint8_t *bytes, const sp2__packet *packet) {
    sp2__packet again;
    uint8_t *copy = fuzz_alloc((size_t)packet->size);
    memcpy(copy, bytes, (size_t)packet->size);
    FUZZ_CHECK(sp2__packet_decode(copy, packet->size, &again) == SP2__PACKET_OK);
    FUZZ_CHECK(again.size == packet->size && again.cnt == packet->cnt);
    free(copy);
    copy = fuzz_alloc((size_t)packet->size - 1);
    memcpy(copy, bytes, (size_t)packet->size - 1);
    const sp2__packet_fault fault = sp2__packet_decode(copy, packet->size - 1, &again);
    FUZZ_CHECK(fault ==
               (packet->payload_length != 0 ? SP2__PACKET_PAYLOAD : SP2__PACKET_ITEM_TABLE));
    free(copy);
}

/* The same packet by the dialect in its reserved bytes, and whether a dialect is suggested for it.
 */
static void check_dialect(const uint8_t *bytes, uint64_t length, bool refused) {
    const sp2__dialect dialect = {length < 8 ? 0u : bytes[4], SP2_DIALECT_SKA_LOW_ITEM};
    plain_packet plain = {0};
    sp2__packet packet;
    const sp2__packet_fault expected = decode_plainly(bytes, length, dialect.flags, &plain);
    const sp2__packet_fault fault = sp2__packet_decode_dialect(bytes, length, &dialect, &packet);
    FUZZ_CHECK(fault == expected);
    if (fault == SP2__PACKET_OK) {
        check_decoded(bytes, length, &packet, &plain);
    }
    const char *name = refused ? sp2__dialect_suggest(bytes, length, true) : NULL;
    if (name != NULL) {
        sp2_dialect found = SP2_DIALECT_INIT;
        FUZZ_CHECK(sp2_dialect_find(name, &found) == SP2_OK);
        const sp2__dialect suggested = {found.flags, found.item_id};
        FUZZ_CHECK(sp2__packet_decode_dialect(bytes, length, &suggested, &packet) ==
                   SP2__PACKET_OK);
        FUZZ_CHECK(packet.size == length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    size_t length = size;
    uint8_t *bytes = fuzz_take_bytes(&input, &length);
    plain_packet plain = {0};
    sp2__packet packet;
    const sp2__packet_fault expected = decode_plainly(bytes, length, 0, &plain);
    const sp2__packet_fault fault = sp2__packet_decode(bytes, length, &packet);
    check_dialect(bytes, length, fault != SP2__PACKET_OK);
    FUZZ_CHECK(fault == expected);
    FUZZ_CHECK(strcmp(sp2__packet_fault_text(fault), "unknown") != 0);
    if (fault == SP2__PACKET_OK) {
        check_decoded(bytes, length, &packet, &plain);
        check_bounds(bytes, &packet);
    }
    free(bytes);
    return 0;
}
