/* SPDX-License-Identifier: MIT */
#include "receive/ready_call.h"

#include "base/compiler.h"

/* The call that this thread is inside, so that the callback may replace itself. */
static SP2__THREAD_LOCAL const sp2__ready_call *inside;

void sp2__ready_call_init(sp2__ready_call *call) {
    sp2__mutex_init(&call->replace_lock);
    sp2__condition_init(&call->returned);
}

void sp2__ready_call_destroy(sp2__ready_call *call) {
    sp2__condition_destroy(&call->returned);
    sp2__mutex_destroy(&call->replace_lock);
}

/* The thread that replaces the callback goes on, and may destroy the owner, when the lock is
 * released. */
static SP2__COLD void end_awaited_call(sp2__ready_call *call) {
    sp2__mutex_lock(&call->replace_lock);
    sp2__spinlock_lock(&call->lock);
    call->calls--;
    sp2__spinlock_unlock(&call->lock);
    sp2__condition_broadcast(&call->returned);
    sp2__mutex_unlock(&call->replace_lock);
}

/* Begins a call of the callback, if one is still due. What is announced from then on, or has made a
 * call due at the same time, is there for this call. */
static bool begin_call(sp2__ready_call *call, sp2_ready_fn *ready, void **context) {
    sp2__spinlock_lock(&call->lock);
    const bool due = atomic_load_explicit(&call->due, memory_order_relaxed);
    if (due) {
        atomic_store_explicit(&call->due, false, memory_order_relaxed);
        *ready = call->ready;
        *context = call->context;
        call->calls++;
    }
    sp2__spinlock_unlock(&call->lock);
    return due;
}

static void end_call(sp2__ready_call *call) {
    sp2__spinlock_lock(&call->lock);
    const bool awaited = call->replacings != 0;
    if (SP2__LIKELY(!awaited)) {
        call->calls--;
    }
    sp2__spinlock_unlock(&call->lock);
    if (SP2__UNLIKELY(awaited)) {
        end_awaited_call(call);
    }
}

void sp2__ready_call_serve(sp2__ready_call *call) {
    sp2_ready_fn ready;
    void *context;
    if (SP2__LIKELY(!atomic_load_explicit(&call->due, memory_order_relaxed)) ||
        !begin_call(call, &ready, &context)) {
        return;
    }
    if (ready != NULL) {
        const sp2__ready_call *outer = inside;
        inside = call;
        ready(context);
        inside = outer;
    }
    end_call(call);
}

static bool is_called(sp2__ready_call *call) {
    sp2__spinlock_lock(&call->lock);
    const bool called = call->calls != 0;
    sp2__spinlock_unlock(&call->lock);
    return called;
}

void sp2__ready_call_set(sp2__ready_call *call, sp2_ready_fn ready, void *context) {
    const bool waits = inside != call;
    sp2__mutex_lock(&call->replace_lock);
    sp2__spinlock_lock(&call->lock);
    call->ready = ready;
    call->context = context;
    call->replacings += waits;
    sp2__spinlock_unlock(&call->lock);
    while (waits && is_called(call)) {
        sp2__condition_wait(&call->returned, &call->replace_lock);
    }
    sp2__spinlock_lock(&call->lock);
    call->replacings -= waits;
    sp2__spinlock_unlock(&call->lock);
    sp2__mutex_unlock(&call->replace_lock);
}
