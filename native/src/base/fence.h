/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_FENCE_H
#define SP2_BASE_FENCE_H

#include <stdatomic.h>

/*
 * Between a store and a load of something else, on two threads that each store first and look for
 * the other's store next: at least one of them sees it. The thread sanitizer does not know fences,
 * so it gets a read-modify-write that all threads share, which is as strong.
 */
static inline void sp2__full_fence(void) {
#if defined(__SANITIZE_THREAD__)
    static atomic_int shared;
    atomic_fetch_add(&shared, 0);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

#endif
