/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_ACCOUNTING_H
#define SP2_RECEIVE_ACCOUNTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "heap/heap.h"
#include "spead2core/receive.h"
#include "spead2core/statistics.h"

/*
 * Which heaps never arrived, by the cnts of those that did: spead2core/statistics.h has the rules.
 * Each sequence of cnts has a bit for each of its latest heaps; memory and work per heap are
 * bounded whatever cnts are sent. Under the stream's lock.
 */

typedef struct sp2__sequence sp2__sequence;

/* The sets of a stream whose heaps go on together: what one of them has, the others have to have.
 */
typedef struct sp2__group {
    uint32_t number; /* of the groups so far; 0: there is none */
    uint32_t address_bits;
    uint64_t step;
    uint64_t top;   /* number of the foremost heap */
    uint64_t span;  /* heaps from the first one to that, which each set has to have */
    uint64_t moved; /* the accounting's `takes` when one of its sets went on last */
    uint64_t late;  /* sets that have counted what they lack at their beginning, but for a heap */
    bool is_cut;    /* a set began one heap later: perhaps what came first was not all of it */
} sp2__group;

typedef struct sp2__accounting {
    bool is_on;
    bool by_source;
    bool by_sender;      /* heaps of different senders are different heaps */
    bool by_item;        /* heaps are placed when they have left the assembly */
    bool expects_sets;   /* all values of `set_item` have the same heaps */
    uint64_t count_item; /* 0: the cnt */
    uint64_t set_item;   /* 0: none */
    uint64_t substreams;
    uint64_t step;       /* as set; 0: learned */
    uint64_t multiplier; /* of the hash of sequences */
    uint32_t count;      /* sequences */
    bool has_latest;
    uint64_t latest;     /* number of the latest heap of a set */
    uint64_t takes;      /* heaps of sets */
    uint64_t unexpected; /* likewise, since sets were held to their group */
    uint64_t lags;       /* heaps that sets were then behind it, but for one each */
    sp2__group group;
    sp2__sequence *recent;
    sp2__sequence *oldest;
    sp2__sequence *newest;
    sp2__sequence **buckets;  /* NULL: there are none yet */
    sp2_receive_stats *stats; /* the stream's */
} sp2__accounting;

void sp2__accounting_init(sp2__accounting *accounting, const sp2_receive_options *options,
                          uint64_t multiplier, sp2_receive_stats *stats);
void sp2__accounting_destroy(sp2__accounting *accounting);

/* A heap has begun; not `by_item`. `shares`: further heaps with its cnt are no duplicates. Says in
 * the heap whether it is one. */
void sp2__accounting_take(sp2__accounting *accounting, sp2_heap *heap, bool shares);

/* The same for a heap that is leaving the assembly; `by_item`. */
void sp2__accounting_take_items(sp2__accounting *accounting, sp2_heap *heap);

/* The stream has ended: what has not arrived will not. */
void sp2__accounting_settle(sp2__accounting *accounting);

#endif
