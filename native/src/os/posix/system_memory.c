/* SPDX-License-Identifier: MIT */
#include "memory/system.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"

/* Size of a transparent huge page. Blocks of at least this size are mapped at such a boundary, so
 * that the kernel can back them with huge pages: one page fault instead of 512. */
#define HUGE_PAGE_SIZE ((size_t)2 << 20)

/*
 * Blocks of at least this size are mapped each for itself, so that their memory is the system's
 * again when they are given back. malloc promises that for this size, too, but not for long: once
 * such a block has been freed it takes the next ones from its arenas, of which there are up to
 * eight for each processor, and which keep them.
 */
#define MAPPED_SIZE ((size_t)128 << 10)

/* Blocks of at least this size start at a page boundary: copying to them is up to a tenth faster.
 */
#define PAGE_ALIGNED_SIZE ((size_t)32 << 10)
#define PAGE_SIZE_ASSUMED 4096

/* `size` up to a multiple of `unit`; 0 if that is more than there can be. */
static size_t round_up(size_t size, size_t unit) {
    return size > SIZE_MAX - unit ? 0 : (size + unit - 1) / unit * unit;
}

/* Private anonymous memory. */
static void *map(size_t size, int flags) {
    void *start =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

/* A multiple of huge pages in size and place, which the kernel is asked to use there. */
static void *map_aligned(size_t size, int flags) {
    if (size > SIZE_MAX - HUGE_PAGE_SIZE) {
        return NULL;
    }
    uint8_t *start = map(size + HUGE_PAGE_SIZE, flags);
    if (start == NULL) {
        return NULL;
    }
    const size_t head = (HUGE_PAGE_SIZE - (uintptr_t)start % HUGE_PAGE_SIZE) % HUGE_PAGE_SIZE;
    if (head != 0) {
        munmap(start, head);
    }
    munmap(start + head + size, HUGE_PAGE_SIZE - head);
#if defined(MADV_HUGEPAGE)
    madvise(start + head, size, MADV_HUGEPAGE);
#endif
    return start + head;
}

void *sp2__system_alloc(size_t size) {
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    if (size >= HUGE_PAGE_SIZE) {
        const size_t mapped = round_up(size, HUGE_PAGE_SIZE);
        return mapped == 0 ? NULL : map_aligned(mapped, 0);
    }
    if (size >= MAPPED_SIZE) {
        return map(size, 0);
    }
    const size_t alignment = size >= PAGE_ALIGNED_SIZE ? PAGE_SIZE_ASSUMED : SP2__PAYLOAD_ALIGNMENT;
    return aligned_alloc(alignment, round_up(size, alignment));
}

void sp2__system_free(void *block, size_t size) {
    if (size >= HUGE_PAGE_SIZE) {
        munmap(block, round_up(size, HUGE_PAGE_SIZE));
    } else if (size >= MAPPED_SIZE) {
        munmap(block, size);
    } else {
        free(block);
    }
}

void sp2__system_touch(void *block, size_t size) {
    volatile uint8_t *bytes = block;
    for (size_t offset = 0; offset < size; offset += PAGE_SIZE_ASSUMED) {
        bytes[offset] = 0;
    }
}

#if defined(MAP_HUGETLB)
/* The size of huge pages that a mapping gets unless its flags name another. */
static size_t read_huge_page_size(void) {
    size_t kibibytes = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (file != NULL) {
        char line[128];
        while (kibibytes == 0 && fgets(line, sizeof(line), file) != NULL) {
            sscanf(line, "Hugepagesize: %zu kB", &kibibytes);
        }
        fclose(file);
    }
    return kibibytes != 0 ? kibibytes << 10 : HUGE_PAGE_SIZE;
}

static size_t default_huge_page_size(void) {
    static _Atomic size_t known;
    size_t size = atomic_load_explicit(&known, memory_order_relaxed);
    if (size == 0) {
        size = read_huge_page_size();
        atomic_store_explicit(&known, size, memory_order_relaxed);
    }
    return size;
}

/* The flags may have the logarithm of the size in their upper bits. */
static size_t huge_page_size(int flags) {
    const unsigned log2 = (unsigned)flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
    return log2 != 0 ? (size_t)1 << log2 : default_huge_page_size();
}

/* From the system's pool of huge pages. It unmaps whole pages only. Pages that are not reserved may
 * turn out not to be there when they are touched, which ends the process (SIGBUS). */
static void *map_from_pool(size_t size, int flags, size_t *mapped) {
    *mapped = round_up(size, huge_page_size(flags));
    return *mapped == 0 ? NULL
                        : map(*mapped, (flags & ~MAP_NORESERVE) | MAP_HUGETLB | MAP_POPULATE);
}
#endif

void *sp2__system_map(size_t size, bool prefer_huge, int32_t extra_flags, size_t *mapped) {
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
#if defined(MAP_HUGETLB)
    if (extra_flags & MAP_HUGETLB) {
        return map_from_pool(size, extra_flags, mapped);
    }
    if (prefer_huge) {
        void *block = map_from_pool(size, extra_flags, mapped);
        if (block != NULL) {
            return block;
        }
    }
#endif
    if (prefer_huge && size >= HUGE_PAGE_SIZE) {
        /* The pages may only come when the kernel has been told what pages are wanted. */
        *mapped = round_up(size, HUGE_PAGE_SIZE);
        void *block = *mapped == 0 ? NULL : map_aligned(*mapped, extra_flags);
        if (block != NULL) {
            sp2__system_touch(block, *mapped);
        }
        return block;
    }
    *mapped = round_up(size, PAGE_SIZE_ASSUMED);
#if defined(MAP_POPULATE)
    return *mapped == 0 ? NULL : map(*mapped, extra_flags | MAP_POPULATE);
#else
    void *block = *mapped == 0 ? NULL : map(*mapped, extra_flags);
    if (block != NULL) {
        sp2__system_touch(block, *mapped);
    }
    return block;
#endif
}

void sp2__system_unmap(void *block, size_t mapped) {
    munmap(block, mapped);
}

bool sp2__system_map_allows(int32_t extra_flags) {
    int refused = MAP_FIXED | MAP_SHARED;
#if defined(MAP_FIXED_NOREPLACE)
    refused |= MAP_FIXED_NOREPLACE;
#endif
    return (extra_flags & refused) == 0;
}
