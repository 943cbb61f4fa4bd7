/* SPDX-License-Identifier: MIT */
#include "memory/system.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"

/* Size of a transparent huge page. Blocks of at least this size are mapped at such a boundary, so
 * that the kernel can back them with huge pages: one page fault instead of 512. */
#define HUGE_PAGE_SIZE ((size_t)2 << 20)

/* Blocks of at least this size start at a page boundary: copying to them is up to a tenth faster.
 */
#define PAGE_ALIGNED_SIZE ((size_t)32 << 10)
#define PAGE_SIZE_ASSUMED 4096

static size_t mapped_size(size_t size) {
    return (size + HUGE_PAGE_SIZE - 1) / HUGE_PAGE_SIZE * HUGE_PAGE_SIZE;
}

static void *map_aligned(size_t size) {
    if (size > SIZE_MAX - 2 * HUGE_PAGE_SIZE) {
        return NULL;
    }
    const size_t kept = mapped_size(size);
    uint8_t *start = mmap(NULL, kept + HUGE_PAGE_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    const size_t head = (HUGE_PAGE_SIZE - (uintptr_t)start % HUGE_PAGE_SIZE) % HUGE_PAGE_SIZE;
    if (head != 0) {
        munmap(start, head);
    }
    if (head != HUGE_PAGE_SIZE) {
        munmap(start + head + kept, HUGE_PAGE_SIZE - head);
    }
#if defined(MADV_HUGEPAGE)
    madvise(start + head, kept, MADV_HUGEPAGE);
#endif
    return start + head;
}

void *sp2__system_alloc(size_t size) {
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    if (size >= HUGE_PAGE_SIZE) {
        return map_aligned(size);
    }
    return aligned_alloc(size >= PAGE_ALIGNED_SIZE ? PAGE_SIZE_ASSUMED : SP2__PAYLOAD_ALIGNMENT,
                         size);
}

void sp2__system_free(void *block, size_t size) {
    if (size >= HUGE_PAGE_SIZE) {
        munmap(block, mapped_size(size));
    } else {
        free(block);
    }
}
