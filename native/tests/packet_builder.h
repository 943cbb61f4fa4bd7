/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_PACKET_BUILDER_H
#define SPEAD2CORE_TESTS_PACKET_BUILDER_H

#include <spead2core/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builds SPEAD packets by the wire format, for tests and benchmarks; ends the program when there is
 * no memory. */

enum {
    ITEM_NULL = 0,
    ITEM_HEAP_CNT = 1,
    ITEM_HEAP_LENGTH = 2,
    ITEM_PAYLOAD_OFFSET = 3,
    ITEM_PAYLOAD_LENGTH = 4,
    ITEM_DESCRIPTOR = 5,
    ITEM_STREAM_CTRL = 6
};

enum { STREAM_CTRL_START = 0, STREAM_CTRL_STOP = 2 };

/* As heap_length: leaves HEAP_LENGTH out of the packet. */
#define NO_HEAP_LENGTH (-1)

/* The packet being built. */
typedef struct packet_builder {
    uint32_t address_bits;
    uint32_t pointers;
    size_t length;
    size_t capacity;
    uint8_t *bytes;
} packet_builder;

/* Begins a packet of the flavour SPEAD-64-`address_bits` without item pointers. */
void packet_begin(packet_builder *packet, uint32_t address_bits);
/* Begins a packet and gives it the standard item pointers. */
void packet_begin_heap(packet_builder *packet, uint32_t address_bits, uint64_t cnt,
                       int64_t heap_length, uint64_t payload_offset, uint64_t payload_length);
void packet_add_immediate(packet_builder *packet, uint64_t id, uint64_t value);
void packet_add_address(packet_builder *packet, uint64_t id, uint64_t address);
/* Appends payload bytes; no item pointer may follow. */
void packet_add_payload(packet_builder *packet, const void *bytes, size_t length);
void packet_free(packet_builder *packet);

/* The item pointer of an item as a number. */
uint64_t item_pointer(uint32_t address_bits, bool immediate, uint64_t id, uint64_t value);

/* A growing list of datagrams that owns their bytes. */
typedef struct datagram_list {
    sp2_datagram *datagrams;
    size_t count;
    size_t capacity;
} datagram_list;

/* Copies bytes to the end of the list. */
void datagrams_add(datagram_list *list, const void *bytes, size_t length);
/* Moves a finished packet to the end of the list. */
void datagrams_add_packet(datagram_list *list, packet_builder *packet);
/* Adds one packet of a heap: the bytes [offset, offset + length) of `payload`. */
void datagrams_add_part(datagram_list *list, uint32_t address_bits, uint64_t cnt,
                        int64_t heap_length, const uint8_t *payload, uint64_t offset,
                        uint64_t length);
/* Adds a heap of 64-48 as packets of `packet_payload` bytes and the rest, in order, with its length
 * and an addressed item 0x1000 that is the whole payload. */
void datagrams_add_heap(datagram_list *list, uint64_t cnt, const uint8_t *payload, uint64_t length,
                        uint64_t packet_payload);
/* Adds a heap that is one packet with a stop item. */
void datagrams_add_stop(datagram_list *list, uint64_t cnt);
void datagrams_swap(datagram_list *list, size_t a, size_t b);
/* All of them back to back; the caller frees it. */
uint8_t *datagrams_join(const datagram_list *list, size_t *length);
void datagrams_free(datagram_list *list);

/* Writes content that is different for each cnt and position. */
void fill_payload(uint8_t *payload, uint64_t length, uint64_t cnt);
/* The same in new memory; the caller frees it. */
uint8_t *new_payload(uint64_t length, uint64_t cnt);

#endif
