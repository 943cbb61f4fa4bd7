/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_READY_CALL_H
#define SP2_RECEIVE_READY_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/spinlock.h"
#include "base/thread.h"
#include "spead2core/receive.h"

/*
 * The ready callback of a ring's consumers. That it is due is noted wherever something is
 * announced; it is called later, when no lock is held.
 */
typedef struct sp2__ready_call {
    atomic_bool due;
    sp2__spinlock lock;
    /* Under the lock: */
    sp2_ready_fn ready;
    void *context;
    uint32_t calls;      /* under way */
    uint32_t replacings; /* threads that wait for their end */

    sp2__mutex replace_lock; /* outside of the lock */
    sp2__condition returned;
} sp2__ready_call;

/* The call is zeroed. */
void sp2__ready_call_init(sp2__ready_call *call);
void sp2__ready_call_destroy(sp2__ready_call *call);

/* Any thread, with any lock. */
static inline void sp2__ready_call_request(sp2__ready_call *call) {
    atomic_store_explicit(&call->due, true, memory_order_relaxed);
}

/* Calls the function if that is due. Without any lock. */
void sp2__ready_call_serve(sp2__ready_call *call);

/* Replaces the function, and waits for calls of the old one unless this is within it. */
void sp2__ready_call_set(sp2__ready_call *call, sp2_ready_fn ready, void *context);

#endif
