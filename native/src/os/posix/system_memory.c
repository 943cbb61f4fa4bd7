/* SPDX-License-Identifier: MIT */
#include "memory/system.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"

#if defined(__linux__) && !defined(MADV_POPULATE_WRITE)
#define MADV_POPULATE_WRITE 23 /* what the headers of kernels before 5.14 do not name */
#endif

/*
 * Blocks of at least this size are mapped each for itself, so that their memory is the system's
 * again when they are released. malloc does that for this size, too, but not for long: once
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
static void *map(size_t size, int protection, int flags) {
    void *start = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static bool is_aligned(const void *start) {
    return (uintptr_t)start % SP2__HUGE_PAGE == 0;
}

/* Whole huge pages in size and place. Newer kernels choose such a place by themselves. */
static void *map_aligned(size_t size, int protection, int flags) {
    const size_t rounded = round_up(size, SP2__HUGE_PAGE);
    if (rounded == 0 || rounded > SIZE_MAX - SP2__HUGE_PAGE) {
        return NULL;
    }
    uint8_t *start = map(rounded, protection, flags);
    if (start == NULL || is_aligned(start)) {
        return start;
    }
    munmap(start, rounded);
    start = map(rounded + SP2__HUGE_PAGE, protection, flags);
    if (start == NULL) {
        return NULL;
    }
    const size_t head = (0 - (uintptr_t)start) % SP2__HUGE_PAGE;
    if (head != 0) {
        munmap(start, head);
    }
    munmap(start + head + rounded, SP2__HUGE_PAGE - head);
    return start + head;
}

static void advise(void *start, size_t size, int advice) {
    /* What the kernel does not know it does not do. */
    (void)madvise(start, size, advice);
}

/* The kernel may be set to use huge pages without being asked. */
static void forbid_huge_pages(void *start, size_t size) {
#if defined(MADV_NOHUGEPAGE)
    advise(start, size, MADV_NOHUGEPAGE);
#endif
}

void *sp2__system_alloc(size_t size) {
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    if (size >= SP2__HUGE_PAGE) {
        void *block = map_aligned(size, PROT_READ | PROT_WRITE, 0);
        if (block != NULL) {
            sp2__system_back(block, 0, round_up(size, SP2__HUGE_PAGE));
        }
        return block;
    }
    if (size >= MAPPED_SIZE) {
        return map(size, PROT_READ | PROT_WRITE, 0);
    }
    const size_t alignment = size >= PAGE_ALIGNED_SIZE ? PAGE_SIZE_ASSUMED : SP2__PAYLOAD_ALIGNMENT;
    return aligned_alloc(alignment, round_up(size, alignment));
}

void sp2__system_free(void *block, size_t size) {
    if (size >= SP2__HUGE_PAGE) {
        munmap(block, round_up(size, SP2__HUGE_PAGE));
    } else if (size >= MAPPED_SIZE) {
        munmap(block, size);
    } else {
        free(block);
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
    if (sp2__alloc_should_fail()) {
        return NULL;
    }
    void *block = map_aligned(size, PROT_NONE, 0);
    if (block != NULL) {
        forbid_huge_pages(block, round_up(size, SP2__HUGE_PAGE));
    }
    return block;
}

bool sp2__system_commit(void *block, size_t from, size_t to) {
    return !sp2__alloc_should_fail() &&
           mprotect((uint8_t *)block + from, to - from, PROT_READ | PROT_WRITE) == 0;
}

void sp2__system_back(void *block, size_t from, size_t to) {
#if defined(MADV_HUGEPAGE)
    advise((uint8_t *)block + from, to - from, MADV_HUGEPAGE);
#endif
}

/* Page by page, by a write that changes nothing. */
static void touch(void *start, size_t size) {
    volatile uint8_t *bytes = start;
    for (size_t offset = 0; offset < size; offset += PAGE_SIZE_ASSUMED) {
        bytes[offset] = bytes[offset];
    }
}

void sp2__system_populate(void *start, size_t size) {
#if defined(MADV_POPULATE_WRITE)
    const size_t before = (uintptr_t)start % PAGE_SIZE_ASSUMED;
    if (madvise((uint8_t *)start - before, size + before, MADV_POPULATE_WRITE) == 0) {
        return;
    }
#endif
    touch(start, size);
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
    return kibibytes != 0 ? kibibytes << 10 : SP2__HUGE_PAGE;
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

/*
 * From the system's pool of huge pages, which unmaps whole pages only. They are reserved for this
 * mapping: pages that are not may turn out not to be there when they are touched, which ends the
 * process (SIGBUS).
 */
static void *map_from_pool(size_t size, int flags, size_t *mapped) {
    *mapped = round_up(size, huge_page_size(flags));
    return *mapped == 0
               ? NULL
               : map(*mapped, PROT_READ | PROT_WRITE, (flags & ~MAP_NORESERVE) | MAP_HUGETLB);
}
#endif

/* Pages that the flags ask for must not come before the kernel knows which ones are wanted. */
static void *map_large(size_t size, bool prefer_huge, int flags) {
    const size_t mapped = round_up(size, SP2__HUGE_PAGE);
    int populate = 0;
#if defined(MAP_POPULATE)
    populate = flags & MAP_POPULATE;
#endif
    void *block = map_aligned(size, PROT_READ | PROT_WRITE, flags & ~populate);
    if (block == NULL) {
        return NULL;
    }
    if (!populate) {
        forbid_huge_pages(block, mapped);
        return block;
    }
    if (prefer_huge) {
        sp2__system_back(block, 0, mapped);
    }
    sp2__system_populate(block, mapped);
    return block;
}

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
    if (size < SP2__HUGE_PAGE) {
        *mapped = round_up(size, PAGE_SIZE_ASSUMED);
        return *mapped == 0 ? NULL : map(*mapped, PROT_READ | PROT_WRITE, extra_flags);
    }
    *mapped = round_up(size, SP2__HUGE_PAGE);
    return map_large(size, prefer_huge, extra_flags);
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
