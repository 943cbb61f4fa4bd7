/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_RECYCLER_H
#define SP2_MEMORY_RECYCLER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The default memory: blocks by size class, kept for the next heap when they are freed. See
 * spead2core/memory.h for what users may rely on. Any thread.
 */

/* Of blocks up to this size nothing is told apart: all of one is usable, and counts as real. */
#define SP2__SMALL_BLOCK_LOG2 18
#define SP2__SMALL_BLOCK ((uint64_t)1 << SP2__SMALL_BLOCK_LOG2)

/* At least `size` bytes, aligned to SP2__PAYLOAD_ALIGNMENT; NULL if there are none. For records,
 * which are small. */
void *sp2__recycler_alloc(uint64_t size);

/* Takes a block back; `size` as it was asked for. */
void sp2__recycler_free(void *block, uint64_t size);

/*
 * A block for payload. What of it is memory, and not only address space, is told apart, so that
 * what packets announce costs nothing, and blocks that are worth nothing are not kept in the place
 * of others.
 */
typedef struct sp2__block {
    uint8_t *memory;
    uint64_t size;   /* bytes that it may come to have */
    uint64_t usable; /* bytes that may be written to now */
    uint64_t warm;   /* its start that was written to: by its users, which raise it */
    uint64_t sparse; /* at most so many bytes are real behind that: likewise */
} sp2__block;

/* A block that may come to have `size` bytes, of which at least `usable` may be written to now.
 * False if there is no memory. */
bool sp2__recycler_take(uint64_t size, uint64_t usable, sp2__block *block);

/* The same for at most SP2__SMALL_BLOCK bytes, all of which are usable; *taken receives the size of
 * the block. NULL if there is no memory. */
uint8_t *sp2__recycler_take_small(uint64_t size, uint64_t *taken);

/* Makes at least `usable` bytes of the block usable: at most its size, in whole huge pages where it
 * has any. False, and no change, if there is no memory. */
bool sp2__recycler_widen(sp2__block *block, uint64_t usable);

/* Lets huge pages back the start of the block as far as they fit below `end`, and counts that as
 * warm. */
void sp2__recycler_back(sp2__block *block, uint64_t end);

/* Takes it back. */
void sp2__recycler_give(const sp2__block *block);

/* Blocks are kept only while there are users, which call the idle work: the thread pools. */
void sp2__recycler_add_user(void);
void sp2__recycler_remove_user(void);

/* In a forked child: a user that was its parent's is none of its own. Frees nothing. */
void sp2__recycler_forget_user(void);

/* Whether there are blocks in use or kept, which will need the idle work some time. */
bool sp2__recycler_idle_work_pending(void);

/* Releases what stayed unused for long, if it is time for that. To be called about every second.
 */
void sp2__recycler_idle_work(void);

#endif
