/* SPDX-License-Identifier: MIT */
#include "memory/system.h"

#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <windows.h>

#include "base/alloc.h"

/* VirtualAlloc gives addresses in steps of 64 KiB; smaller blocks would waste most of it. */
#define MAPPED_SIZE ((size_t)1 << 20)

void *sp2__system_alloc(size_t size) {
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    if (size >= MAPPED_SIZE) {
        return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    }
    return _aligned_malloc(size, SP2__PAYLOAD_ALIGNMENT);
}

void sp2__system_free(void *block, size_t size) {
    if (size >= MAPPED_SIZE) {
        VirtualFree(block, 0, MEM_RELEASE);
    } else {
        _aligned_free(block);
    }
}

void *sp2__system_alloc_zeros(size_t size) {
    void *block = sp2__system_alloc(size);
    if (block != NULL && size < MAPPED_SIZE) {
        memset(block, 0, size); /* what is mapped is so already */
    }
    return block;
}

void *sp2__system_reserve(size_t size) {
    if (sp2__alloc_should_fail() || size > SIZE_MAX - SP2__HUGE_PAGE) {
        return NULL;
    }
    /* It is committed in such steps. */
    const size_t rounded = (size + SP2__HUGE_PAGE - 1) / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
    return VirtualAlloc(NULL, rounded, MEM_RESERVE, PAGE_READWRITE);
}

bool sp2__system_commit(void *block, size_t from, size_t to) {
    return !sp2__alloc_should_fail() &&
           VirtualAlloc((uint8_t *)block + from, to - from, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

void sp2__system_back(void *block, size_t from, size_t to) {
    (void)block; /* there are no large pages that come by themselves */
    (void)from;
    (void)to;
}

void sp2__system_populate(void *start, size_t size) {
    enum { PAGE_SIZE_ASSUMED = 4096 };
    volatile uint8_t *bytes = start;
    for (size_t offset = 0; offset < size; offset += PAGE_SIZE_ASSUMED) {
        bytes[offset] = bytes[offset];
    }
}

/* Large pages are there for processes with the right to lock pages in memory. */
static void *map_large(size_t size, DWORD flags) {
    const size_t page = GetLargePageMinimum();
    if (page == 0 || size > SIZE_MAX - page) {
        return NULL;
    }
    return VirtualAlloc(NULL, (size + page - 1) / page * page, flags | MEM_LARGE_PAGES,
                        PAGE_READWRITE);
}

void *sp2__system_map(size_t size, bool prefer_huge, int32_t extra_flags, size_t *mapped) {
    const DWORD flags = MEM_RESERVE | MEM_COMMIT | (DWORD)extra_flags;
    *mapped = size;
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    void *block = prefer_huge ? map_large(size, flags) : NULL;
    if (block == NULL) {
        block = VirtualAlloc(NULL, size, flags, PAGE_READWRITE);
    }
    return block;
}

void sp2__system_unmap(void *block, size_t mapped) {
    (void)mapped; /* the system knows it */
    VirtualFree(block, 0, MEM_RELEASE);
}

bool sp2__system_map_allows(int32_t extra_flags) {
    (void)extra_flags; /* there is none that shares memory, and no address is asked for */
    return true;
}
