/* SPDX-License-Identifier: MIT */
/*
 * Is anything split or lost when several streams share a port, and what does a packet cost?
 *
 * One sender and N streams, a thread each, in one process, over loopback; the sender waits for the
 * receivers. One line for each number of sockets, by unicast and multicast, with messages of up to
 * 64 KiB (segmentation offload: they arrive whole, with packets of many heaps, most of which are
 * then another stream's) and with single packets. Heaps of five packets are looked at and
 * released where they are finished. The cost is processor time of all threads but the sender's.
 * More sockets make nothing faster here unless there are processors for their threads.
 *
 * bench_sockets [PACKETS]: by default 1,000,000 in each run. Ends with 1 if a run was not right.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared_port.h"

enum { PACKETS = 1000000, PAYLOAD = 976, HEAP_PACKETS = 5 };

/* What fits a socket's buffer: of an administrator, who gets what is asked for, and of others. */
enum { WINDOW = 8000, SMALL_WINDOW = 100 };

static bool run(const char *what, const shared_port_plan *plan) {
    shared_port_result result;
    if (!shared_port_run(plan, &result)) {
        printf("%s: not possible here: %s\n", what, strerror(errno));
        return true;
    }
    const bool right = shared_port_is_right(&result);
    const double packets = (double)result.sent_packets;
    printf("| %u | %s | %s | %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64
           " | %.0f | %.0f | %s |\n",
           (unsigned)plan->streams, what, plan->multicast ? "multicast" : "unicast",
           plan->offload ? "64 KiB" : "single", result.packets, result.sent_heaps - result.heaps,
           result.faults + result.incomplete, result.drops, result.cpu_seconds * 1e9 / packets,
           result.wall_seconds * 1e9 / packets, right ? "yes" : "NO");
    fflush(stdout);
    return right;
}

int main(int argc, char **argv) {
    static const uint32_t counts[] = {1, 2, 4};
    bool right = true;
    shared_port_plan plan = {
        .packets = argc > 1 ? strtoull(argv[1], NULL, 10) : PACKETS,
        .heap_packets = HEAP_PACKETS,
        .payload = PAYLOAD,
        .window = geteuid() == 0 ? WINDOW : SMALL_WINDOW,
    };
    printf("| sockets | into | to | messages | packets | heaps lost | heaps split | kernel drops | "
           "CPU ns per packet | ns per packet | right "
           "|\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int chunks = 0; chunks < 2; chunks++) {
        plan.chunks = chunks != 0;
        for (int kind = 0; kind < 4; kind++) {
            plan.multicast = kind >= 2;
            plan.offload = kind % 2 == 0;
            for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                plan.streams = counts[i];
                right &= run(plan.chunks ? "chunks" : "heaps", &plan);
            }
        }
    }
    return right ? 0 : 1;
}
