/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_PACKETIZER_H
#define SP2_SEND_PACKETIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "send/heap.h"

/* Least and default value of the largest packet: header, the four item pointers that every packet
 * has, one more, and 8 bytes of payload; and what a 1,500-byte Ethernet frame carries over IPv4. */
#define SP2__LEAST_PACKET_SIZE 56
#define SP2__DEFAULT_PACKET_SIZE 1472

/* Pieces of payload shorter than this are copied behind the packet's head: a piece costs the kernel
 * more than such a copy. It also bounds the pieces of a packet. */
#define SP2__GATHER_BYTES 128

/* Most pieces of a packet of `size` bytes: each gathered one is followed by at most one copied
 * one. */
#define SP2__MAX_PIECES(size) (2 * ((size) / SP2__GATHER_BYTES) + 2)

/* Bytes to send, in the memory of the user, of the heap, or of the packet's own room. */
typedef struct sp2__piece {
    const uint8_t *data;
    uint64_t length;
} sp2__piece;

/*
 * Cuts one heap into packets (spec section 9.2). Every packet begins with HEAP_CNT, HEAP_LENGTH,
 * PAYLOAD_OFFSET and PAYLOAD_LENGTH; the heap's own pointers fill the leading packets (or,
 * repeated, every packet), payload fills the rest, and every packet has some.
 * A heap of a dialect is one packet, with the header pointers of the dialect.
 */
typedef struct sp2__packetizer {
    const sp2_send_heap *heap;
    uint64_t cnt;
    uint64_t heap_length; /* with padding; of a dialect 1, for the one packet */
    uint64_t offset;      /* payload already cut; heap_length: there are no more packets */
    uint64_t size;        /* largest packet, a multiple of 8 */
    uint64_t pointers_per_packet;
    uint64_t pointer_count; /* with the NULL pointer before padding */
    uint64_t next_pointer;
    uint64_t next_address; /* of the item at next_pointer */
    uint64_t item;         /* that the payload at `offset` is in */
    uint64_t item_offset;
} sp2__packetizer;

/*
 * Begins with a heap. Returns an sp2_status: SP2_E_ARG where packets of this size cannot carry it.
 * `max_packet_size` is at least SP2__LEAST_PACKET_SIZE; it is rounded down to a multiple of 8.
 */
int32_t sp2__packetizer_begin(sp2__packetizer *packetizer, const sp2_send_heap *heap, uint64_t cnt,
                              uint32_t max_packet_size);

static inline bool sp2__packetizer_is_finished(const sp2__packetizer *packetizer) {
    return packetizer->offset == packetizer->heap_length;
}

/*
 * Cuts the next packet: its head and what is copied go to `room`, which has the largest packet's
 * bytes, and all of it is described by `pieces`, of which there are SP2__MAX_PIECES at most.
 * Returns how many; *length is the packet's bytes. The heap must not be finished.
 */
uint32_t sp2__packetizer_next(sp2__packetizer *packetizer, uint8_t *room, sp2__piece *pieces,
                              uint64_t *length);

#endif
