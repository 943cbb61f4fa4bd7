/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_CHECKED_H
#define SP2_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* *result = a * b; false if that does not fit. */
SP2__INLINE bool sp2__mul_u64(uint64_t a, uint64_t b, uint64_t *result) {
    *result = a * b;
    return a == 0 || *result / a == b;
}

SP2__INLINE uint64_t sp2__max_u64(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

SP2__INLINE uint64_t sp2__min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Number of bits needed to write x: 0 for 0. */
SP2__INLINE unsigned sp2__bit_width(uint64_t x) {
    return x == 0 ? 0 : sp2__bit_width_of_nonzero(x);
}

#endif
