/* SPDX-License-Identifier: MIT */
#ifndef SP2_MEMORY_COPY_H
#define SP2_MEMORY_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "memory/reuse.h"
#include "spead2core/receive.h"

/* Non-temporal stores write whole cache lines. */
#define SP2__COPY_LINE 64

/* Copies whole lines to an address that is a multiple of a line, by non-temporal stores and without
 * a fence. There is one such function, in a file of its own, for each instruction set. */
typedef void (*sp2__copy_lines_fn)(uint8_t *to, const uint8_t *from, size_t lines);

void sp2__copy_lines_sse2(uint8_t *to, const uint8_t *from, size_t lines);
void sp2__copy_lines_avx(uint8_t *to, const uint8_t *from, size_t lines);
void sp2__copy_lines_avx512(uint8_t *to, const uint8_t *from, size_t lines);
void sp2__copy_lines_neon(uint8_t *to, const uint8_t *from, size_t lines);

typedef struct sp2__copy_kind {
    const char *name;
    sp2__copy_lines_fn lines;
} sp2__copy_kind;

#define SP2__MOST_COPY_KINDS 3

/* Those that this processor and its operating system can use, the best last; returns how many. */
size_t sp2__copy_kinds(sp2__copy_kind kinds[SP2__MOST_COPY_KINDS]);

/* Copies `length` bytes, whole lines of the destination by `lines` and the rest as usual. */
void sp2__copy_nontemporal(sp2__copy_lines_fn lines, uint8_t *to, const uint8_t *from,
                           size_t length);

#define SP2__COPY_PAGE 4096

/* Copies to a small buffer first. */
SP2__COLD void sp2__copy_by_way_of_cache(uint8_t *to, const uint8_t *from, size_t length);

/*
 * memcpy, but for a case in which it takes 15 times as long (AMD EPYC 9004, glibc 2.36): C
 * libraries copy so many bytes by one string instruction, which stumbles where the source lies up
 * to 15 bytes before the destination, counted within a page of 4 KiB. The fields of a packet make
 * that a matter of its address, so it hits whole streams.
 */
SP2__INLINE void sp2__copy_plain(uint8_t *to, const uint8_t *from, size_t length) {
#if defined(SP2__X86_64)
    enum { STUMBLING_DISTANCES = 15, SHORTEST_BY_STRING = 2048 };
    const uintptr_t distance = ((uintptr_t)to - (uintptr_t)from - 1) % SP2__COPY_PAGE;
    if (SP2__UNLIKELY(distance < STUMBLING_DISTANCES && length >= SHORTEST_BY_STRING)) {
        sp2__copy_by_way_of_cache(to, from, length);
        return;
    }
#endif
    memcpy(to, from, length);
}

/* What this thread has copied so far is visible to threads that see what it stores from now on. */
void sp2__copy_fence(void);

/* How the payload of a heap is copied that begins in a block. */
typedef enum sp2__copy_choice {
    SP2__COPY_PLAIN,
    SP2__COPY_NONTEMPORAL,
    SP2__COPY_BY_REUSE, /* non-temporal if the block is out of the caches */
} sp2__copy_choice;

/*
 * How a stream copies packets into their heaps. Under the stream's lock, and `fence_due` is false
 * whenever that is released.
 */
typedef struct sp2__copier {
    sp2__copy_choice choice;
    bool fence_due; /* something was copied so that others may not see it yet */
    sp2__copy_lines_fn lines; /* NULL if this processor has none */
    sp2__reuse *reuse;        /* the stream's; NULL where it is not asked */
    sp2_copy_fn function;     /* the user's, or NULL */
    void *context;
} sp2__copier;

/* Prepares the default method. */
void sp2__copier_init(sp2__copier *copier, sp2__reuse *reuse);

/* Chooses an sp2_memcpy_method in place of whatever was chosen before, for what begins from now on;
 * false if it is none. */
bool sp2__copier_set_method(sp2__copier *copier, int32_t method);

/* Whether non-temporal stores are chosen for a block that is out of the caches, or not. */
SP2__INLINE bool sp2__copier_chooses(const sp2__copier *copier, bool is_far) {
    return copier->choice == SP2__COPY_NONTEMPORAL ||
           (copier->choice == SP2__COPY_BY_REUSE && is_far);
}

/* At most so many bytes will be copied to a block. True: by non-temporal stores. */
bool sp2__copier_take(sp2__copier *copier, const void *block, uint64_t size);

/* The same where it turns out that they are this many. */
bool sp2__copier_widen(const sp2__copier *copier, uint64_t size);

/* Copies a part of a block as it was said when that was taken. */
SP2__INLINE void sp2__copier_copy(sp2__copier *copier, bool nontemporal, uint8_t *to,
                                  const uint8_t *from, uint64_t length) {
    if (SP2__LIKELY(!nontemporal)) {
        sp2__copy_plain(to, from, (size_t)length);
    } else {
        copier->fence_due = true;
        sp2__copy_nontemporal(copier->lines, to, from, (size_t)length);
    }
}

/* To be called before memory that was copied to can be seen by another thread: a consumer, one that
 * gets the stream's lock, or one that is given the memory next. */
SP2__INLINE void sp2__copier_fence(sp2__copier *copier) {
    if (copier->fence_due) {
        copier->fence_due = false;
        sp2__copy_fence();
    }
}

#endif
