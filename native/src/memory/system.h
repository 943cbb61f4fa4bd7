/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_SYSTEM_H
#define SP2_MEMORY_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Alignment of every block of payload memory: a cache line, and the widest vector store. */
#define SP2__PAYLOAD_ALIGNMENT 64

/* Blocks of at least this size lie at multiples of it, so that the kernel can back them with
 * transparent huge pages: one page fault instead of 512. */
#define SP2__HUGE_PAGE ((size_t)2 << 20)

/*
 * Memory from the operating system. The same size must be given when it is freed. Pages are not
 * touched: a heap that only announces its size costs nothing. NULL if there is none.
 */
void *sp2__system_alloc(size_t size);
void sp2__system_free(void *block, size_t size);

/* The same, and all bytes are 0. Of large blocks still no page is touched. */
void *sp2__system_alloc_zeros(size_t size);

/*
 * The same for blocks of at least SP2__HUGE_PAGE, of which nothing may be used before it is
 * committed: what a block has, whole huge pages, is address space, which costs nothing. No huge
 * page backs it unless that is asked for.
 */
void *sp2__system_reserve(size_t size);

/* Makes a part of such a block usable: from a multiple of SP2__HUGE_PAGE up to another. False, and
 * no change, if the system does not grant so much memory. */
bool sp2__system_commit(void *block, size_t from, size_t to);

/* Lets huge pages back such a part. */
void sp2__system_back(void *block, size_t from, size_t to);

/* Puts the pages of usable memory in place; what it contains stays. */
void sp2__system_populate(void *start, size_t size);

/*
 * Maps private memory, in huge pages from the system's pool if they are preferred and there are
 * any. `extra_flags` are the system's own. *mapped receives the length to unmap. Unless the flags
 * say so, no page is in place before it is touched, and no transparent huge page backs it before
 * sp2__system_back. NULL if there is none.
 */
void *sp2__system_map(size_t size, bool prefer_huge, int32_t extra_flags, size_t *mapped);
void sp2__system_unmap(void *block, size_t mapped);

/* Whether memory mapped with these flags is still private, at an address of its own. */
bool sp2__system_map_allows(int32_t extra_flags);

#endif
