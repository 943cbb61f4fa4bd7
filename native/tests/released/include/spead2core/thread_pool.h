/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_THREAD_POOL_H
#define SPEAD2CORE_THREAD_POOL_H

#include <stdint.h>

#include "export.h"
#include "log.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Threads that do the input of one or more streams (spead2: spead2.ThreadPool). Each packet
 * source of a stream belongs to one thread of the pool, the one with the fewest sources when it was
 * added.
 */
typedef struct sp2_thread_pool sp2_thread_pool;

/* Largest number of threads in a pool. */
#define SP2_THREAD_POOL_MAX_THREADS 1024

/* Options of sp2_thread_pool_create. A zero field means its default. */
typedef struct sp2_thread_pool_options {
    uint32_t size;           /* bytes of this struct as the caller compiled it; always first */
    uint32_t flags;          /* none are defined: zero */
    uint32_t threads;        /* number of threads; default 1 */
    uint32_t affinity_count; /* entries of `affinity`; default 0: threads are not bound */
    const int32_t *affinity; /* CPU numbers, given to the threads in turn; copied */
    sp2_log_fn log;          /* receives messages of the pool; default: standard error */
    void *log_context;       /* passed to `log` */
    uint32_t log_level;      /* an sp2_log_level; default SP2_LOG_WARNING */
    uint32_t reserved;       /* zero */
    const char *name;        /* threads are called this and their number, as "spead2-0"; UTF-8. A
                                name that is too long for 15 bytes in all is cut, the number is
                                not; default "spead2"; copied */
} sp2_thread_pool_options;

#define SP2_THREAD_POOL_OPTIONS_INIT SP2_SIZED_INIT(sp2_thread_pool_options)

/*
 * Starts a pool. `options` may be NULL for the defaults. A CPU that a thread cannot be bound to
 * gives a warning, not an error.
 *
 * Ownership: the caller's, until sp2_thread_pool_destroy. Streams keep the pool running by
 *            themselves, so it may be destroyed before them. `log` is used until the pool has
 *            been destroyed and every stream on it, too.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG, SP2_E_TOO_NEW, SP2_E_NOMEM, SP2_E_OS. *pool is NULL on failure.
 */
SP2_API int32_t sp2_thread_pool_create(const sp2_thread_pool_options *options,
                                       sp2_thread_pool **pool);

/*
 * Releases the caller's pool. Its threads end, and are waited for, when the last stream
 * on it has been destroyed. NULL is allowed and does nothing.
 *
 * Threads: any but a thread of a pool (a callback).
 */
SP2_API void sp2_thread_pool_destroy(sp2_thread_pool *pool);

/*
 * Binds the calling thread to a CPU, for example the one that consumes heaps.
 *
 * Threads: any; it concerns the one that calls.
 * Returns: SP2_OK, SP2_E_ARG (a negative number), SP2_E_OS (for example there is no such CPU).
 */
SP2_API int32_t sp2_thread_set_affinity(int32_t cpu);

#ifdef __cplusplus
}
#endif

#endif
