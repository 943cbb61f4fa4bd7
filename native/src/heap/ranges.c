/* SPDX-License-Identifier: MIT */
#include "heap/ranges.h"

#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"

/* Entries of a node: half a kibibyte of starts, which is searched and moved in no time. */
enum { FAN_OUT = 64, STARTS_OF_A_LINE = 8 };

/* Neighbours that have no more than this together become one node. They are looked at each time
 * that a node has lost MERGE_STEP entries, so that nodes have 16 entries on average at least. */
enum { MERGE_UP_TO = FAN_OUT * 3 / 4, MERGE_STEP = 8 };

typedef union entry {
    uint64_t end;           /* of a range */
    sp2__range_node *child; /* above the leaves */
} entry;

/* No node is empty. */
struct sp2__range_node {
    uint32_t count;
    uint64_t starts[FAN_OUT]; /* of the ranges, or of the first range below each child */
    entry entries[FAN_OUT];
};

void sp2__ranges_init(sp2__ranges *ranges) {
    memset(ranges, 0, sizeof(*ranges));
}

static void free_node(sp2__range_node *node, uint32_t level) {
    for (uint32_t i = 0; level > 0 && i < node->count; i++) {
        free_node(node->entries[i].child, level - 1);
    }
    sp2__free(node);
}

void sp2__ranges_destroy(sp2__ranges *ranges) {
    if (ranges->root != NULL) {
        free_node(ranges->root, ranges->top);
        sp2__ranges_init(ranges);
    }
}

/* Number of starts that are not above `start`. Without branches, as none could be foretold. */
static uint32_t count_not_above(const sp2__range_node *node, uint64_t start) {
    const uint64_t *first = node->starts;
    uint32_t count = node->count;
    while (count > 1) {
        const uint32_t half = count / 2;
        first += half & (0u - (uint32_t)(first[half - 1] <= start));
        count -= half;
    }
    return (uint32_t)(first - node->starts) + (*first <= start);
}

static void fetch(const sp2__range_node *node) {
    for (uint32_t i = 0; i < FAN_OUT; i += STARTS_OF_A_LINE) {
        SP2__PREFETCH_WRITE(&node->starts[i]);
    }
    for (uint32_t i = 0; i < FAN_OUT; i += STARTS_OF_A_LINE) {
        SP2__PREFETCH_WRITE(&node->entries[i]);
    }
}

/* Finds the last range whose start is not above `start`. This and the next three are always inline:
 * gcc 12.2 splits `ranges` into its members and then takes what is stored by a later parameter for
 * unchanged (-fno-ipa-modref is right, too). */
SP2__INLINE void find_previous(const sp2__ranges *ranges, uint64_t start, sp2__range_place *place) {
    sp2__range_node *node = ranges->root;
    place->has_previous = node != NULL && node->starts[0] <= start;
    for (uint32_t level = ranges->top; node != NULL; level--) {
        place->node[level] = node;
        place->index[level] = place->has_previous ? count_not_above(node, start) - 1 : 0;
        if (level == 0) {
            break;
        }
        node = node->entries[place->index[level]].child;
        fetch(node);
    }
}

/* The lowest level where the place has entries after it, or one more than the top. */
SP2__INLINE uint32_t level_with_more(const sp2__ranges *ranges, const sp2__range_place *place) {
    uint32_t level = 0;
    while (level <= ranges->top && place->index[level] + 1 == place->node[level]->count) {
        level++;
    }
    return level;
}

/* Start of the range after the place; false if there is none. */
SP2__INLINE bool next_start(const sp2__ranges *ranges, const sp2__range_place *place,
                            uint64_t *start) {
    if (ranges->root == NULL) {
        return false;
    }
    if (!place->has_previous) {
        *start = ranges->root->starts[0];
        return true;
    }
    const uint32_t level = level_with_more(ranges, place);
    if (level > ranges->top) {
        return false;
    }
    *start = place->node[level]->starts[place->index[level] + 1];
    return true;
}

/* Goes on to the range after the place, which exists. */
SP2__INLINE void move_to_next(const sp2__ranges *ranges, sp2__range_place *place) {
    if (!place->has_previous) {
        place->has_previous = true;
        return; /* the indices are those of the first one already */
    }
    uint32_t level = level_with_more(ranges, place);
    place->index[level]++;
    for (; level > 0; level--) {
        place->node[level - 1] = place->node[level]->entries[place->index[level]].child;
        place->index[level - 1] = 0;
    }
}

static uint64_t *end_at(const sp2__range_place *place) {
    return &place->node[0]->entries[place->index[0]].end;
}

sp2__ranges_verdict sp2__ranges_check(const sp2__ranges *ranges, uint64_t start, uint64_t end,
                                      sp2__range_place *place) {
    find_previous(ranges, start, place);
    uint64_t next = 0;
    const bool has_next = next_start(ranges, place, &next);
    if (has_next && next < end) {
        return SP2__RANGES_OVERLAP;
    }
    if (place->has_previous && *end_at(place) >= start) {
        return *end_at(place) > start ? SP2__RANGES_DUPLICATE : SP2__RANGES_ADJACENT;
    }
    return has_next && next == end ? SP2__RANGES_ADJACENT : SP2__RANGES_NEW;
}

/* Tells the nodes above that the node at a level begins elsewhere. */
static void lift_start(const sp2__ranges *ranges, const sp2__range_place *place, uint32_t level) {
    const uint64_t start = place->node[level]->starts[0];
    for (uint32_t above = level + 1; above <= ranges->top; above++) {
        place->node[above]->starts[place->index[above]] = start;
        if (place->index[above] != 0) {
            break;
        }
    }
}

/* The range at the place gets another start, between its neighbours. */
static void set_start(const sp2__ranges *ranges, const sp2__range_place *place, uint64_t start) {
    place->node[0]->starts[place->index[0]] = start;
    if (place->index[0] == 0) {
        lift_start(ranges, place, 0);
    }
}

static void move_entries(sp2__range_node *to, uint32_t to_index, const sp2__range_node *from,
                         uint32_t from_index, uint32_t count) {
    memmove(&to->starts[to_index], &from->starts[from_index], count * sizeof(from->starts[0]));
    memmove(&to->entries[to_index], &from->entries[from_index], count * sizeof(from->entries[0]));
}

static void insert_entry(sp2__range_node *node, uint32_t index, uint64_t start, entry value) {
    move_entries(node, index + 1, node, index, node->count - index);
    node->starts[index] = start;
    node->entries[index] = value;
    node->count++;
}

static void remove_entry(sp2__range_node *node, uint32_t index) {
    node->count--;
    move_entries(node, index, node, index + 1, node->count - index);
}

/* Appends the second node's entries to the first. */
static void merge(sp2__range_node *first, const sp2__range_node *second) {
    move_entries(first, first->count, second, 0, second->count);
    first->count += second->count;
}

/* Merges the node at a level with a neighbour if they are few together. True: then the entry of the
 * place one level above has to go. */
static bool merge_with_neighbour(sp2__range_place *place, uint32_t level) {
    sp2__range_node *node = place->node[level];
    const sp2__range_node *parent = place->node[level + 1];
    const uint32_t index = place->index[level + 1];
    if (node->count > FAN_OUT / 2 || node->count % MERGE_STEP != 0) {
        return false;
    }
    if (index + 1 < parent->count) {
        sp2__range_node *after = parent->entries[index + 1].child;
        if (node->count + after->count <= MERGE_UP_TO) {
            merge(node, after);
            sp2__free(after);
            place->index[level + 1]++;
            return true;
        }
    }
    if (index > 0) {
        sp2__range_node *before = parent->entries[index - 1].child;
        if (node->count + before->count <= MERGE_UP_TO) {
            merge(before, node);
            sp2__free(node);
            return true;
        }
    }
    return false;
}

/* Removes the entry of the place at a level. True: then that of the level above has to go. */
static bool remove_at(const sp2__ranges *ranges, sp2__range_place *place, uint32_t level) {
    sp2__range_node *node = place->node[level];
    remove_entry(node, place->index[level]);
    if (level == ranges->top) {
        return false;
    }
    if (node->count == 0) {
        sp2__free(node);
        return true;
    }
    if (place->index[level] == 0) {
        lift_start(ranges, place, level);
    }
    return merge_with_neighbour(place, level);
}

/* Removes the range at the place, which is not the only one. */
static void remove_range(sp2__ranges *ranges, sp2__range_place *place) {
    ranges->count--;
    for (uint32_t level = 0; remove_at(ranges, place, level);) {
        level++;
    }
    while (ranges->top > 0 && ranges->root->count == 1) {
        sp2__range_node *only = ranges->root->entries[0].child;
        sp2__free(ranges->root);
        ranges->root = only;
        ranges->top--;
    }
}

/* Makes the nodes that an insertion at the place needs: one for each full one from the leaf up, and
 * a root if all are full. Returns their number, or SP2__RANGES_LEVELS if there is no memory. */
static uint32_t make_nodes(const sp2__ranges *ranges, const sp2__range_place *place,
                           sp2__range_node **nodes) {
    uint32_t needed = 0;
    if (ranges->root == NULL) {
        needed = 1;
    } else {
        while (needed <= ranges->top && place->node[needed]->count == FAN_OUT) {
            needed++;
        }
        needed += needed > ranges->top;
    }
    for (uint32_t made = 0; made < needed; made++) {
        /* A tree of that many levels is not reached. */
        nodes[made] = needed < SP2__RANGES_LEVELS ? sp2__alloc(sizeof(*nodes[made])) : NULL;
        if (nodes[made] == NULL) {
            while (made > 0) {
                sp2__free(nodes[--made]);
            }
            return SP2__RANGES_LEVELS;
        }
        nodes[made]->count = 0;
    }
    return needed;
}

/* Inserts an entry into a full node, which leaves its upper half to another one. */
static void insert_and_split(sp2__range_node *node, uint32_t index, uint64_t start, entry value,
                             sp2__range_node *upper) {
    move_entries(upper, 0, node, FAN_OUT / 2, FAN_OUT / 2);
    upper->count = FAN_OUT / 2;
    node->count = FAN_OUT / 2;
    if (index > FAN_OUT / 2) {
        insert_entry(upper, index - FAN_OUT / 2, start, value);
    } else {
        insert_entry(node, index, start, value);
    }
}

/* Puts an empty root above the one there is and the upper half of what that was. */
static void add_root(sp2__ranges *ranges, sp2__range_node *root, sp2__range_node *upper) {
    insert_entry(root, 0, ranges->root->starts[0], (entry){.child = ranges->root});
    insert_entry(root, 1, upper->starts[0], (entry){.child = upper});
    ranges->root = root;
    ranges->top++;
}

/* Tells the nodes above that the first of all ranges begins elsewhere. */
static void set_first_start(sp2__ranges *ranges, uint64_t start) {
    sp2__range_node *node = ranges->root;
    for (uint32_t level = ranges->top; level > 0; level--) {
        node->starts[0] = start;
        node = node->entries[0].child;
    }
}

/* Inserts a range that touches no other one after the place. */
static bool insert_range(sp2__ranges *ranges, const sp2__range_place *place, uint64_t start,
                         uint64_t end) {
    sp2__range_node *nodes[SP2__RANGES_LEVELS];
    const uint32_t made = make_nodes(ranges, place, nodes);
    if (made == SP2__RANGES_LEVELS) {
        return false;
    }
    ranges->count++;
    entry value = {.end = end};
    if (ranges->root == NULL) {
        insert_entry(nodes[0], 0, start, value);
        ranges->root = nodes[0];
        return true;
    }
    const uint32_t full = made > ranges->top ? ranges->top + 1 : made;
    uint32_t index = place->index[0] + place->has_previous;
    uint64_t value_start = start;
    for (uint32_t level = 0; level < full; level++) {
        insert_and_split(place->node[level], index, value_start, value, nodes[level]);
        value_start = nodes[level]->starts[0];
        value.child = nodes[level];
        index = level < ranges->top ? place->index[level + 1] + 1 : 0;
    }
    if (full > ranges->top) {
        add_root(ranges, nodes[full], nodes[full - 1]);
    } else {
        insert_entry(place->node[full], index, value_start, value);
    }
    if (!place->has_previous) {
        set_first_start(ranges, start);
    }
    return true;
}

bool sp2__ranges_add(sp2__ranges *ranges, sp2__range_place *place, uint64_t start, uint64_t end) {
    uint64_t next = 0;
    const bool touches_next = next_start(ranges, place, &next) && next == end;
    if (place->has_previous && *end_at(place) == start) {
        uint64_t *previous_end = end_at(place);
        *previous_end = end;
        if (touches_next) {
            move_to_next(ranges, place);
            *previous_end = *end_at(place);
            remove_range(ranges, place);
        }
        return true;
    }
    if (touches_next) {
        move_to_next(ranges, place);
        set_start(ranges, place, start);
        return true;
    }
    return insert_range(ranges, place, start, end);
}

static sp2_range *copy_below(const sp2__range_node *node, uint32_t level, sp2_range *copies) {
    for (uint32_t i = 0; i < node->count; i++) {
        if (level > 0) {
            copies = copy_below(node->entries[i].child, level - 1, copies);
        } else {
            *copies++ = (sp2_range){node->starts[i], node->entries[i].end};
        }
    }
    return copies;
}

uint64_t sp2__ranges_prefix(const sp2__ranges *ranges) {
    const sp2__range_node *node = ranges->root;
    if (node == NULL || node->starts[0] != 0) {
        return 0;
    }
    for (uint32_t level = ranges->top; level > 0; level--) {
        node = node->entries[0].child;
    }
    return node->entries[0].end;
}

bool sp2__ranges_next(const sp2__ranges *ranges, uint64_t *from, sp2_range *range) {
    sp2__range_place place;
    uint64_t start = 0;
    if (ranges->root == NULL) {
        return false;
    }
    find_previous(ranges, *from, &place);
    if (!place.has_previous || place.node[0]->starts[place.index[0]] != *from) {
        if (!next_start(ranges, &place, &start)) {
            return false;
        }
        move_to_next(ranges, &place);
    }
    *range = (sp2_range){place.node[0]->starts[place.index[0]], *end_at(&place)};
    *from = range->start + 1;
    return true;
}

void sp2__ranges_copy(const sp2__ranges *ranges, sp2_range *copies) {
    if (ranges->root != NULL) {
        copy_below(ranges->root, ranges->top, copies);
    }
}
