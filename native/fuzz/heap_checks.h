/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_FUZZ_HEAP_CHECKS_H
#define SPEAD2CORE_FUZZ_HEAP_CHECKS_H

#include <spead2core/spead2core.h>
#include <stdbool.h>
#include <stdint.h>

/* What must hold of every heap and of the statistics, whatever a stream was fed with. */

/* Checks what a heap says of itself: bounds of items and ranges, order, flags. */
void fuzz_check_heap(const sp2_heap *heap, const sp2_receive_options *options);

/* Checks that two heaps are the same, in every byte that has a value. */
void fuzz_check_same_heap(const sp2_heap *a, const sp2_heap *b);

/* Heaps that came out of a stream. */
typedef struct fuzz_popped {
    uint64_t heaps;
    uint64_t complete;
    uint64_t incomplete; /* not even contiguous */
} fuzz_popped;

void fuzz_count_heap(fuzz_popped *popped, const sp2_heap *heap);

/* Checks the sums of a stream's statistics. `all`: it has stopped, and its heaps were popped. */
void fuzz_check_stats(const sp2_receive_stats *stats, const fuzz_popped *popped, bool all);

/* Checks that no heap holds default memory, and gives back what waits to be used again: the next
 * input gets fresh memory, and a leak sanitizer needs not follow the lists of blocks. */
void fuzz_check_no_memory(void);

#endif
