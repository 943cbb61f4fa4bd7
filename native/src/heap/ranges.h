/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_RANGES_H
#define SP2_HEAP_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/heap.h"

/*
 * Which bytes of a heap have arrived: disjoint ranges [start, end) in order, by the rules of spec
 * section 4.4, its empty ranges included. Kept in leaves of a few ranges each under one sorted
 * table, so that no order of arrival makes adding slow.
 */

typedef struct sp2__range_leaf sp2__range_leaf;

typedef struct sp2__ranges {
    sp2__range_leaf **leaves; /* no leaf is empty */
    uint32_t leaf_count;
    uint32_t leaf_capacity;
    uint64_t count; /* ranges in all leaves */
} sp2__ranges;

typedef enum sp2__ranges_verdict {
    SP2__RANGES_NEW,       /* not received yet */
    SP2__RANGES_DUPLICATE, /* starts inside what was received */
    SP2__RANGES_OVERLAP    /* ends inside what was received */
} sp2__ranges_verdict;

void sp2__ranges_init(sp2__ranges *ranges);
void sp2__ranges_destroy(sp2__ranges *ranges);

/* What adding [start, end) would mean. */
sp2__ranges_verdict sp2__ranges_check(const sp2__ranges *ranges, uint64_t start, uint64_t end);

/* Adds [start, end), for which the check said SP2__RANGES_NEW. False, and no change, if there is no
 * memory. */
bool sp2__ranges_add(sp2__ranges *ranges, uint64_t start, uint64_t end);

/* End of what has arrived without a gap from the start: 0 if that is nothing. */
uint64_t sp2__ranges_prefix(const sp2__ranges *ranges);

/* Where a walk has got to; starts with zeros. */
typedef struct sp2__ranges_cursor {
    uint32_t leaf;
    uint32_t index;
} sp2__ranges_cursor;

/* Gives the next range, in order; false if there is none. */
bool sp2__ranges_next(const sp2__ranges *ranges, sp2__ranges_cursor *cursor, sp2_range *range);

/* Copies the ranges, in order, to `copies`, which has room for ranges->count. */
void sp2__ranges_copy(const sp2__ranges *ranges, sp2_range *copies);

#endif
