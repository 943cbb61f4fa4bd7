/* SPDX-License-Identifier: MIT */
/*
 * The number lies in a page that the kernel empties in every child that gets a copy of it, however
 * it was forked: fork, _Fork, clone. Kernels before 4.14 and emulators do not know how; there the
 * process id, which costs a system call each time, tells whether the process is still the same.
 */
#include "base/process.h"

#include <sys/mman.h>
#include <unistd.h>

/* In <linux/mman.h>, but not in the C library's headers of every age. */
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* Advice that no kernel knows: an emulator that takes it would take any. */
#define NO_ADVICE (-1)

/* Pages may be larger than this; the kernel rounds up. */
#define PAGE_SIZE_ASSUMED 4096

static const uint32_t no_number;
const uint32_t *sp2__process_number = &no_number;

static uint32_t last_number; /* that this process or an ancestor has had */
static uint64_t known;       /* without such a page: the process id, and its number above it */

/* Stands for the page where there is none. */
static uint32_t no_page;

static uint32_t *make_page(void) {
    void *page =
        mmap(NULL, PAGE_SIZE_ASSUMED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return &no_page;
    }
    if (madvise(page, PAGE_SIZE_ASSUMED, NO_ADVICE) == 0 ||
        madvise(page, PAGE_SIZE_ASSUMED, MADV_WIPEONFORK) != 0) {
        munmap(page, PAGE_SIZE_ASSUMED);
        return &no_page;
    }
    return page;
}

/* The page, which is made once: the first thread's. */
static uint32_t *find_page(void) {
    static uint32_t *made;
    uint32_t *page = __atomic_load_n(&made, __ATOMIC_ACQUIRE);
    if (page == NULL) {
        uint32_t *mine = make_page();
        if (__atomic_compare_exchange_n(&made, &page, mine, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            page = mine;
        } else if (mine != &no_page) {
            munmap(mine, PAGE_SIZE_ASSUMED);
        }
    }
    return page;
}

static uint32_t next_number(void) {
    return __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
}

static uint32_t find_by_id(void) {
    const uint32_t id = (uint32_t)getpid();
    uint64_t now = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if ((uint32_t)now != id) {
        const uint64_t wanted = (uint64_t)next_number() << 32 | id;
        if (__atomic_compare_exchange_n(&known, &now, wanted, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            now = wanted;
        }
    }
    return (uint32_t)(now >> 32);
}

uint32_t sp2__process_find(void) {
    uint32_t *page = find_page();
    if (page == &no_page) {
        return find_by_id();
    }
    uint32_t number = 0;
    const uint32_t wanted = next_number();
    if (__atomic_compare_exchange_n(page, &number, wanted, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
        number = wanted;
    }
    __atomic_store_n(&sp2__process_number, page, __ATOMIC_RELEASE);
    return number;
}
