/* SPDX-License-Identifier: MIT */
#include "memory/copy.h"

#include <stdatomic.h>

#include "base/checked.h"

#if defined(SP2__X86_64)
#if defined(__GNUC__)
#include <cpuid.h>
#endif
#include <emmintrin.h>
#endif

#define NEVER UINT64_MAX

/* The bit of a leaf's number that tells the processor's families of leaves apart. */
#define LEAF_FAMILY 0x80000000u

/* Short enough for C libraries not to copy it by one string instruction. */
#define STEP 1024

/* From this part of the last-level cache on, SP2_MEMCPY_AUTO copies past it. */
#define AUTO_CACHE_SHARE 4

size_t sp2__copy_kinds(sp2__copy_kind kinds[SP2__MOST_COPY_KINDS]) {
    size_t count = 0;
#if defined(SP2__X86_64)
    kinds[count++] = (sp2__copy_kind){"sse2", sp2__copy_lines_sse2};
    /* Not on Windows, where gcc may put wide registers on a stack that is not aligned for them (GCC
     * bug 54412). */
#if !defined(_WIN32)
    /* These questions ask the operating system, too: whether it saves the registers. */
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx")) {
        kinds[count++] = (sp2__copy_kind){"avx", sp2__copy_lines_avx};
    }
    /* VBMI2 came with Ice Lake, the first of Intel's processors that do not lower their clock for
     * instructions such as these; all of AMD's that have AVX-512 have it. */
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vbmi2")) {
        kinds[count++] = (sp2__copy_kind){"avx512", sp2__copy_lines_avx512};
    }
#endif
#elif defined(__aarch64__)
    kinds[count++] = (sp2__copy_kind){"neon", sp2__copy_lines_neon};
#else
    (void)kinds;
#endif
    return count;
}

void sp2__copy_nontemporal(sp2__copy_lines_fn lines, uint8_t *to, const uint8_t *from,
                           size_t length) {
    const size_t head = (0 - (uintptr_t)to) % SP2__COPY_LINE;
    if (length < head + SP2__COPY_LINE) {
        memcpy(to, from, length);
        return;
    }
    const size_t tail = (length - head) % SP2__COPY_LINE;
    if (head != 0) {
        memcpy(to, from, head);
    }
    lines(to + head, from + head, (length - head) / SP2__COPY_LINE);
    if (tail != 0) {
        memcpy(to + length - tail, from + length - tail, tail);
    }
}

void sp2__copy_by_way_of_cache(uint8_t *to, const uint8_t *from, size_t length) {
    uint8_t buffer[2 * SP2__COPY_PAGE];
    /* Half a page away from both, counted within a page. */
    uint8_t *between =
        buffer + ((uintptr_t)to + SP2__COPY_PAGE / 2 - (uintptr_t)buffer) % SP2__COPY_PAGE;
    while (length != 0) {
        const size_t step = length < STEP ? length : STEP;
        memcpy(between, from, step);
        memcpy(to, between, step);
        to += step;
        from += step;
        length -= step;
    }
}

void sp2__copy_fence(void) {
#if defined(SP2__X86_64)
    _mm_sfence();
#else
    atomic_thread_fence(memory_order_release);
#endif
}

void sp2__copier_init(sp2__copier *copier) {
    sp2__copy_kind kinds[SP2__MOST_COPY_KINDS];
    const size_t count = sp2__copy_kinds(kinds);
    *copier = (sp2__copier){.lines = count != 0 ? kinds[count - 1].lines : NULL};
    sp2__copier_set_method(copier, SP2_MEMCPY_DEFAULT);
}

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

/* Even with the smallest ring four heaps are under way at full rate: one under assembly, one that
 * waits for room, one in the ring, one in the consumer's hands. From a quarter of the cache on they
 * do not fit it: docs/tuning.md has the numbers. */
static uint64_t auto_from(void) {
    const uint64_t size = last_cache_size();
    return size != 0 ? size / AUTO_CACHE_SHARE : NEVER;
}

bool sp2__copier_set_method(sp2__copier *copier, int32_t method) {
    uint64_t from = NEVER;
    switch (method) {
    case SP2_MEMCPY_STD:
        break;
    case SP2_MEMCPY_NONTEMPORAL:
        from = 0;
        break;
    case SP2_MEMCPY_DEFAULT:
    case SP2_MEMCPY_AUTO:
        from = auto_from();
        break;
    default:
        return false;
    }
    copier->nontemporal_from = copier->lines != NULL ? from : NEVER;
    copier->function = NULL;
    copier->context = NULL;
    return true;
}
