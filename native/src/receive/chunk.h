/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_CHUNK_H
#define SP2_RECEIVE_CHUNK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "spead2core/chunk.h"

/* One of the three memories of a chunk. */
typedef struct sp2__chunk_part {
    uint8_t *bytes;
    uint64_t size;
    bool is_allocated; /* else it is user-supplied, or there is none */
    void *block_context;
} sp2__chunk_part;

/* A chunk. One owner at a time changes it: its user, or a group, for that the members whose slices
 * may write to it. */
struct sp2_chunk {
    sp2_chunk *next; /* the group's */
    int64_t id;
    uint64_t stream_id;
    uint64_t ids_skipped;
    uint64_t present_count;
    sp2__chunk_part data;
    sp2__chunk_part present;
    sp2__chunk_part extra;
    sp2_allocator *allocator; /* of what is allocated, held; NULL: the operating system */
    sp2_chunk_free_fn free;
    void *context;
    sp2_chunk_group *group; /* that it was popped from, held; or NULL */
    bool is_dropped;        /* it left the window, but not for the consumer */
    atomic_bool is_lent;    /* it is a group's now */
    bool is_far;            /* its data was not in the caches when it began */
};

/* Makes it as if no heap had come. */
void sp2__chunk_clear(sp2_chunk *chunk);

/* Counts what is present, when all that will come has. */
void sp2__chunk_count(sp2_chunk *chunk);

/* Frees a chunk that was popped from no group. Without any lock. */
void sp2__chunk_free(sp2_chunk *chunk);

#endif
