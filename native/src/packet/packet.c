/* SPDX-License-Identifier: MIT */
#include "packet/packet.h"

#include "packet/dialect.h"
#include "packet/wire.h"
#include "spead2core/dialect.h"

/* Which of the special item pointers a packet has: bit `id`. */
#define REQUIRED                                                                                   \
    ((1u << SP2__ID_HEAP_CNT) | (1u << SP2__ID_PAYLOAD_OFFSET) | (1u << SP2__ID_PAYLOAD_LENGTH))
#define ALL_SPECIAL (REQUIRED | (1u << SP2__ID_HEAP_LENGTH))

/* Takes over a special item pointer; false if this pointer is another one. */
SP2__INLINE bool take_special(uint64_t pointer, unsigned address_bits, sp2__packet *packet,
                              unsigned *found) {
    /* The immediate bit and the identifier in one number: a special pointer has the bit set and an
     * identifier from 1 to 4. */
    const uint64_t kind = (pointer >> address_bits) - (SP2__IMMEDIATE_BIT >> address_bits);
    const uint64_t value = sp2__pointer_value(pointer, address_bits);
    switch (kind) {
    case SP2__ID_HEAP_CNT:
        packet->cnt = value;
        break;
    case SP2__ID_HEAP_LENGTH:
        packet->heap_length = value;
        break;
    case SP2__ID_PAYLOAD_OFFSET:
        packet->payload_offset = value;
        break;
    case SP2__ID_PAYLOAD_LENGTH:
        packet->payload_length = value;
        break;
    default:
        return false;
    }
    *found |= 1u << kind;
    return true;
}

/* The usual packet starts with the special four in order: four comparisons and no loop. */
SP2__INLINE bool take_usual_prefix(const uint8_t *pointers, unsigned address_bits,
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

/* Reads the item table: the special item pointers, and where the others start. */
SP2__INLINE unsigned read_items(const uint8_t *bytes, uint32_t count, sp2__packet *packet) {
    unsigned found = 0;
    uint32_t first = 0;
    const uint8_t *pointers = bytes + SP2__HEADER_SIZE;
    packet->heap_length = SP2__LENGTH_UNKNOWN;
    packet->usual_prefix = count >= 4 && take_usual_prefix(pointers, packet->address_bits, packet);
    if (SP2__LIKELY(packet->usual_prefix)) {
        found = ALL_SPECIAL;
        first = 4;
    }
    while (first < count && take_special(sp2__load_be64(pointers + first * SP2__POINTER_SIZE),
                                         packet->address_bits, packet, &found)) {
        first++;
    }
    packet->items = pointers + first * SP2__POINTER_SIZE;
    packet->item_count = count - first;
    /* Special pointers may also come after the others; the last one of its kind counts. */
    for (uint32_t i = first; i < count; i++) {
        take_special(sp2__load_be64(pointers + i * SP2__POINTER_SIZE), packet->address_bits, packet,
                     &found);
    }
    return found;
}

static bool has_stream_control(const sp2__packet *packet) {
    const uint64_t control = (SP2__IMMEDIATE_BIT >> packet->address_bits) | SP2__ID_STREAM_CTRL;
    for (uint32_t i = 0; i < packet->item_count; i++) {
        if (sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE) >> packet->address_bits ==
            control) {
            return true;
        }
    }
    return false;
}

/* Completes what was read by the rules of a dialect; `rest` is how many bytes follow the item
 * pointers. Returns which of the special item pointers the packet counts as having. */
static unsigned adapt(const sp2__dialect *dialect, unsigned found, uint64_t rest,
                      sp2__packet *packet) {
    const uint32_t flags = dialect->flags;
    const unsigned offset = 1u << SP2__ID_PAYLOAD_OFFSET;
    const unsigned length = 1u << SP2__ID_PAYLOAD_LENGTH;
    const unsigned heap_length = 1u << SP2__ID_HEAP_LENGTH;
    if (flags & SP2_DIALECT_IGNORE_HEAP_LENGTH) {
        found &= ~heap_length;
        packet->heap_length = SP2__LENGTH_UNKNOWN;
        packet->usual_prefix = false;
    }
    if (flags & SP2_DIALECT_IGNORE_OFFSET) {
        found &= ~offset;
        packet->usual_prefix = false;
    }
    if (!(found & offset)) {
        packet->payload_offset = 0;
    }
    if (flags & SP2_DIALECT_CONTROL_ONLY && !(found & (offset | length | heap_length)) &&
        rest == 0 && has_stream_control(packet)) {
        packet->payload_length = 0;
        packet->heap_length = 0;
        return found | offset | length;
    }
    const bool is_rest =
        found & length ? packet->payload_length == 0 && flags & SP2_DIALECT_ZERO_LENGTH_IS_REST
                       : flags & SP2_DIALECT_MISSING_LENGTH_IS_REST;
    if (is_rest) {
        packet->payload_length = rest;
        found |= length;
    }
    if (flags & SP2_DIALECT_DATAGRAM_IS_HEAP && found & length && !(found & heap_length) &&
        packet->payload_offset == 0) {
        packet->heap_length = packet->payload_length;
        found |= offset;
    }
    if (flags & SP2_DIALECT_MISSING_OFFSET_IS_ZERO) {
        found |= offset;
    }
    const unsigned id_bits = 63 - packet->address_bits;
    if (flags & SP2_DIALECT_UNPOINTED_ITEM && dialect->item_id >> id_bits == 0) {
        packet->unpointed = dialect->item_id << packet->address_bits;
    }
    return found;
}

/* Decodes by the rules, or by those of a dialect; which, the compiler knows. */
SP2__INLINE sp2__packet_fault decode(const uint8_t *bytes, uint64_t length,
                                     const sp2__dialect *dialect, sp2__packet *packet) {
    if (SP2__UNLIKELY(length < SP2__HEADER_SIZE)) {
        return SP2__PACKET_TOO_SMALL;
    }
    if (SP2__UNLIKELY(bytes[0] != SP2__MAGIC || bytes[1] != SP2__VERSION)) {
        return SP2__PACKET_MAGIC;
    }
    const unsigned id_width = bytes[2];
    const unsigned address_width = bytes[3];
    if (SP2__UNLIKELY(id_width == 0 || address_width == 0)) {
        return SP2__PACKET_FLAVOUR;
    }
    if (SP2__UNLIKELY(id_width + address_width != SP2__POINTER_SIZE)) {
        return SP2__PACKET_WIDTHS;
    }
    const uint32_t count = (uint32_t)bytes[6] << 8 | bytes[7];
    const uint64_t payload_start = SP2__HEADER_SIZE + (uint64_t)count * SP2__POINTER_SIZE;
    if (SP2__UNLIKELY(payload_start > length)) {
        return SP2__PACKET_ITEM_TABLE;
    }
    packet->address_bits = address_width * 8;
    packet->unpointed = 0;
    unsigned found = read_items(bytes, count, packet);
    if (dialect != NULL) {
        found = adapt(dialect, found, length - payload_start, packet);
    }
    if (SP2__UNLIKELY((found & REQUIRED) != REQUIRED)) {
        return SP2__PACKET_ITEM_MISSING;
    }
    /* Values have at most 56 bits, so these sums cannot overflow. */
    if (SP2__UNLIKELY(packet->payload_length > length - payload_start)) {
        return SP2__PACKET_PAYLOAD;
    }
    if (SP2__UNLIKELY(packet->payload_offset + packet->payload_length > packet->heap_length)) {
        return SP2__PACKET_BEYOND_HEAP;
    }
    packet->start = bytes;
    packet->payload = bytes + payload_start;
    packet->size = payload_start + packet->payload_length;
    return SP2__PACKET_OK;
}

sp2__packet_fault sp2__packet_decode(const uint8_t *bytes, uint64_t length, sp2__packet *packet) {
    return decode(bytes, length, NULL, packet);
}

sp2__packet_fault sp2__packet_decode_dialect(const uint8_t *bytes, uint64_t length,
                                             const sp2__dialect *dialect, sp2__packet *packet) {
    return decode(bytes, length, dialect, packet);
}

const char *sp2__packet_fault_text(sp2__packet_fault fault) {
    switch (fault) {
    case SP2__PACKET_OK:
        return "it is a packet";
    case SP2__PACKET_TOO_SMALL:
        return "it is shorter than a packet header (8 bytes)";
    case SP2__PACKET_MAGIC:
        return "it does not start with the magic number 0x53 and version 4";
    case SP2__PACKET_FLAVOUR:
        return "its item identifier or heap address has a width of 0";
    case SP2__PACKET_WIDTHS:
        return "the widths of item identifier and heap address do not add up to 8 bytes";
    case SP2__PACKET_ITEM_TABLE:
        return "its item pointers do not fit into it";
    case SP2__PACKET_ITEM_MISSING:
        return "it has no immediate HEAP_CNT, PAYLOAD_OFFSET or PAYLOAD_LENGTH";
    case SP2__PACKET_PAYLOAD:
        return "its payload does not fit into it";
    case SP2__PACKET_BEYOND_HEAP:
        return "its payload ends beyond its heap";
    }
    return "unknown";
}
