/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_REUSE_H
#define SP2_MEMORY_REUSE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How much has been written between two uses of a block: whether its lines are in the caches when
 * the next heap is written to it. That depends on what the consumer does with heaps, and is found
 * out by looking. Under the lock of whoever owns it.
 */

/* Smaller blocks are not looked at. So many blocks fit into what the caches are taken to hold. */
#define SP2__REUSE_LEAST ((uint64_t)16 << 10)
#define SP2__REUSE_MOST_CACHED ((uint64_t)16 << 20)
#define SP2__REUSE_ENTRIES (SP2__REUSE_MOST_CACHED / SP2__REUSE_LEAST)

typedef struct sp2__reuse_entry {
    const void *block;
    uint64_t written; /* by all streams, before the block was taken */
} sp2__reuse_entry;

typedef struct sp2__reuse {
    uint64_t uncounted; /* bytes that other streams do not know of yet */
    bool is_far;        /* the latest answer */
    sp2__reuse_entry entries[SP2__REUSE_ENTRIES]; /* by a hash of the address */
} sp2__reuse;

/* Bytes between two uses of a block that are too many for the caches; UINT64_MAX where nothing is
 * known of these. */
uint64_t sp2__reuse_far(void);

/* A block is taken. True if its lines are not in the caches. */
bool sp2__reuse_take(sp2__reuse *reuse, const void *block);

/* So many bytes have been written to a block: not what packets announce. */
void sp2__reuse_add(sp2__reuse *reuse, uint64_t bytes);

#endif
