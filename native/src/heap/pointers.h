/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_POINTERS_H
#define SP2_HEAP_POINTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/heap.h"

/* Item pointers that a heap has room for without an allocation of its own. */
#define SP2__POINTERS_INLINE 8

/*
 * The distinct item pointers of a heap in order of arrival, as numbers of the host. They are kept
 * in the sp2_item array that users will see, so that nothing need be allocated when the heap is
 * taken: until then only `wire` is set.
 */
typedef struct sp2__pointers {
    sp2_item *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t *table; /* indices + 1 by hash, once there are more than SP2__POINTERS_INLINE */
    uint32_t table_bits;
    uint32_t expected; /* where the next pointer is, if it repeats those of an earlier packet */
    sp2_item inline_items[SP2__POINTERS_INLINE];
} sp2__pointers;

void sp2__pointers_init(sp2__pointers *pointers);
void sp2__pointers_destroy(sp2__pointers *pointers);

/* Makes room for `more` further pointers; false, and no change, if there is no memory. */
bool sp2__pointers_reserve(sp2__pointers *pointers, uint32_t more);

/* Says that the pointers of another packet follow. */
static inline void sp2__pointers_next_packet(sp2__pointers *pointers) {
    pointers->expected = 0;
}

/* Adds a pointer unless it is there already. There must be room. */
void sp2__pointers_add(sp2__pointers *pointers, uint64_t pointer);

#endif
