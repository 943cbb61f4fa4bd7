/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_RANGES_H
#define SP2_HEAP_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/heap.h"

/*
 * Which bytes of a heap have arrived: disjoint ranges [start, end) in order, by the rules of spec
 * section 4.4, its empty ranges included. A B-tree, so that no order of arrival makes a packet cost
 * more than a few cache misses and the moving of a few hundred bytes.
 */

typedef struct sp2__range_node sp2__range_node;

/* Levels of a tree at most: far more than the ranges of a heap can fill. */
#define SP2__RANGES_LEVELS 10

typedef struct sp2__ranges {
    sp2__range_node *root; /* NULL: there are none */
    uint32_t top;          /* level of the root; leaves have level 0 */
    uint64_t count;        /* ranges */
} sp2__ranges;

/* Where a range belongs: the last one whose start is not above its own, and the nodes above that.
 * Valid until the ranges change. */
typedef struct sp2__range_place {
    bool has_previous; /* else it belongs before all others */
    sp2__range_node *node[SP2__RANGES_LEVELS];
    uint32_t index[SP2__RANGES_LEVELS];
} sp2__range_place;

typedef enum sp2__ranges_verdict {
    SP2__RANGES_NEW,       /* not received yet: one range more */
    SP2__RANGES_ADJACENT,  /* not received yet, and next to what was: no range more */
    SP2__RANGES_DUPLICATE, /* starts inside what was received */
    SP2__RANGES_OVERLAP    /* ends inside what was received */
} sp2__ranges_verdict;

void sp2__ranges_init(sp2__ranges *ranges);
void sp2__ranges_destroy(sp2__ranges *ranges);

/* What adding [start, end) would mean, and where. */
sp2__ranges_verdict sp2__ranges_check(const sp2__ranges *ranges, uint64_t start, uint64_t end,
                                      sp2__range_place *place);

/* Adds [start, end), which the check has called new or adjacent, in the place that it gave. False,
 * and no change, if there is no memory. */
bool sp2__ranges_add(sp2__ranges *ranges, sp2__range_place *place, uint64_t start, uint64_t end);

/* End of what has arrived without a gap from the start: 0 if that is nothing. */
uint64_t sp2__ranges_prefix(const sp2__ranges *ranges);

/* Gives the first range that starts at *from or after it, and moves *from behind its start; false
 * if there is none. */
bool sp2__ranges_next(const sp2__ranges *ranges, uint64_t *from, sp2_range *range);

/* Copies the ranges, in order, to `copies`, which has room for ranges->count. */
void sp2__ranges_copy(const sp2__ranges *ranges, sp2_range *copies);

#endif
