/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_THREAD_POOL_H
#define SP2_RUNTIME_THREAD_POOL_H

#include "runtime/event_loop.h"
#include "spead2core/thread_pool.h"

/* Streams and memory pools hold a pool by reference; the last one to let go ends its threads and
 * waits for them, but not for the one that it runs on. */
void sp2__thread_pool_retain(sp2_thread_pool *pool);
void sp2__thread_pool_release(sp2_thread_pool *pool);

/* The pool that a stream is to run on: `wanted`, held for it, or if that is NULL one of its own,
 * which logs as it does. Returns an sp2_status; *pool is NULL on failure. */
int32_t sp2__thread_pool_get(sp2_thread_pool *wanted, sp2_log_fn log, void *log_context,
                             uint32_t log_level, sp2_thread_pool **pool);

/* SP2_OK, or SP2_E_FORKED as a failure of `function` if the pool is an inherited copy. */
int32_t sp2__thread_pool_check(const sp2_thread_pool *pool, const char *function);

/* Gives a source to the thread that has the fewest; *index is for returning it. */
sp2__event_loop *sp2__thread_pool_assign(sp2_thread_pool *pool, uint32_t *index);
void sp2__thread_pool_unassign(sp2_thread_pool *pool, uint32_t index);

/* The thread that has the fewest sources, for work that comes and goes. */
sp2__event_loop *sp2__thread_pool_idlest(sp2_thread_pool *pool);

#endif
