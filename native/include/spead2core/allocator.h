/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_ALLOCATOR_H
#define SPEAD2CORE_ALLOCATOR_H

#include <stdint.h>

#include "export.h"
#include "log.h"
#include "packet.h"
#include "thread_pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where heap payloads live (spead2's manual, section "Memory allocators"; there
 * spead2.MemoryAllocator). A stream without an allocator of its own uses the default memory of
 * memory.h, which recycles by itself.
 *
 * An allocator is counted: its creator, each stream that uses it, each pool that is built on it and
 * each block that came from it hold it. So it may be given up while heaps are still in use.
 */
typedef struct sp2_allocator sp2_allocator;

/*
 * Releases the caller's reference to an allocator, which ends with the last one. NULL is allowed
 * and does nothing.
 *
 * Threads: any.
 */
SP2_API void sp2_allocator_destroy(sp2_allocator *allocator);

/*
 * Allocates a block for the payload of a heap. `packet` is the packet that caused it, not always
 * the heap's first, or NULL where there is none (a memory pool that fills itself). What is put into
 * *block_context comes back with the block. Returns at least `size` bytes, at any alignment
 * (multiples of 64 are copied to fastest), or NULL: then the packet is not used and counts as
 * allocation_failed.
 *
 * Threads: called from worker threads with the stream's lock held: it must not call functions of
 * this library on the same stream.
 */
typedef void *(*sp2_allocate_fn)(void *context, uint64_t size, const sp2_packet_header *packet,
                                 void **block_context);

/*
 * Takes a block back; `size` and `block_context` are those of its allocation.
 *
 * Threads: called from worker threads, perhaps with a stream's lock held, and from whichever thread
 * releases a heap: it must not call functions of this library on a stream.
 */
typedef void (*sp2_free_fn)(void *context, void *block, uint64_t size, void *block_context);

/*
 * Tells that nothing holds an allocator any more: the last call.
 *
 * Threads: as sp2_free_fn, or whichever releases the last; perhaps with a stream's lock held:
 * it must not call functions of this library on a stream.
 */
typedef void (*sp2_finish_fn)(void *context);

/* Options of sp2_allocator_create. Set `size` with the INIT macro. */
typedef struct sp2_allocator_options {
    uint32_t size;            /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;           /* none are defined: zero */
    sp2_allocate_fn allocate; /* must not be NULL */
    sp2_free_fn free;         /* must not be NULL */
    sp2_finish_fn finish;     /* may be NULL */
    void *context;            /* passed to the functions */
} sp2_allocator_options;

#define SP2_ALLOCATOR_OPTIONS_INIT SP2_SIZED_INIT(sp2_allocator_options)

/*
 * Makes an allocator of user-supplied functions.
 *
 * Ownership: the caller's, until sp2_allocator_destroy. `context` must stay valid until `finish`
 *            is called.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *allocator is NULL on failure.
 */
SP2_API int32_t sp2_allocator_create(const sp2_allocator_options *options,
                                     sp2_allocator **allocator);

/* Flags of sp2_mmap_options. */
typedef enum sp2_mmap_flags {
    /* Huge pages if there are any: from the system's pool of them (hugetlbfs; large pages on
     * Windows), of which one byte takes a whole one, else transparent ones, as far as a heap has
     * arrived without a gap; ordinary pages if there are neither. */
    SP2_MMAP_PREFER_HUGE = 1
} sp2_mmap_flags;

/* Options of sp2_mmap_allocator_create. Set `size` with the INIT macro. */
typedef struct sp2_mmap_options {
    uint32_t size;       /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;      /* sp2_mmap_flags */
    int32_t extra_flags; /* further flags for mmap(2), for example MAP_LOCKED, but none that share
                            memory or fix its address; on Windows for VirtualAlloc */
    uint32_t reserved;   /* zero */
} sp2_mmap_options;

#define SP2_MMAP_OPTIONS_INIT SP2_SIZED_INIT(sp2_mmap_options)

/*
 * Makes an allocator that maps every block from the operating system (spead2:
 * spead2.MmapAllocator). `options` may be NULL. Meant as the base of a memory pool: by itself it
 * pays for new pages with every heap. Pages come as payload arrives, so that a packet that only
 * announces a large heap costs little; in the blocks that a memory pool makes ahead they are in
 * place. `extra_flags` may say otherwise (MAP_POPULATE, MAP_LOCKED).
 *
 * Ownership: the caller's, until sp2_allocator_destroy.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM. *allocator is NULL on failure.
 */
SP2_API int32_t sp2_mmap_allocator_create(const sp2_mmap_options *options,
                                          sp2_allocator **allocator);

/* Flags of sp2_memory_pool_options. */
typedef enum sp2_memory_pool_flags {
    /* No warning when a block is wanted and the pool is empty (warn_on_empty = False). */
    SP2_MEMORY_POOL_NO_WARNING = 1
} sp2_memory_pool_flags;

/* Options of sp2_memory_pool_create. Set `size` with the INIT macro. */
typedef struct sp2_memory_pool_options {
    uint32_t size;                /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;               /* sp2_memory_pool_flags */
    uint64_t lower;               /* smallest size in bytes that the pool serves */
    uint64_t upper;               /* largest, and the size of its blocks; at least 1 and `lower` */
    uint64_t max_free;            /* most blocks that wait in the pool */
    uint64_t initial;             /* blocks to start with; at most `max_free` */
    uint64_t low_water;           /* with fewer blocks than this the pool is filled up to `initial`
                                     in the background; 0: never; at most `initial`; needs
                                     `thread_pool` */
    sp2_thread_pool *thread_pool; /* does the filling; may be NULL if `low_water` is 0 */
    sp2_allocator *base;          /* where blocks come from, and sizes that the pool does not serve;
                                     NULL: the operating system */
    sp2_log_fn log;               /* receives the pool's messages; default: standard error */
    void *log_context;            /* passed to `log` */
    uint32_t log_level;           /* an sp2_log_level; default SP2_LOG_WARNING */
    uint32_t reserved;            /* zero */
} sp2_memory_pool_options;

#define SP2_MEMORY_POOL_OPTIONS_INIT SP2_SIZED_INIT(sp2_memory_pool_options)

/* State of a memory pool. Set `size` with the INIT macro. */
typedef struct sp2_memory_pool_stats {
    uint32_t size;     /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved; /* zero */
    uint64_t free;     /* blocks that wait in the pool */
    uint64_t in_use;   /* blocks of the pool's size that heaps hold */
    uint64_t hits;     /* allocations that took a waiting block */
    uint64_t misses;   /* allocations that found the pool empty, so that a block was made at once */
    uint64_t outside;  /* allocations of a size that the pool does not serve */
    uint64_t refilled; /* blocks made in the background */
} sp2_memory_pool_stats;

#define SP2_MEMORY_POOL_STATS_INIT SP2_SIZED_INIT(sp2_memory_pool_stats)

/*
 * Makes a pool of blocks of one size (spead2: spead2.MemoryPool). A size from `lower` to
 * `upper` gets a block of `upper` bytes, the one that was freed last; other sizes go to `base`. A
 * freed block waits in the pool, or goes back to `base` if `max_free` blocks wait already. If the
 * pool is empty a block is made at once, with a warning; it joins the pool when it is freed.
 *
 * Ownership: the caller's, until sp2_allocator_destroy. The pool holds `base`, and the thread pool
 *            until it ends; `log` may be called until then.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM (also: `base` has no memory for
 *            `initial` blocks). *pool is NULL on failure.
 */
SP2_API int32_t sp2_memory_pool_create(const sp2_memory_pool_options *options,
                                       sp2_allocator **pool);

/*
 * Says whether a block that is wanted while the pool is empty gives a warning (warn_on_empty).
 *
 * Threads: any, at any time.
 * Returns: SP2_OK, SP2_E_ARG (also: the allocator is not a memory pool).
 */
SP2_API int32_t sp2_memory_pool_set_warn_on_empty(sp2_allocator *pool, int32_t warn);

/*
 * Gives what sp2_memory_pool_set_warn_on_empty has set: 1 or 0.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG (also: the allocator is not a memory pool). *warn is 0 on failure.
 */
SP2_API int32_t sp2_memory_pool_get_warn_on_empty(sp2_allocator *pool, int32_t *warn);

/*
 * Fills `stats` with a consistent copy, as many bytes of it as both the caller and the library
 * know.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG (also: the allocator is not a memory pool).
 */
SP2_API int32_t sp2_memory_pool_get_stats(sp2_allocator *pool, sp2_memory_pool_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
