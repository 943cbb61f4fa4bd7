/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_POINTERS_H
#define SP2_HEAP_POINTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/heap.h"

/* Item pointers that a heap has room for without an allocation of its own. */
#define SP2__POINTERS_INLINE 8

/* Most pointers of one call of sp2__pointers_add. */
#define SP2__POINTERS_BATCH 64

/*
 * The distinct item pointers of a heap in order of arrival, as numbers of the host. If they are
 * more than a few they lie at the end of the memory of the sp2_item array that users will see,
 * which is made of them, from the front, when the heap is taken; so nothing need be allocated then,
 * and until then only eight bytes for each are touched. The few lie beside what else is known of
 * them: the consumer waits for each cache line that the assembling thread has written.
 */
typedef struct sp2__pointers {
    sp2_item *items; /* room for `capacity` of them */
    uint64_t *all;   /* the pointers, until the items are made */
    uint32_t count;
    uint32_t capacity;
    uint64_t *table; /* of pointers by hash, once there are more than SP2__POINTERS_INLINE */
    uint32_t table_bits;
    uint32_t expected;     /* where the next pointer is, if it repeats those of an earlier packet */
    uint64_t never_stored; /* a pointer that is never added; the table has the others xor this one,
                              so that 0 is an empty slot */
    uint64_t inline_pointers[SP2__POINTERS_INLINE];
    sp2_item inline_items[SP2__POINTERS_INLINE];
} sp2__pointers;

/* `never_stored` is the heap's number for a pointer that is not an item. */
void sp2__pointers_init(sp2__pointers *pointers, uint64_t never_stored);
void sp2__pointers_destroy(sp2__pointers *pointers);

/* Makes room for `more` further pointers, but for no more than a heap may have; false, and no
 * change, if there is no memory. */
bool sp2__pointers_reserve(sp2__pointers *pointers, uint32_t more);

/* Says that the pointers of another packet follow. */
static inline void sp2__pointers_next_packet(sp2__pointers *pointers) {
    pointers->expected = 0;
}

/* Adds those of at most SP2__POINTERS_BATCH pointers that are not there yet. False if there was no
 * room for one of them. */
bool sp2__pointers_add(sp2__pointers *pointers, const uint64_t *added, uint32_t count);

/* Takes out again all but the first `count`. */
void sp2__pointers_shorten(sp2__pointers *pointers, uint32_t count);

#endif
