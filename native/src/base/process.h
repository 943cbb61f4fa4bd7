/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_PROCESS_H
#define SP2_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * A forked child has a copy of every stream and pool, but none of their threads, and perhaps a lock
 * that another thread held. So each of them remembers the process that made it, by a number that
 * none of the process' ancestors has: what was made under another number is an inherited copy, and
 * is left alone.
 */
#if defined(_WIN32)
/* Nothing forks. */
SP2__INLINE uint32_t sp2__process(void) {
    return 1;
}
#else
/* Where the number is; 0 there in a child until it has asked for its own. Read without a hook of
 * the tests' scheduler: it changes only between processes. */
extern __attribute__((visibility("hidden"))) const uint32_t *sp2__process_number;

/* Finds or makes the number. Neither allocates nor takes a lock. */
SP2__COLD uint32_t sp2__process_find(void);

/* This process' number; never 0. Costs two loads. Any thread, any time. */
SP2__INLINE uint32_t sp2__process(void) {
    const uint32_t *place = __atomic_load_n(&sp2__process_number, __ATOMIC_ACQUIRE);
    const uint32_t number = __atomic_load_n(place, __ATOMIC_RELAXED);
    return SP2__LIKELY(number != 0) ? number : sp2__process_find();
}
#endif

/* Whether what remembers `maker` is a copy that a fork made of it. */
static inline bool sp2__is_inherited(uint32_t maker) {
    return SP2__UNLIKELY(maker != sp2__process());
}

#endif
