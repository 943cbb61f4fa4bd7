/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_SYSTEM_H
#define SP2_MEMORY_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Alignment of every block of payload memory: a cache line, and the widest vector store. */
#define SP2__PAYLOAD_ALIGNMENT 64

/*
 * Payload memory from the operating system. The same size must be given when it is freed. Pages
 * are not touched: a heap that only announces its size costs nothing. NULL if there is none.
 */
void *sp2__system_alloc(size_t size);
void sp2__system_free(void *block, size_t size);

/* Puts the pages of a block in place. */
void sp2__system_touch(void *block, size_t size);

/*
 * Maps private memory with its pages in place, of huge ones if they are preferred and there are
 * any. `extra_flags` are the system's own. *mapped receives the length to unmap. NULL if there is
 * none.
 */
void *sp2__system_map(size_t size, bool prefer_huge, int32_t extra_flags, size_t *mapped);
void sp2__system_unmap(void *block, size_t mapped);

/* Whether memory mapped with these flags is still private, at an address of its own. */
bool sp2__system_map_allows(int32_t extra_flags);

#endif
