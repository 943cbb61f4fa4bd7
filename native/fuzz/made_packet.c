/* SPDX-License-Identifier: MIT */
#include "made_packet.h"

#include <stdlib.h>

#include "packet_builder.h"

/* Bits of the first byte. */
enum { FLAVOUR = 7, NO_LENGTH = 8, ITEM_COUNT_SHIFT = 4, MANY_ITEMS = 15 };
enum { LONGEST_PAYLOAD = 0xfff };

static void add_items(packet_builder *packet, fuzz_input *input, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        const uint8_t id = fuzz_take_u8(input);
        const uint64_t mask = ((uint64_t)1 << packet->address_bits) - 1;
        const uint64_t value = fuzz_take_u16(input) & mask;
        if (id & 0x80) {
            packet_add_immediate(packet, id & 0x7f, value);
        } else {
            packet_add_address(packet, id, value);
        }
    }
}

static void add_payload(packet_builder *packet, uint64_t offset, size_t length) {
    uint8_t *payload = fuzz_alloc(length);
    for (size_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)((offset + i) * 7 + length);
    }
    packet_add_payload(packet, payload, length);
    free(payload);
}

uint8_t *fuzz_make_packet(fuzz_input *input, size_t *length) {
    const uint8_t form = fuzz_take_u8(input);
    const uint8_t cnt = fuzz_take_u8(input);
    const uint32_t address_bits = 8u * (1u + (form & FLAVOUR) % 7u);
    const uint64_t mask = ((uint64_t)1 << address_bits) - 1;
    const uint64_t heap_length = fuzz_take_u16(input) & mask;
    const uint64_t offset = fuzz_take_u16(input) & mask;
    const size_t payload_length = fuzz_take_u16(input) & mask & LONGEST_PAYLOAD;
    unsigned items = form >> ITEM_COUNT_SHIFT;
    items = items == MANY_ITEMS ? fuzz_take_u8(input) : items;
    packet_builder packet;
    packet_begin_heap(&packet, address_bits, cnt,
                      form & NO_LENGTH ? NO_HEAP_LENGTH : (int64_t)heap_length, offset,
                      payload_length);
    add_items(&packet, input, items);
    add_payload(&packet, offset, payload_length);
    fuzz_input whole = {packet.bytes, packet.length};
    *length = packet.length;
    uint8_t *bytes = fuzz_take_bytes(&whole, length);
    packet_free(&packet);
    return bytes;
}
