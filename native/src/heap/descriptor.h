/* SPDX-License-Identifier: MIT */
#ifndef SP2_HEAP_DESCRIPTOR_H
#define SP2_HEAP_DESCRIPTOR_H

#include <stddef.h>

#include "spead2core/descriptor.h"

/* Memory for the descriptors of a heap, taken from a few blocks that are freed together: a sender
 * can make a descriptor of 56 bytes. */
typedef struct sp2__descriptor_memory {
    struct sp2__descriptor_chunk *chunks; /* the latest first */
    size_t used;                          /* of that */
    size_t size;
} sp2__descriptor_memory;

void sp2__descriptor_memory_free(sp2__descriptor_memory *memory);

/* A descriptor; what it points to follows it. */
typedef struct sp2__descriptor_block {
    struct sp2__descriptor_block *next;
    sp2_descriptor descriptor;
} sp2__descriptor_block;

/*
 * Copies the descriptor out of an inner heap, which is contiguous and frozen. One that breaks a
 * rule is made, too, and says so. *block is NULL if the heap does not say which item it describes,
 * and on failure, which sets the last error.
 */
int32_t sp2__descriptor_read(const sp2_heap *inner, sp2__descriptor_memory *memory,
                             sp2__descriptor_block **block);

/* What stands in the place of a descriptor of which nothing can be read but perhaps the identifier,
 * or 0. NULL if there is no memory. */
sp2__descriptor_block *sp2__descriptor_broken(uint64_t id, const char *fault,
                                              sp2__descriptor_memory *memory);

/* The descriptors of a heap. */
typedef struct sp2__descriptors sp2__descriptors;

/* NULL is allowed and does nothing. */
void sp2__descriptors_free(sp2__descriptors *descriptors);

#endif
