/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_SYSTEM_H
#define SP2_MEMORY_SYSTEM_H

#include <stddef.h>

/* Alignment of every block of payload memory: a cache line, and the widest vector store. */
#define SP2__PAYLOAD_ALIGNMENT 64

/*
 * Payload memory from the operating system. The same size must be given when it is freed. Pages
 * are not touched: a heap that only announces its size costs nothing. NULL if there is none.
 */
void *sp2__system_alloc(size_t size);
void sp2__system_free(void *block, size_t size);

#endif
