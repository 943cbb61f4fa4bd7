/* SPDX-License-Identifier: MIT */
/* What all allocators have in common, and those that are functions of the user. */
#include "memory/allocator.h"

#include <stddef.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/sized.h"

void sp2__allocator_init(sp2_allocator *allocator, const sp2__allocator_ops *ops) {
    allocator->ops = ops;
    atomic_init(&allocator->references, 1);
}

void sp2__allocator_retain(sp2_allocator *allocator) {
    atomic_fetch_add_explicit(&allocator->references, 1, memory_order_relaxed);
}

void sp2__allocator_release(sp2_allocator *allocator) {
    if (allocator != NULL &&
        atomic_fetch_sub_explicit(&allocator->references, 1, memory_order_acq_rel) == 1) {
        allocator->ops->end(allocator);
    }
}

void *sp2__allocator_allocate(sp2_allocator *allocator, uint64_t size,
                              const sp2_packet_header *packet, void **block_context) {
    *block_context = NULL;
    void *block = allocator->ops->allocate(allocator, size, packet, block_context);
    if (block != NULL) {
        sp2__allocator_retain(allocator);
    }
    return block;
}

void sp2__allocator_free(sp2_allocator *allocator, void *block, uint64_t size,
                         void *block_context) {
    allocator->ops->free(allocator, block, size, block_context);
    sp2__allocator_release(allocator);
}

void sp2_allocator_destroy(sp2_allocator *allocator) {
    sp2__allocator_release(allocator);
}

typedef struct user_allocator {
    sp2_allocator base;
    sp2_allocate_fn allocate;
    sp2_free_fn free;
    sp2_finish_fn finish;
    void *context;
} user_allocator;

static void *user_allocate(sp2_allocator *allocator, uint64_t size, const sp2_packet_header *packet,
                           void **block_context) {
    const user_allocator *user = (const user_allocator *)allocator;
    return user->allocate(user->context, size, packet, block_context);
}

static void user_free(sp2_allocator *allocator, void *block, uint64_t size, void *block_context) {
    const user_allocator *user = (const user_allocator *)allocator;
    user->free(user->context, block, size, block_context);
}

static void user_end(sp2_allocator *allocator) {
    const user_allocator user = *(const user_allocator *)allocator;
    sp2__free(allocator);
    if (user.finish != NULL) {
        user.finish(user.context);
    }
}

static const sp2__allocator_ops user_ops = {
    .allocate = user_allocate, .free = user_free, .end = user_end};

int32_t sp2_allocator_create(const sp2_allocator_options *caller, sp2_allocator **created) {
    if (created != NULL) {
        *created = NULL;
    }
    if (caller == NULL || created == NULL) {
        return sp2__fail_null("sp2_allocator_create", caller == NULL ? "options" : "allocator");
    }
    sp2_allocator_options options;
    const int32_t status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                           "sp2_allocator_options");
    if (status != SP2_OK) {
        return status;
    }
    if (options.flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_allocator_options.flags is 0x%x, but this library knows none",
                         (unsigned)options.flags);
    }
    if (options.allocate == NULL || options.free == NULL) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_allocator_options.%s must not be NULL",
                         options.allocate == NULL ? "allocate" : "free");
    }
    user_allocator *user = sp2__alloc(sizeof(*user));
    if (user == NULL) {
        return sp2__fail_memory("an allocator");
    }
    sp2__allocator_init(&user->base, &user_ops);
    user->allocate = options.allocate;
    user->free = options.free;
    user->finish = options.finish;
    user->context = options.context;
    *created = &user->base;
    return SP2_OK;
}
