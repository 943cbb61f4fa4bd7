/* SPDX-License-Identifier: MIT */
#include "memory/system.h"

#include <malloc.h>
#define WIN32_LEAN_AND_MEAN
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
