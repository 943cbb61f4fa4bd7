/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_ALLOCATOR_H
#define SP2_MEMORY_ALLOCATOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "spead2core/allocator.h"

/* What a kind of allocator implements. Any thread may call; the caller holds the allocator. */
typedef struct sp2__allocator_ops {
    /* At least `size` bytes, which is not zero, or NULL. `packet` may be NULL. */
    void *(*allocate)(sp2_allocator *allocator, uint64_t size, const sp2_packet_header *packet,
                      void **block_context);
    void (*free)(sp2_allocator *allocator, void *block, uint64_t size, void *block_context);
    /* Lets huge pages back the first `end` bytes of a block, whole huge pages. NULL where that is
     * not this library's business. */
    void (*back)(sp2_allocator *allocator, void *block, uint64_t size, uint64_t end,
                 void *block_context);
    /* Puts the pages of a part of a block that nobody uses yet in place. NULL likewise. */
    void (*populate)(sp2_allocator *allocator, void *block, uint64_t size, uint64_t from,
                     uint64_t to, void *block_context);
    /* Nothing holds the allocator any more: ends it and frees its memory. */
    void (*end)(sp2_allocator *allocator);
} sp2__allocator_ops;

/* The first member of each kind's own struct. */
struct sp2_allocator {
    const sp2__allocator_ops *ops;
    _Atomic uint64_t references;
};

/* Prepares the common part, with one reference: the creator's. */
void sp2__allocator_init(sp2_allocator *allocator, const sp2__allocator_ops *ops);

void sp2__allocator_retain(sp2_allocator *allocator);

/* Releases one reference; with the last, the allocator ends. NULL is allowed. Without any lock. */
void sp2__allocator_release(sp2_allocator *allocator);

/* Allocates; a block is a reference of its own, which sp2__allocator_free releases. */
void *sp2__allocator_allocate(sp2_allocator *allocator, uint64_t size,
                              const sp2_packet_header *packet, void **block_context);
void sp2__allocator_free(sp2_allocator *allocator, void *block, uint64_t size, void *block_context);

#endif
