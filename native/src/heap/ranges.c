/* SPDX-License-Identifier: MIT */
#include "heap/ranges.h"

#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"

/* Ranges in a leaf: 1 KiB, which is moved in no time and keeps the table of leaves small. */
#define LEAF_CAPACITY 64

struct sp2__range_leaf {
    uint32_t count;
    sp2_range ranges[LEAF_CAPACITY];
};

/* A range by its leaf and its index there; leaf == leaf_count: behind the last one. */
typedef struct position {
    uint32_t leaf;
    uint32_t index;
} position;

void sp2__ranges_init(sp2__ranges *ranges) {
    memset(ranges, 0, sizeof(*ranges));
}

void sp2__ranges_destroy(sp2__ranges *ranges) {
    if (ranges->leaves == NULL) {
        return;
    }
    for (uint32_t i = 0; i < ranges->leaf_count; i++) {
        sp2__free(ranges->leaves[i]);
    }
    sp2__free(ranges->leaves);
    sp2__ranges_init(ranges);
}

/* The last range whose start is not above `start`; false if there is none. */
static bool find_previous(const sp2__ranges *ranges, uint64_t start, position *found) {
    uint32_t low = 0;
    uint32_t high = ranges->leaf_count; /* leaves[low..high) remain; those before start below */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ranges->leaves[middle]->ranges[0].start <= start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return false;
    }
    const sp2__range_leaf *leaf = ranges->leaves[low - 1];
    uint32_t first = 0;
    uint32_t last = leaf->count;
    while (first < last) {
        const uint32_t middle = first + (last - first) / 2;
        if (leaf->ranges[middle].start <= start) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    *found = (position){low - 1, first - 1};
    return true;
}

static sp2_range *range_at(const sp2__ranges *ranges, position at) {
    return at.leaf < ranges->leaf_count ? &ranges->leaves[at.leaf]->ranges[at.index] : NULL;
}

static position after(const sp2__ranges *ranges, position at) {
    return at.index + 1 < ranges->leaves[at.leaf]->count ? (position){at.leaf, at.index + 1}
                                                         : (position){at.leaf + 1, 0};
}

sp2__ranges_verdict sp2__ranges_check(const sp2__ranges *ranges, uint64_t start, uint64_t end) {
    position previous;
    const bool has_previous = find_previous(ranges, start, &previous);
    const position next_at = has_previous ? after(ranges, previous) : (position){0, 0};
    const sp2_range *next = range_at(ranges, next_at);
    if (next != NULL && next->start < end) {
        return SP2__RANGES_OVERLAP;
    }
    if (has_previous && range_at(ranges, previous)->end > start) {
        return SP2__RANGES_DUPLICATE;
    }
    return SP2__RANGES_NEW;
}

static bool insert_leaf(sp2__ranges *ranges, uint32_t index, sp2__range_leaf *leaf) {
    if (ranges->leaf_count == ranges->leaf_capacity) {
        const uint32_t capacity = ranges->leaf_capacity == 0 ? 8 : ranges->leaf_capacity * 2;
        sp2__range_leaf **leaves = sp2__realloc(ranges->leaves, capacity * sizeof(*ranges->leaves));
        if (leaves == NULL) {
            return false;
        }
        ranges->leaves = leaves;
        ranges->leaf_capacity = capacity;
    }
    memmove(&ranges->leaves[index + 1], &ranges->leaves[index],
            (ranges->leaf_count - index) * sizeof(*ranges->leaves));
    ranges->leaves[index] = leaf;
    ranges->leaf_count++;
    return true;
}

/* Puts a new leaf at `index` that takes over the ranges of the one before it from `keep` on. */
static bool split_leaf(sp2__ranges *ranges, uint32_t index, uint32_t keep) {
    sp2__range_leaf *leaf = sp2__alloc(sizeof(*leaf));
    if (leaf == NULL) {
        return false;
    }
    leaf->count = 0;
    if (!insert_leaf(ranges, index, leaf)) {
        sp2__free(leaf);
        return false;
    }
    if (index > 0) {
        sp2__range_leaf *before = ranges->leaves[index - 1];
        leaf->count = before->count - keep;
        memcpy(leaf->ranges, &before->ranges[keep], leaf->count * sizeof(leaf->ranges[0]));
        before->count = keep;
    }
    return true;
}

static bool insert_range(sp2__ranges *ranges, position at, sp2_range range) {
    if (at.leaf == ranges->leaf_count && at.leaf > 0) {
        at = (position){at.leaf - 1, ranges->leaves[at.leaf - 1]->count};
    }
    if (ranges->leaf_count == 0) {
        if (!split_leaf(ranges, 0, 0)) {
            return false;
        }
    } else if (ranges->leaves[at.leaf]->count == LEAF_CAPACITY) {
        if (!split_leaf(ranges, at.leaf + 1, LEAF_CAPACITY / 2)) {
            return false;
        }
        if (at.index > LEAF_CAPACITY / 2) {
            at = (position){at.leaf + 1, at.index - LEAF_CAPACITY / 2};
        }
    }
    sp2__range_leaf *leaf = ranges->leaves[at.leaf];
    memmove(&leaf->ranges[at.index + 1], &leaf->ranges[at.index],
            (leaf->count - at.index) * sizeof(leaf->ranges[0]));
    leaf->ranges[at.index] = range;
    leaf->count++;
    ranges->count++;
    return true;
}

static void remove_range(sp2__ranges *ranges, position at) {
    sp2__range_leaf *leaf = ranges->leaves[at.leaf];
    leaf->count--;
    ranges->count--;
    memmove(&leaf->ranges[at.index], &leaf->ranges[at.index + 1],
            (leaf->count - at.index) * sizeof(leaf->ranges[0]));
    if (leaf->count == 0) {
        sp2__free(leaf);
        ranges->leaf_count--;
        memmove(&ranges->leaves[at.leaf], &ranges->leaves[at.leaf + 1],
                (ranges->leaf_count - at.leaf) * sizeof(*ranges->leaves));
    }
}

bool sp2__ranges_add(sp2__ranges *ranges, uint64_t start, uint64_t end) {
    position previous_at;
    const bool has_previous = find_previous(ranges, start, &previous_at);
    const position next_at = has_previous ? after(ranges, previous_at) : (position){0, 0};
    sp2_range *previous = has_previous ? range_at(ranges, previous_at) : NULL;
    sp2_range *next = range_at(ranges, next_at);
    if (previous != NULL && previous->end == start) {
        previous->end = end;
        if (next != NULL && next->start == end) {
            previous->end = next->end;
            remove_range(ranges, next_at);
        }
        return true;
    }
    if (next != NULL && next->start == end) {
        next->start = start;
        return true;
    }
    return insert_range(ranges, next_at, (sp2_range){start, end});
}

uint64_t sp2__ranges_prefix(const sp2__ranges *ranges) {
    const sp2_range *first = range_at(ranges, (position){0, 0});
    return first != NULL && first->start == 0 ? first->end : 0;
}

bool sp2__ranges_next(const sp2__ranges *ranges, sp2__ranges_cursor *cursor, sp2_range *range) {
    if (cursor->leaf == ranges->leaf_count) {
        return false;
    }
    const position at = {cursor->leaf, cursor->index};
    *range = *range_at(ranges, at);
    const position next = after(ranges, at);
    *cursor = (sp2__ranges_cursor){next.leaf, next.index};
    return true;
}

void sp2__ranges_copy(const sp2__ranges *ranges, sp2_range *copies) {
    for (uint32_t i = 0; i < ranges->leaf_count; i++) {
        const sp2__range_leaf *leaf = ranges->leaves[i];
        memcpy(copies, leaf->ranges, leaf->count * sizeof(*copies));
        copies += leaf->count;
    }
}
