/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_EVICTED_H
#define SP2_RECEIVE_EVICTED_H

#include <stdbool.h>
#include <stdint.h>

#include "heap/heap.h"
#include "spead2core/receive.h"

/*
 * The latest heaps that were evicted, so that it is seen when more of them comes: then more heaps
 * were under way than there are slots, and what came is not missing. Nothing is kept, and no packet
 * looked up, before the first heap is evicted. Under the stream's lock.
 */

/* What is kept of a heap. */
typedef struct sp2__evicted_heap {
    uint64_t cnt;
    uint64_t sender;      /* where they are kept apart, else 0 */
    uint64_t end;         /* of what had come */
    sp2__missing missing; /* in all; not counted yet */
    sp2__missing inside;  /* of that, before `end` */
    uint32_t number;
    uint32_t begun; /* heaps of its substream that had begun when it was evicted */
    bool is_kept;
    bool is_counted;                /* more of it that comes changes nothing */
    struct sp2__evicted_heap *next; /* in its bucket */
} sp2__evicted_heap;

typedef struct sp2__evicted {
    sp2__evicted_heap *heaps; /* SP2_RECEIVE_EVICTED_HEAPS, in a circle; NULL: none yet */
    sp2__evicted_heap **buckets;
    uint64_t kept;       /* heaps, ever */
    uint64_t counted;    /* of these: the first ones, which are all counted or forgotten */
    sp2__missing due;    /* of heaps that have been counted: for the statistics */
    bool has_last;       /* the heap that was evicted last is kept */
    uint64_t multiplier; /* of the hash, odd */
    bool separates;      /* heaps of different senders are different heaps */
} sp2__evicted;

void sp2__evicted_destroy(sp2__evicted *evicted);

/* Keeps a heap, in place of one of its cnt and sender, and of the one that was evicted
 * SP2_RECEIVE_EVICTED_HEAPS heaps before it, which are counted. Without memory it is not kept. */
void sp2__evicted_keep(sp2__evicted *evicted, const sp2_heap *heap, uint32_t begun);

/* Says what is missing of the heap that was kept last, or that this is counted. False if it is not
 * kept. */
bool sp2__evicted_note(sp2__evicted *evicted, const sp2__missing *missing,
                       const sp2__missing *inside, bool is_counted);

/* The oldest heap that has not been counted; NULL: there is none. */
sp2__evicted_heap *sp2__evicted_oldest(sp2__evicted *evicted);

/* Counts what is missing of a heap. */
void sp2__evicted_count(sp2__evicted *evicted, sp2__evicted_heap *heap);

/* The one of this cnt and sender, or NULL. Some have been kept. */
sp2__evicted_heap *sp2__evicted_find(const sp2__evicted *evicted, uint64_t cnt, uint64_t sender);

/* Forgets a heap that is kept, and what is missing of it. */
void sp2__evicted_forget(sp2__evicted *evicted, sp2__evicted_heap *heap);

#endif
