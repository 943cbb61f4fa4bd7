/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_KERNEL_COUNTERS_H
#define SP2_TRANSPORT_KERNEL_COUNTERS_H

#include <stdbool.h>

#include "spead2core/udp.h"

/* What the system counts of UDP; false if it does not tell. One implementation for each system. */
bool sp2__kernel_counters_read(sp2_kernel_udp_counters *counters);

#endif
