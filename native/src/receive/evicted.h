/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_EVICTED_H
#define SP2_RECEIVE_EVICTED_H

#include <stdbool.h>
#include <stdint.h>

#include "heap/heap.h"
#include "spead2core/receive.h"

/*
 * The latest heaps that were evicted, so that it is seen when more of them comes: then more heaps
 * were under way than there are slots. Nothing is kept, and no packet looked up, before the first
 * heap is evicted. Under the stream's lock.
 */

/* What is kept of a heap. */
typedef struct sp2__evicted_heap {
    uint64_t cnt;
    uint64_t sender; /* where they are kept apart, else 0 */
    uint64_t end;    /* of what had come */
    uint32_t number;
    bool is_kept;
    struct sp2__evicted_heap *next; /* in its bucket */
} sp2__evicted_heap;

typedef struct sp2__evicted {
    sp2__evicted_heap *heaps; /* SP2_RECEIVE_EVICTED_HEAPS, the oldest at `next`; NULL: none yet */
    sp2__evicted_heap **buckets;
    uint32_t next;       /* place of the next one */
    uint64_t multiplier; /* of the hash, odd */
    bool separates;      /* heaps of different senders are different heaps */
} sp2__evicted;

void sp2__evicted_destroy(sp2__evicted *evicted);

/* Keeps a heap, in place of one of its cnt and sender, and of the one that was evicted
 * SP2_RECEIVE_EVICTED_HEAPS heaps before it. Without memory it is not kept. */
void sp2__evicted_keep(sp2__evicted *evicted, const sp2_heap *heap);

/* The one of this cnt and sender, or NULL. Some have been kept. */
sp2__evicted_heap *sp2__evicted_find(const sp2__evicted *evicted, uint64_t cnt, uint64_t sender);

/* Forgets a heap that is kept. */
void sp2__evicted_forget(sp2__evicted *evicted, sp2__evicted_heap *heap);

#endif
