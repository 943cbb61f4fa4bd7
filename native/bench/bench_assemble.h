/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_BENCH_ASSEMBLE_H
#define SPEAD2CORE_BENCH_ASSEMBLE_H

#include <spead2core/spead2core.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the two parts of bench_assemble share. */

enum { SOURCE_HEAPS = 2, POP_BATCH = 16, MAX_REPEATS = 1000, NO_CPU = -1 };

typedef struct bench_settings {
    uint64_t heap;    /* 0: the usual ones */
    uint64_t payload; /* 0: the usual ones */
    uint32_t repeats; /* 0: the usual number */
    double seconds;   /* per shape; 0: `repeats` counts */
    int32_t consumer_cpu;
    int32_t worker_cpu;
    bool poll;
    bool unsized;        /* no packet says how long its heap is */
    bool repeat_items;   /* each packet has the items, not only the first of a heap */
    bool shuffled;       /* the packets of a heap come in any order */
    bool gap;            /* the second packet of a heap comes last */
    bool pool;           /* also with an explicit memory pool */
    bool account;        /* also with everything that a stream can count of loss */
    bool consume;        /* the consumer reads every byte */
    uint64_t rotate;     /* bytes of heaps that the consumer keeps */
    uint64_t ring_heaps; /* 0: the default */
    bool json;
} bench_settings;

_Noreturn void stop_with(const char *what, const char *why);
/* Stops unless a call of the library has succeeded. */
void check(int32_t status, const char *what);
/* Memory that has been written to. */
void *allocate(size_t bytes);
double now_ns(void);
/* Binds this thread, unless it is NO_CPU. */
void run_on(int32_t cpu);
/* Sorts the values, too. */
double median_of(double *values, uint32_t count);
sp2_thread_pool *new_pool(const bench_settings *settings);

/* bench_copy.c: compares the copy methods. */
void compare_copies(const bench_settings *settings);

#endif
