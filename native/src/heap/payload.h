/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_PAYLOAD_H
#define SP2_HEAP_PAYLOAD_H

#include "heap/heap.h"

/*
 * The memory of a heap's payload. It follows what has arrived, not what is announced: of a block of
 * the default memory only what packets have reached is committed, and huge pages back at most twice
 * of what has arrived without a gap.
 */

/* Makes room for a packet that was not accepted yet; SP2__ACCEPTED, or why there is none. */
sp2__verdict sp2__payload_make_room(sp2_heap *heap, const sp2__packet *packet,
                                    const sp2__heap_rules *rules);

/* Bytes that must be usable before a packet is copied. */
SP2__INLINE uint64_t sp2__payload_room(const sp2_heap *heap, const sp2__packet *packet,
                                       const sp2__heap_rules *rules) {
    /* A user's copy function may write anywhere in a heap whose length is known; and other memory
     * than the default one is asked for only once. */
    const bool whole = heap->allocator != NULL || rules->copier->function != NULL;
    if (whole && !rules->grows && packet->heap_length != SP2__LENGTH_UNKNOWN) {
        return packet->heap_length;
    }
    return packet->payload_length != 0 ? packet->payload_offset + packet->payload_length : 0;
}

/* What is due when a packet was accepted, before it is copied: more of the block is made usable,
 * and of huge pages. Returns how far in-order packets need nothing of that kind. */
SP2__COLD uint64_t sp2__payload_advance(sp2_heap *heap);

/* Notes what of the block was written to, while the ranges are still known. */
void sp2__payload_settle_large(sp2_heap *heap);

SP2__INLINE void sp2__payload_settle(sp2_heap *heap) {
    if (SP2__UNLIKELY(heap->block.size > SP2__SMALL_BLOCK)) {
        sp2__payload_settle_large(heap);
    }
}

void sp2__payload_free(sp2_heap *heap);

#endif
