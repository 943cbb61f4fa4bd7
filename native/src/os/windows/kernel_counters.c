/* SPDX-License-Identifier: MIT */
#include "transport/kernel_counters.h"

/* Windows counts errors without their cause. */
bool sp2__kernel_counters_read(sp2_kernel_udp_counters *counters) {
    (void)counters;
    return false;
}
