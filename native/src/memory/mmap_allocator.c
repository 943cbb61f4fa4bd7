/* SPDX-License-Identifier: MIT */
/* An allocator that maps every block. What it maps may be longer than what is asked for (huge
 * pages), so that the length to unmap is what it keeps as the block's context. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/sized.h"
#include "memory/allocator.h"
#include "memory/system.h"

typedef struct mmap_allocator {
    sp2_allocator base;
    bool prefer_huge;
    int32_t extra_flags;
} mmap_allocator;

static void *map_block(sp2_allocator *allocator, uint64_t size, const sp2_packet_header *packet,
                       void **block_context) {
    (void)packet;
    const mmap_allocator *self = (const mmap_allocator *)allocator;
    size_t mapped = 0;
    void *block = size > SIZE_MAX ? NULL
                                  : sp2__system_map((size_t)size, self->prefer_huge,
                                                    self->extra_flags, &mapped);
    *block_context = (void *)(uintptr_t)mapped;
    return block;
}

static void unmap_block(sp2_allocator *allocator, void *block, uint64_t size, void *block_context) {
    (void)allocator;
    (void)size;
    sp2__system_unmap(block, (size_t)(uintptr_t)block_context);
}

static void back_block(sp2_allocator *allocator, void *block, uint64_t size, uint64_t end,
                       void *block_context) {
    (void)size;
    (void)block_context;
    if (((const mmap_allocator *)allocator)->prefer_huge) {
        sp2__system_back(block, 0, (size_t)end);
    }
}

static void populate_block(sp2_allocator *allocator, void *block, uint64_t size, uint64_t from,
                           uint64_t to, void *block_context) {
    (void)allocator;
    (void)size;
    (void)block_context;
    sp2__system_populate((uint8_t *)block + from, (size_t)(to - from));
}

static void end(sp2_allocator *allocator) {
    sp2__free(allocator);
}

static const sp2__allocator_ops ops = {map_block, unmap_block, back_block, populate_block, end};

static int32_t read_options(const sp2_mmap_options *caller, sp2_mmap_options *options) {
    *options = (sp2_mmap_options){0};
    if (caller != NULL) {
        const int32_t status = sp2__sized_read(caller, options, sizeof(*options), sizeof(*options),
                                               "sp2_mmap_options");
        if (status != SP2_OK) {
            return status;
        }
    }
    const uint32_t unknown = options->flags & ~(uint32_t)SP2_MMAP_PREFER_HUGE;
    if (unknown != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_mmap_options.flags has 0x%x, which this library does not know yet",
                         (unsigned)unknown);
    }
    if (options->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_mmap_options.reserved must be 0, not %u",
                         (unsigned)options->reserved);
    }
    if (!sp2__system_map_allows(options->extra_flags)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_mmap_options.extra_flags is 0x%x, which asks for a fixed address or "
                         "shared memory; blocks are private and lie where there is room",
                         (unsigned)options->extra_flags);
    }
    return SP2_OK;
}

int32_t sp2_mmap_allocator_create(const sp2_mmap_options *caller, sp2_allocator **created) {
    if (created == NULL) {
        return sp2__fail_null("sp2_mmap_allocator_create", "allocator");
    }
    *created = NULL;
    sp2_mmap_options options;
    const int32_t status = read_options(caller, &options);
    if (status != SP2_OK) {
        return status;
    }
    mmap_allocator *self = sp2__alloc(sizeof(*self));
    if (self == NULL) {
        return sp2__fail_memory("an allocator");
    }
    sp2__allocator_init(&self->base, &ops);
    self->prefer_huge = options.flags & SP2_MMAP_PREFER_HUGE;
    self->extra_flags = options.extra_flags;
    *created = &self->base;
    return SP2_OK;
}
