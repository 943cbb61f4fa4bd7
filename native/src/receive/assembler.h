/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_ASSEMBLER_H
#define SP2_RECEIVE_ASSEMBLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "heap/heap.h"
#include "packet/packet.h"
#include "receive/evicted.h"
#include "spead2core/receive.h"

/* The slots of a substream. */
typedef struct sp2__circle {
    uint32_t head;    /* the slot used last */
    uint32_t started; /* heaps ever, but not again those that were evicted and had more to come */
} sp2__circle;

/*
 * The live heaps of a stream (spec section 4.6): for each substream a circle of slots, in which a
 * new heap pushes out the oldest, and one hash table by cnt. Under the stream's lock.
 */
typedef struct sp2__assembler {
    sp2_heap **slots;     /* substreams * max_heaps */
    sp2__circle *circles; /* by substream */
    sp2_heap **buckets;   /* chains by sp2_heap.next, newest first */
    unsigned bucket_bits;
    uint64_t multiplier;   /* of the hash, odd */
    sp2_heap *recent;      /* the heap that got a packet last, or NULL if the table has changed */
    uint64_t recent_steps; /* entries that a search for it looks at */
    sp2_heap *spare;       /* heaps for the next ones, which nobody else needs; by sp2_heap.next */
    sp2_heap *kept_first;  /* live heaps without a slot, the oldest first */
    sp2_heap *kept_last;
    uint64_t kept_bytes; /* received of them when they lost their slots */
    uint32_t kept_count;
    uint64_t max_heaps;
    uint64_t substreams;
    uint32_t bug_compat;
    bool allow_unsized;
    bool separates;  /* heaps of different senders are different heaps */
    uint64_t sender; /* of the packets that are handed over, as a number; 0: not known */
    sp2__address sender_address;
    sp2__evicted evicted;
    uint32_t needed; /* most slots that a heap would have needed of which more came when it had been
                        evicted; or 0 */
    bool decodes_all; /* no packet is taken undecoded: then `recent` is NULL */
    sp2__heap_rules rules;
    sp2__copier copier;
    sp2__reuse reuse; /* the copier's */
} sp2__assembler;

/* What became of a packet, and the heaps that left the assembly because of it. */
typedef struct sp2__assembly {
    sp2__verdict verdict;
    bool stop;             /* a stop item was seen in its heap */
    bool started;          /* it is the first packet of its heap */
    sp2_heap *heap;        /* that the packet is of, accepted or not; or NULL */
    sp2_heap *evicted;     /* pushed out, or NULL */
    sp2_heap *complete;    /* or NULL */
    uint64_t search_steps; /* hash table entries looked at */
} sp2__assembly;

/* False if there is no memory; then nothing need be destroyed. */
bool sp2__assembler_init(sp2__assembler *assembler, const sp2_receive_options *options);

/* Frees the heaps that are still live. */
void sp2__assembler_destroy(sp2__assembler *assembler);

void sp2__assembler_add(sp2__assembler *assembler, const sp2__packet *packet,
                        sp2__assembly *result);

/* Says whether every packet must be decoded from now on. */
static inline void sp2__assembler_decode_all(sp2__assembler *assembler, bool all) {
    assembler->decodes_all = all;
    assembler->recent = all ? NULL : assembler->recent;
}

/* Says who sends what is handed over from now on; NULL: that is not known. */
void sp2__assembler_set_sender(sp2__assembler *assembler, const sp2__address *sender);

/* The chain that a live heap of this cnt and sender is in. */
SP2__INLINE sp2_heap **sp2__assembler_bucket(const sp2__assembler *assembler, uint64_t cnt,
                                             uint64_t sender) {
    const uint64_t key = SP2__UNLIKELY(assembler->separates) ? cnt ^ sender : cnt;
    return &assembler->buckets[(key * assembler->multiplier) >> (64 - assembler->bucket_bits)];
}

SP2__INLINE bool sp2__assembler_is_of_sender(const sp2__assembler *assembler,
                                             const sp2_heap *heap) {
    return SP2__LIKELY(!assembler->separates) || heap->sender == assembler->sender;
}

/* The live heap of this cnt, and of the sender where they are kept apart, or NULL; *steps is the
 * number of entries looked at. */
SP2__INLINE sp2_heap *sp2__assembler_find(const sp2__assembler *assembler, uint64_t cnt,
                                          uint64_t *steps) {
    sp2_heap *heap = *sp2__assembler_bucket(assembler, cnt, assembler->sender);
    *steps = 1;
    while (heap != NULL && (heap->cnt != cnt || !sp2__assembler_is_of_sender(assembler, heap))) {
        heap = heap->next;
        ++*steps;
    }
    return heap;
}

/* The live heap that this packet would push out if it starts a heap, or NULL. */
static inline sp2_heap *sp2__assembler_next_evicted(const sp2__assembler *assembler,
                                                    const sp2__packet *packet) {
    uint64_t steps;
    const uint64_t substream = packet->cnt % assembler->substreams;
    const uint64_t next = assembler->circles[substream].head + UINT64_C(1);
    sp2_heap *heap =
        assembler
            ->slots[substream * assembler->max_heaps + (next == assembler->max_heaps ? 0 : next)];
    const bool starts = packet->heap_length == packet->payload_length ||
                        sp2__assembler_find(assembler, packet->cnt, &steps) == NULL;
    return heap != NULL && starts ? heap : NULL;
}

/* Leaves the heap alone that would be pushed out: the slot after its own is the next one. */
static inline void sp2__assembler_pass_over(sp2__assembler *assembler, const sp2_heap *heap) {
    assembler->circles[heap->slot / assembler->max_heaps].head =
        (uint32_t)(heap->slot % assembler->max_heaps);
}

/* A heap that is complete with its first packet takes its turn in the slots; returns the heap that
 * it pushes out, or NULL. */
sp2_heap *sp2__assembler_pass_through(sp2__assembler *assembler, uint64_t cnt);

/* A heap that has left the assembly is needed no more. */
static inline void sp2__assembler_recycle(sp2__assembler *assembler, sp2_heap *heap) {
    heap->next = assembler->spare;
    assembler->spare = heap;
}

/* A heap that was pushed out stays live for now, without a slot. */
void sp2__assembler_keep(sp2__assembler *assembler, sp2_heap *heap, const void *keeper,
                         uint64_t until);

/* Heaps of the cnt's substream that have started, modulo 2^32. */
static inline uint32_t sp2__assembler_starts(const sp2__assembler *assembler, uint64_t cnt) {
    return assembler->circles[cnt % assembler->substreams].started;
}

/* Takes a live heap out. */
void sp2__assembler_remove(sp2__assembler *assembler, sp2_heap *heap);

/* Where a flush has got to; starts with zeros. */
typedef struct sp2__flush_cursor {
    uint64_t substream;
    uint64_t age;
} sp2__flush_cursor;

/* Takes the next live heap out: substream by substream, the oldest first. NULL: none is left. */
sp2_heap *sp2__assembler_flush(sp2__assembler *assembler, sp2__flush_cursor *cursor);

#endif
