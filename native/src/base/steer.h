/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_STEER_H
#define SP2_BASE_STEER_H

#include <stdint.h>

/* Which of `count` sources that share a port the heaps with this cnt belong to. A filter of the
 * kernel does the same with the last four bytes of a packet's first item pointer, which in nearly
 * all packets is the cnt. Neighbouring cnts are spread evenly (Knuth's multiplicative hash). */
#define SP2__STEER_FACTOR 0x9e3779b1u
#define SP2__STEER_SHIFT 16
static inline uint32_t sp2__steer(uint64_t cnt, uint32_t count) {
    return (((uint32_t)cnt * SP2__STEER_FACTOR) >> SP2__STEER_SHIFT) % count;
}

#endif
