/* SPDX-License-Identifier: MIT */
#include "memory/copy.h"

#if defined(__aarch64__)
#include <arm_neon.h>

/* No intrinsic stands for STNP, the store of a pair that will not be needed soon. */
static inline void store_pair(uint8_t *to, uint8x16_t a, uint8x16_t b) {
    __asm__("stnp %q1, %q2, %0" : "=Q"(*(uint8_t(*)[32])to) : "w"(a), "w"(b));
}

void sp2__copy_lines_neon(uint8_t *to, const uint8_t *from, size_t lines) {
    for (; lines != 0; lines--, from += SP2__COPY_LINE, to += SP2__COPY_LINE) {
        const uint8x16_t a = vld1q_u8(from);
        const uint8x16_t b = vld1q_u8(from + 16);
        const uint8x16_t c = vld1q_u8(from + 32);
        const uint8x16_t d = vld1q_u8(from + 48);
        store_pair(to, a, b);
        store_pair(to + 32, c, d);
    }
}
#endif
