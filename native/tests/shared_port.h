/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_SHARED_PORT_H
#define SPEAD2CORE_TESTS_SHARED_PORT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends heaps over loopback to several streams that share a port, and looks at every heap. Each
 * packet has the same size, and heaps begin anywhere in a message. The sender waits for the
 * receivers, so that the kernel drops nothing. At the end a stop item is sent. A call of the
 * library or the system that fails ends the program.
 */
typedef struct shared_port_plan {
    uint32_t streams;
    uint64_t packets;      /* at least; up to a whole heap */
    uint32_t heap_packets; /* packets of a heap */
    uint32_t payload;      /* bytes of one, a multiple of 8 */
    uint32_t window;       /* packets under way at most */
    bool multicast;        /* a group on the loopback interface, else 127.0.0.1 */
    bool offload;          /* messages of up to 64 KiB, that the kernel is to cut */
    bool alone;            /* with a user-supplied socket: the first source gets all packets */
    bool chunks;           /* into a chunk group, which one thread reads */
    bool rings;            /* one thread reads the rings of all streams, one after the other */
} shared_port_plan;

typedef struct shared_port_result {
    uint64_t sent_packets; /* with that of the stop item */
    uint64_t sent_heaps;
    uint64_t heaps;      /* complete, that came once, with the right content */
    uint64_t faults;     /* heaps that came otherwise */
    uint64_t incomplete; /* heaps that were evicted or flushed incomplete, or too old for a chunk */
    uint64_t packets;    /* that the streams have counted, of all of them */
    uint64_t rejected;   /* packets that became part of no heap */
    uint64_t datagrams;  /* that the sources have counted */
    uint64_t drops;      /* kernel_drop_messages of all streams */
    uint64_t unused;     /* dropped_at_close of all streams */
    uint64_t busy;       /* streams that got any heaps */
    double wall_seconds;
    double cpu_seconds; /* of all threads but the sender's */
} shared_port_result;

/* False, with errno, if the system cannot do what is asked for. */
bool shared_port_run(const shared_port_plan *plan, shared_port_result *result);

/* Whether nothing was split, lost or counted wrongly. */
bool shared_port_is_right(const shared_port_result *result);

#endif
