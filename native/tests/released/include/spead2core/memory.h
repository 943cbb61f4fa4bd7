/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_MEMORY_H
#define SPEAD2CORE_MEMORY_H

#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The default memory of heap payloads. Blocks of finished heaps are kept by size class and used
 * again, so that a running stream does not pay for page faults on every heap. What is kept is
 * bounded by a limit for the process, released to the operating system when it was not used for
 * SP2_MEMORY_IDLE_SECONDS to twice that, and released at once when the last thread pool has gone.
 * (spead2's manual, section "Memory allocators", asks users to set up a pool for this.)
 */

/* Unused blocks are looked at this often; one that stayed unused in between is released. Long
 * enough for a correlator that dumps every few seconds to find its memory again. */
#define SP2_MEMORY_IDLE_SECONDS 5

/* Default of sp2_memory_set_cache_limit: 1 GiB. */
#define SP2_MEMORY_CACHE_LIMIT_DEFAULT 1073741824

/* State of the default memory, for the whole process. Set `size` with the INIT macro. */
typedef struct sp2_memory_stats {
    uint32_t size;         /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved;     /* zero */
    uint64_t used_bytes;   /* bytes committed to heaps now; what is real may be less */
    uint64_t cached_bytes; /* bytes of recycled blocks, as far as they are real */
    uint64_t cache_limit;  /* largest value that cached_bytes may take */
    uint64_t hits;         /* blocks taken from the cache since the start of the process */
    uint64_t misses;       /* blocks asked from the operating system since the start */
} sp2_memory_stats;

#define SP2_MEMORY_STATS_INIT SP2_SIZED_INIT(sp2_memory_stats)

/*
 * Fills `stats`, as many bytes of it as both the caller and the library know.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_memory_get_stats(sp2_memory_stats *stats);

/*
 * Sets how many bytes of unused blocks may be kept: one half of them for blocks of more than
 * 256 KiB, the other in equal shares for each size class of smaller ones. 0 keeps nothing. A lower
 * limit than what is kept now takes effect as blocks come and go; call sp2_memory_trim to apply it
 * at once.
 *
 * Threads: any.
 * Returns: SP2_OK.
 */
SP2_API int32_t sp2_memory_set_cache_limit(uint64_t bytes);

/*
 * Gives all unused blocks back to the operating system now.
 *
 * Threads: any.
 * Returns: SP2_OK.
 */
SP2_API int32_t sp2_memory_trim(void);

#ifdef __cplusplus
}
#endif

#endif
