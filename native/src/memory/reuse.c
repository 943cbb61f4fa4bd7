/* SPDX-License-Identifier: MIT */
#include "memory/reuse.h"

#include <stdatomic.h>

#include "base/checked.h"
#include "base/compiler.h"

#if defined(SP2__X86_64) && defined(__GNUC__)
#include <cpuid.h>
#elif defined(SP2__X86_64)
#include <intrin.h>
#endif

/* The bit of a leaf's number that tells the processor's families of leaves apart. */
#define LEAF_FAMILY 0x80000000u

/* Of the last-level cache a stream has this part to itself at best. */
#define CACHE_SHARE 2

/* Streams tell each other how much they have written in steps of this many bytes, so that they do
 * not contend for the sum. */
#define COUNTED_STEP (SP2__REUSE_MOST_CACHED / 64)

/* Blocks are often a fixed distance apart, for which one multiplication may give few places. */
#define HASH_MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

static _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t all_written; /* by all streams */

#if defined(SP2__X86_64)
/* Answer of the processor about a leaf and a subleaf; all zeros for a leaf that it has not. */
typedef struct cpu_answer {
    unsigned a;
    unsigned b;
    unsigned c;
    unsigned d;
} cpu_answer;

static cpu_answer ask_cpu(unsigned leaf, unsigned subleaf) {
    cpu_answer answer = {0, 0, 0, 0};
#if defined(__GNUC__)
    if (!__get_cpuid_count(leaf, subleaf, &answer.a, &answer.b, &answer.c, &answer.d)) {
        answer = (cpu_answer){0, 0, 0, 0};
    }
#else
    int registers[4];
    __cpuid(registers, (int)(leaf & LEAF_FAMILY));
    if ((unsigned)registers[0] >= leaf) {
        __cpuidex(registers, (int)leaf, (int)subleaf);
        answer = (cpu_answer){(unsigned)registers[0], (unsigned)registers[1],
                              (unsigned)registers[2], (unsigned)registers[3]};
    }
#endif
    return answer;
}
#endif

/* Bytes of the last-level cache, or 0 if the processor does not say. */
static uint64_t read_last_cache_size(void) {
    uint64_t size = 0;
#if defined(SP2__X86_64)
    /* Intel's and AMD's leaf of the same form: a cache for each subleaf, up to one of type 0. */
    static const unsigned leaves[] = {0x4, 0x8000001d};
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]) && size == 0; i++) {
        cpu_answer cache;
        for (unsigned k = 0; (cache = ask_cpu(leaves[i], k)).a & 0x1f; k++) {
            const uint64_t ways = (cache.b >> 22) + 1;
            const uint64_t partitions = (cache.b >> 12 & 0x3ff) + 1;
            const uint64_t line = (cache.b & 0xfff) + 1;
            size = sp2__max_u64(size, ways * partitions * line * ((uint64_t)cache.c + 1));
        }
    }
#endif
    return size;
}

/* A virtual machine takes a tenth of a millisecond to answer, and each stream asks. */
static uint64_t last_cache_size(void) {
    static _Atomic uint64_t known = UINT64_MAX;
    uint64_t size = atomic_load_explicit(&known, memory_order_relaxed);
    if (size == UINT64_MAX) {
        size = read_last_cache_size();
        atomic_store_explicit(&known, size, memory_order_relaxed);
    }
    return size;
}

uint64_t sp2__reuse_far(void) {
    const uint64_t size = last_cache_size();
    return size != 0 ? sp2__min_u64(size / CACHE_SHARE, SP2__REUSE_MOST_CACHED) : UINT64_MAX;
}

static sp2__reuse_entry *entry_of(sp2__reuse *reuse, const void *block) {
    const uint64_t once = (uint64_t)(uintptr_t)block * HASH_MULTIPLIER;
    const uint64_t hash = (once ^ once >> 32) * HASH_MULTIPLIER;
    return &reuse->entries[(hash >> 32) % SP2__REUSE_ENTRIES];
}

void sp2__reuse_add(sp2__reuse *reuse, uint64_t bytes) {
    reuse->uncounted += bytes;
    if (reuse->uncounted >= COUNTED_STEP) {
        atomic_fetch_add_explicit(&all_written, reuse->uncounted, memory_order_relaxed);
        reuse->uncounted = 0;
    }
}

/* An entry that is some other block's, and not old, tells nothing of this one, which then is taken
 * to be as the one before. */
bool sp2__reuse_take(sp2__reuse *reuse, const void *block) {
    const uint64_t far = sp2__reuse_far();
    const uint64_t now =
        atomic_load_explicit(&all_written, memory_order_relaxed) + reuse->uncounted;
    sp2__reuse_entry *entry = entry_of(reuse, block);
    const bool is_old = now - entry->written > far;
    if (entry->block == block || is_old) {
        reuse->is_far = is_old;
    }
    *entry = (sp2__reuse_entry){block, now};
    return reuse->is_far;
}
