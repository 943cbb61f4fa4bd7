/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_FRAGMENTS_H
#define SP2_PACKET_FRAGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/frame.h"

/*
 * Puts IP packets together from their fragments, which may come in any order. So many packets at a
 * time are waited for; one more takes the place of the oldest. A fragment that overlaps what has
 * come begins its packet again, because numbers of packets recur, and what is put together is
 * checked by its UDP checksum, where there is one.
 */
#define SP2__FRAGMENTED_PACKETS 64

/* Bytes that a packet's fragments may have: more than an IP packet can have. */
#define SP2__FRAGMENTED_BYTES 65536

typedef struct sp2__fragmented {
    uint64_t begun;  /* a number that grows with each; 0: the place is free */
    uint32_t count;  /* fragments that have come */
    uint32_t length; /* of the packet, once its last fragment has come; else 0 */
    uint32_t received;
    uint32_t end; /* of the last byte that has come */
    uint32_t identification;
    uint8_t source[16];
    uint8_t destination[16];
    uint8_t present[SP2__FRAGMENTED_BYTES / 8 / 8]; /* a bit for each 8 bytes */
    uint8_t bytes[SP2__FRAGMENTED_BYTES];
} sp2__fragmented;

/* Begins with zeros. */
typedef struct sp2__fragments {
    uint64_t begun; /* packets */
    uint64_t lost;  /* fragments that were not used */
    sp2__fragmented packets[SP2__FRAGMENTED_PACKETS];
} sp2__fragments;

/*
 * Adds a fragment, which sp2__frame_decode has found to be one of UDP. If its packet is complete
 * *frame becomes what decoding the whole one gives, and is valid until the next fragment is added;
 * else its kind is SP2__FRAME_FRAGMENT.
 */
sp2__frame_kind sp2__fragments_add(sp2__fragments *fragments, sp2__frame *frame);

/* Fragments that wait for others. */
uint64_t sp2__fragments_waiting(const sp2__fragments *fragments);

#endif
