/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_RECYCLER_H
#define SP2_MEMORY_RECYCLER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The default memory: blocks by size class, kept for the next heap when they are freed. See
 * spead2core/memory.h for what users are promised. Any thread.
 */

/* At least `size` bytes, aligned to SP2__PAYLOAD_ALIGNMENT; NULL if there are none. */
void *sp2__recycler_alloc(uint64_t size);

/* Takes a block back; `size` as it was asked for. */
void sp2__recycler_free(void *block, uint64_t size);

/* Blocks are kept only while there are users, which call the idle work: the thread pools. */
void sp2__recycler_add_user(void);
void sp2__recycler_remove_user(void);

/* In a forked child: a user that was its parent's is none of its own. Frees nothing. */
void sp2__recycler_forget_user(void);

/* Whether there are blocks in use or kept, which will need the idle work some time. */
bool sp2__recycler_idle_work_pending(void);

/* Gives back what stayed unused for long, if it is time for that. To be called about every second.
 */
void sp2__recycler_idle_work(void);

#endif
