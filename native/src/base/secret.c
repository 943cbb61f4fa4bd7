/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/random.h"

static SP2__COLD uint64_t draw(_Atomic uint64_t *place) {
    uint64_t number = 0;
    if (!sp2__random_u64(&number)) {
        /* The system has none to give: the time, and where this process has its data and stack. */
        number = sp2__clock_ns() ^ (uint64_t)(uintptr_t)place ^ (uint64_t)(uintptr_t)&number << 16;
    }
    number = number == 0 ? 1 : number;
    /* Threads that come here at the same time agree on the first number. */
    uint64_t known = 0;
    return atomic_compare_exchange_strong(place, &known, number) ? number : known;
}

uint64_t sp2__secret_at(_Atomic uint64_t *place) {
    const uint64_t number = atomic_load_explicit(place, memory_order_relaxed);
    return SP2__LIKELY(number != 0) ? number : draw(place);
}

uint64_t sp2__secret(sp2__secret_use use) {
    static _Atomic uint64_t secrets[SP2__SECRET_USES];
    return sp2__secret_at(&secrets[use]);
}
