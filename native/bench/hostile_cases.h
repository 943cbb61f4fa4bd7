/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_BENCH_HOSTILE_CASES_H
#define SPEAD2CORE_BENCH_HOSTILE_CASES_H

#include <spead2core/spead2core.h>
#include <stdint.h>

#include "packet_builder.h"

/* Where the payloads of a case live. */
typedef enum hostile_memory {
    HOSTILE_DEFAULT_MEMORY,
    HOSTILE_MMAP,     /* the mmap allocator */
    HOSTILE_MMAP_POOL /* a pool of blocks of 1 MiB above it, which sends larger ones through */
} hostile_memory;

/* One kind of traffic that tries to cost more than it brings. */
typedef struct hostile_case {
    const char *name;
    const char *what;
    void (*build)(datagram_list *packets);
    uint64_t max_heaps; /* 0: the default */
    uint32_t flags;     /* sp2_receive_flags */
    hostile_memory memory;
} hostile_case;

extern const hostile_case hostile_cases[];
extern const uint32_t hostile_case_count;

#endif
