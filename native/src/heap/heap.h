/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_HEAP_H
#define SP2_HEAP_HEAP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "heap/pointers.h"
#include "heap/ranges.h"
#include "packet/packet.h"
#include "spead2core/heap.h"

/*
 * A heap, from its first packet to its release. While it is assembled ("live") one thread at a time
 * changes it, under its stream's lock; then it is finished, waits in the ring, and is frozen when a
 * consumer takes it.
 */
struct sp2_heap {
    uint64_t cnt;
    uint64_t heap_length; /* or SP2__LENGTH_UNKNOWN */
    uint64_t received_length;
    uint64_t min_length; /* smallest length that the heap can have, by all that is known */
    uint8_t *payload;
    uint64_t capacity;     /* bytes at `payload` */
    uint64_t received_end; /* one more than the largest offset received */
    uint32_t address_bits;
    uint32_t bug_compat;
    bool in_order;       /* the rule that its packets obeyed */
    bool has_packets;    /* a packet was accepted, perhaps without payload */
    bool out_of_order;   /* `ranges` says what was received; else it is [0, received_length) */
    bool stop_item_seen; /* an immediate stream control item says stop */
    bool frozen_ranges;  /* range_copies are to be freed */
    uint32_t flags;      /* sp2_heap_flags, once finished */
    uint32_t slot;       /* the assembler's: index of the slot it lives in */
    sp2_heap *next;      /* the assembler's bucket, later the stream's list of waiting heaps */
    sp2__ranges ranges;
    sp2_range *range_copies; /* incomplete and finished: what sp2_heap_get_ranges gives */
    uint64_t range_count;
    sp2__pointers pointers;
};

/* What limits the packets that a heap accepts. */
typedef struct sp2__heap_rules {
    bool in_order;
    uint64_t max_heap_size;
} sp2__heap_rules;

/* What became of a packet. */
typedef enum sp2__verdict {
    SP2__ACCEPTED,
    SP2__REJECTED_LENGTH,
    SP2__REJECTED_FLAVOUR,
    SP2__REJECTED_BEHIND, /* in-order mode: before the expected offset */
    SP2__REJECTED_AHEAD,  /* in-order mode: after the expected offset */
    SP2__REJECTED_DUPLICATE,
    SP2__REJECTED_OVERLAP,
    SP2__TOO_LARGE,
    SP2__NO_MEMORY
} sp2__verdict;

/* A live heap for a packet, which is not accepted yet. NULL if there is no memory. */
sp2_heap *sp2__heap_create(const sp2__packet *packet, uint32_t bug_compat);

/* Makes a packet of this cnt part of the heap, or says why not and changes nothing. */
sp2__verdict sp2__heap_accept(sp2_heap *heap, const sp2__packet *packet,
                              const sp2__heap_rules *rules);

/*
 * The same for most packets of a heap: the next one in order, with nothing new but its payload.
 * False, and no change, for all others.
 */
SP2__INLINE bool sp2__heap_append(sp2_heap *heap, const sp2__packet *packet) {
    if (SP2__UNLIKELY(((packet->heap_length ^ heap->heap_length) |
                       (packet->heap_length ^ heap->min_length) |
                       (packet->payload_offset ^ heap->received_length) |
                       (packet->address_bits ^ heap->address_bits) | packet->item_count |
                       heap->out_of_order) != 0)) {
        return false;
    }
    heap->received_length = packet->payload_offset + packet->payload_length;
    heap->received_end = heap->received_length;
    memcpy(heap->payload + packet->payload_offset, packet->payload, packet->payload_length);
    return true;
}

/* Spec section 4.5. */
SP2__INLINE bool sp2__heap_is_complete(const sp2_heap *heap) {
    return heap->received_length == heap->heap_length && heap->min_length == heap->heap_length;
}

SP2__INLINE bool sp2__heap_is_contiguous(const sp2_heap *heap) {
    return heap->received_length == heap->min_length;
}

/* Ends the assembly. Of an incomplete heap, ranges and payload are kept only if asked for; if there
 * is no memory for the ranges, they are lost. */
void sp2__heap_finish(sp2_heap *heap, bool keep_ranges, bool keep_payload);

/* Makes the item list of a finished heap. */
void sp2__heap_freeze(sp2_heap *heap);

void sp2__heap_free(sp2_heap *heap);

#endif
