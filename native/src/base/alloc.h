/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_ALLOC_H
#define SP2_BASE_ALLOC_H

#include <stddef.h>

/*
 * All memory of the core but heap payloads comes from here, so that tests can make any allocation
 * fail. sp2__calloc_array fails when count * size does not fit. Sizes of zero are allowed.
 */
void *sp2__alloc(size_t size);
void *sp2__calloc_array(size_t count, size_t size);
void *sp2__realloc(void *block, size_t size);
void sp2__free(void *block);

/* Zeroed memory that starts at a multiple of SP2__CACHE_ISOLATION; freed by sp2__free_isolated. */
void *sp2__calloc_isolated(size_t size);
void sp2__free_isolated(void *block);

#if defined(SP2_TESTING)
#include <stdatomic.h>
/* Allocations that still succeed before one fails, once; negative: none fails. */
extern atomic_long sp2__alloc_countdown;
#endif

/* Whether a test wants this allocation to fail. Every source of memory asks. */
int sp2__alloc_should_fail(void);

#endif
