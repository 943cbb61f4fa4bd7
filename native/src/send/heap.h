/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_HEAP_H
#define SP2_SEND_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "spead2core/send.h"

/* Bytes that the heap itself keeps of a value that becomes an immediate. */
#define SP2__IMMEDIATE_SIZE 8

/* One item of a heap to send, in the order in which it was added. */
typedef struct sp2__send_item {
    uint64_t pointer;    /* item pointer, in host order; of an addressed item without the address */
    const uint8_t *data; /* payload; NULL for an immediate */
    uint64_t length;     /* payload bytes; 0 for an immediate */
    bool immediate;
    bool owned; /* `data` is the heap's: a descriptor */
} sp2__send_item;

/* The dialects among sp2_send_heap_flags. */
#define SP2__SEND_DIALECTS                                                                         \
    (SP2_SEND_SKA_LOW_SPS | SP2_SEND_SKA_LOW_ANTENNA_BUFFER | SP2_SEND_PYSPEAD |                   \
     SP2_SEND_DATAGRAM_IS_HEAP)

/* A heap to send. Immutable while a stream has it (`leases` is not zero). */
struct sp2_send_heap {
    uint32_t address_bits;
    uint32_t bug_compat;
    bool repeat_pointers;
    uint32_t dialect; /* the one of sp2_send_heap_flags, or 0: by the rules */
    sp2__send_item *items;
    uint64_t item_count;
    uint64_t item_capacity;
    uint64_t payload_length; /* sum of the items' */
    _Atomic uint64_t leases; /* the user's, and one for each time that it is queued */
};

/* Keep a heap and its items while it is being sent. */
void sp2__send_heap_retain(sp2_send_heap *heap);
void sp2__send_heap_release(sp2_send_heap *heap);

#endif
