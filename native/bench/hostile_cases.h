/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_BENCH_HOSTILE_CASES_H
#define SPEAD2CORE_BENCH_HOSTILE_CASES_H

#include <spead2core/spead2core.h>
#include <stdbool.h>
#include <stdint.h>

#include "packet_builder.h"

/* Where the payloads of a case live. */
typedef enum hostile_memory {
    HOSTILE_DEFAULT_MEMORY,
    HOSTILE_MMAP,     /* the mmap allocator */
    HOSTILE_MMAP_POOL /* a pool above it */
} hostile_memory;

/* One kind of traffic that tries to cost more than it brings. */
typedef struct hostile_case {
    const char *name;
    const char *what;
    void (*build)(datagram_list *packets);
    uint32_t memory_packets; /* of the first so many the memory is measured; 0: of all */
    uint64_t max_heaps;      /* 0: the default */
    uint32_t flags;          /* sp2_receive_flags */
    hostile_memory memory;
    bool heaps;      /* each packet starts one: held to ordinary packets that are heaps */
    bool lone_pages; /* its page faults need page tables of their own */
} hostile_case;

/* What a packet of the cases brings; all 0 for what is no packet. */
typedef struct hostile_packet {
    uint64_t cnt;
    uint64_t offset;
    uint64_t length;
    uint64_t pointers; /* beyond the four that each packet has */
} hostile_packet;

hostile_packet hostile_packet_read(const sp2_datagram *datagram);

extern const hostile_case hostile_cases[];
extern const uint32_t hostile_case_count;

#endif
