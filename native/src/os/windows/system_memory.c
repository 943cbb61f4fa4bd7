/* SPDX-License-Identifier: MIT */
#include "memory/system.h"

#include <malloc.h>
#include <stdint.h>
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

void sp2__system_touch(void *block, size_t size) {
    enum { PAGE_SIZE_ASSUMED = 4096 };
    volatile uint8_t *bytes = block;
    for (size_t offset = 0; offset < size; offset += PAGE_SIZE_ASSUMED) {
        bytes[offset] = 0;
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
        if (block != NULL) {
            sp2__system_touch(block, size);
        }
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
