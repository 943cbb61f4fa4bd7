/* SPDX-License-Identifier: MIT */
#include "packet_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 8, POINTER_BYTES = 8, POINTER_COUNT_OFFSET = 6 };

static void *resize(void *memory, size_t bytes) {
    void *result = realloc(memory, bytes == 0 ? 1 : bytes);
    if (result == NULL) {
        fprintf(stderr, "no memory for test data of %zu bytes\n", bytes);
        abort();
    }
    return result;
}

static void append(packet_builder *packet, const void *bytes, size_t length) {
    if (packet->length + length > packet->capacity) {
        packet->capacity = 2 * packet->capacity + length;
        packet->bytes = resize(packet->bytes, packet->capacity);
    }
    if (length > 0) {
        memcpy(packet->bytes + packet->length, bytes, length);
        packet->length += length;
    }
}

void packet_begin(packet_builder *packet, uint32_t address_bits) {
    const uint8_t address_bytes = (uint8_t)(address_bits / 8);
    const uint8_t header[HEADER_BYTES] = {0x53, 4, (uint8_t)(8 - address_bytes), address_bytes};
    *packet = (packet_builder){.address_bits = address_bits};
    append(packet, header, sizeof(header));
}

uint64_t item_pointer(uint32_t address_bits, bool immediate, uint64_t id, uint64_t value) {
    return (uint64_t)immediate << 63 | (uint64_t)id << address_bits | value;
}

static void add_pointer(packet_builder *packet, uint64_t pointer) {
    uint8_t wire[POINTER_BYTES];
    for (int i = 0; i < POINTER_BYTES; i++) {
        wire[i] = (uint8_t)(pointer >> (56 - 8 * i));
    }
    append(packet, wire, sizeof(wire));
    packet->pointers++;
    packet->bytes[POINTER_COUNT_OFFSET] = (uint8_t)(packet->pointers >> 8);
    packet->bytes[POINTER_COUNT_OFFSET + 1] = (uint8_t)packet->pointers;
}

void packet_add_immediate(packet_builder *packet, uint64_t id, uint64_t value) {
    add_pointer(packet, item_pointer(packet->address_bits, true, id, value));
}

void packet_add_address(packet_builder *packet, uint64_t id, uint64_t address) {
    add_pointer(packet, item_pointer(packet->address_bits, false, id, address));
}

void packet_add_payload(packet_builder *packet, const void *bytes, size_t length) {
    append(packet, bytes, length);
}

void packet_begin_heap(packet_builder *packet, uint32_t address_bits, uint64_t cnt,
                       int64_t heap_length, uint64_t payload_offset, uint64_t payload_length) {
    packet_begin(packet, address_bits);
    packet_add_immediate(packet, ITEM_HEAP_CNT, cnt);
    if (heap_length != NO_HEAP_LENGTH) {
        packet_add_immediate(packet, ITEM_HEAP_LENGTH, (uint64_t)heap_length);
    }
    packet_add_immediate(packet, ITEM_PAYLOAD_OFFSET, payload_offset);
    packet_add_immediate(packet, ITEM_PAYLOAD_LENGTH, payload_length);
}

void packet_free(packet_builder *packet) {
    free(packet->bytes);
    *packet = (packet_builder){0};
}

static void take(datagram_list *list, void *bytes, size_t length) {
    if (list->count == list->capacity) {
        list->capacity = 2 * list->capacity + 16;
        list->datagrams = resize(list->datagrams, list->capacity * sizeof(*list->datagrams));
    }
    list->datagrams[list->count++] = (sp2_datagram){bytes, length};
}

void datagrams_add(datagram_list *list, const void *bytes, size_t length) {
    uint8_t *copy = resize(NULL, length);
    if (length > 0) {
        memcpy(copy, bytes, length);
    }
    take(list, copy, length);
}

void datagrams_add_packet(datagram_list *list, packet_builder *packet) {
    /* Exactly as long as the packet, so that a sanitizer sees a read past its end. */
    take(list, resize(packet->bytes, packet->length), packet->length);
    *packet = (packet_builder){0};
}

void datagrams_add_part(datagram_list *list, uint32_t address_bits, uint64_t cnt,
                        int64_t heap_length, const uint8_t *payload, uint64_t offset,
                        uint64_t length) {
    packet_builder packet;
    packet_begin_heap(&packet, address_bits, cnt, heap_length, offset, length);
    if (length != 0) {
        packet_add_payload(&packet, payload + offset, (size_t)length);
    }
    datagrams_add_packet(list, &packet);
}

void datagrams_add_heap(datagram_list *list, uint64_t cnt, const uint8_t *payload, uint64_t length,
                        uint64_t packet_payload) {
    uint64_t offset = 0;
    do {
        const uint64_t rest = length - offset;
        const uint64_t part = rest < packet_payload ? rest : packet_payload;
        packet_builder packet;
        packet_begin_heap(&packet, 48, cnt, (int64_t)length, offset, part);
        packet_add_address(&packet, 0x1000, 0);
        packet_add_payload(&packet, payload + offset, (size_t)part);
        datagrams_add_packet(list, &packet);
        offset += part;
    } while (offset < length);
}

void datagrams_add_stop(datagram_list *list, uint64_t cnt) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, 1, 0, 1);
    packet_add_immediate(&packet, ITEM_STREAM_CTRL, STREAM_CTRL_STOP);
    packet_add_address(&packet, ITEM_NULL, 0);
    packet_add_payload(&packet, "", 1);
    datagrams_add_packet(list, &packet);
}

void datagrams_swap(datagram_list *list, size_t a, size_t b) {
    const sp2_datagram held = list->datagrams[a];
    list->datagrams[a] = list->datagrams[b];
    list->datagrams[b] = held;
}

uint8_t *datagrams_join(const datagram_list *list, size_t *length) {
    size_t total = 0;
    for (size_t i = 0; i < list->count; i++) {
        total += (size_t)list->datagrams[i].length;
    }
    uint8_t *bytes = resize(NULL, total);
    *length = 0;
    for (size_t i = 0; i < list->count; i++) {
        const sp2_datagram *datagram = &list->datagrams[i];
        memcpy(bytes + *length, datagram->data, (size_t)datagram->length);
        *length += (size_t)datagram->length;
    }
    return bytes;
}

void datagrams_free(datagram_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free((void *)(uintptr_t)list->datagrams[i].data);
    }
    free(list->datagrams);
    *list = (datagram_list){0};
}

void fill_payload(uint8_t *payload, uint64_t length, uint64_t cnt) {
    for (uint64_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)((i ^ (i >> 8) ^ (i >> 16)) * 31 + cnt * 97 + 1);
    }
}

uint8_t *new_payload(uint64_t length, uint64_t cnt) {
    uint8_t *payload = resize(NULL, (size_t)length);
    fill_payload(payload, length, cnt);
    return payload;
}
