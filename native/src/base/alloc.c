/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <malloc.h>
#endif

#include "base/compiler.h"

#if defined(SP2_TESTING)
atomic_long sp2__alloc_countdown = -1;

int sp2__alloc_should_fail(void) {
    if (atomic_load_explicit(&sp2__alloc_countdown, memory_order_relaxed) < 0) {
        return 0;
    }
    return atomic_fetch_sub(&sp2__alloc_countdown, 1) == 0;
}
#else
int sp2__alloc_should_fail(void) {
    return 0;
}
#endif

void *sp2__alloc(size_t size) {
    return sp2__alloc_should_fail() ? NULL : malloc(size == 0 ? 1 : size);
}

void *sp2__calloc_array(size_t count, size_t size) {
    return sp2__alloc_should_fail() ? NULL : calloc(count == 0 ? 1 : count, size);
}

void *sp2__realloc(void *block, size_t size) {
    return sp2__alloc_should_fail() ? NULL : realloc(block, size == 0 ? 1 : size);
}

void sp2__free(void *block) {
    free(block);
}

void *sp2__calloc_isolated(size_t size) {
    if (sp2__alloc_should_fail() || size > SIZE_MAX - SP2__CACHE_ISOLATION) {
        return NULL;
    }
    const size_t whole = (size + SP2__CACHE_ISOLATION - 1) / SP2__CACHE_ISOLATION;
#if defined(_WIN32)
    void *block = _aligned_malloc(whole * SP2__CACHE_ISOLATION, SP2__CACHE_ISOLATION);
#else
    void *block = aligned_alloc(SP2__CACHE_ISOLATION, whole * SP2__CACHE_ISOLATION);
#endif
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

void sp2__free_isolated(void *block) {
#if defined(_WIN32)
    _aligned_free(block);
#else
    free(block);
#endif
}
