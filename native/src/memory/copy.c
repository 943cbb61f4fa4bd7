/* SPDX-License-Identifier: MIT */
#include "memory/copy.h"

#include <stdatomic.h>

#include "base/checked.h"

#if defined(SP2__X86_64)
#include <emmintrin.h>
#endif

/* Short enough for C libraries not to copy it by one string instruction. */
#define STEP 1024

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

void sp2__copier_init(sp2__copier *copier, sp2__reuse *reuse) {
    sp2__copy_kind kinds[SP2__MOST_COPY_KINDS];
    const size_t count = sp2__copy_kinds(kinds);
    *copier = (sp2__copier){
        .reuse = reuse,
        .lines = count != 0 ? kinds[count - 1].lines : NULL,
    };
    sp2__copier_set_method(copier, SP2_MEMCPY_DEFAULT);
}

bool sp2__copier_set_method(sp2__copier *copier, int32_t method) {
    static const sp2__copy_choice choices[] = {
        [SP2_MEMCPY_DEFAULT] = SP2__COPY_BY_REUSE,
        [SP2_MEMCPY_STD] = SP2__COPY_PLAIN,
        [SP2_MEMCPY_NONTEMPORAL] = SP2__COPY_NONTEMPORAL,
        [SP2_MEMCPY_AUTO] = SP2__COPY_BY_REUSE,
    };
    if (method < 0 || (size_t)method >= sizeof(choices) / sizeof(choices[0])) {
        return false;
    }
    copier->choice = copier->lines != NULL ? choices[method] : SP2__COPY_PLAIN;
    copier->function = NULL;
    copier->context = NULL;
    return true;
}

bool sp2__copier_take(sp2__copier *copier, const void *block, uint64_t size) {
    const bool is_far = copier->choice == SP2__COPY_BY_REUSE && size >= SP2__REUSE_LEAST &&
                        sp2__reuse_take(copier->reuse, block);
    return sp2__copier_chooses(copier, is_far || size > sp2__reuse_far());
}

bool sp2__copier_widen(const sp2__copier *copier, uint64_t size) {
    return sp2__copier_chooses(copier, size > sp2__reuse_far());
}
