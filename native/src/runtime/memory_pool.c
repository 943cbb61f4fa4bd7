/* SPDX-License-Identifier: MIT */
/*
 * The memory pool (spec section 7.4): an allocator like any other, but in this layer because it
 * uses a thread pool.
 */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/logger.h"
#include "base/process.h"
#include "base/sized.h"
#include "base/spinlock.h"
#include "memory/allocator.h"
#include "memory/system.h"
#include "runtime/thread_pool.h"

/* A block of the pool's size: the context of the block that users see, so that nothing need be
 * written into memory that may not even be memory of this processor. */
typedef struct pool_block {
    void *memory;
    void *context; /* what `source` wants back */
    struct pool_block *next;
} pool_block;

/* How much of a new block the background fills with pages at a time: about a millisecond's work, so
 * that the sources of the same thread get their slices. */
#define POPULATE_BYTES ((uint64_t)2 << 20)

/*
 * While `refilling`, the task is posted or runs and will look at the pool once more. It does not
 * hold the pool, only the source of its blocks: if the pool has ended before, all that is left for
 * the task is to free what it has in hand and this struct.
 */
typedef struct memory_pool {
    sp2_allocator base;
    uint64_t lower;
    uint64_t upper;
    uint64_t max_free;
    uint64_t initial;
    uint64_t low_water;
    sp2_allocator *source;        /* NULL: the operating system */
    sp2_thread_pool *thread_pool; /* or NULL */
    sp2__logger logger;
    atomic_bool warn_on_empty;
    sp2__task refill;
    sp2__event_loop *refill_loop;  /* where the task is posted, while `refilling` */
    pool_block *filling;           /* the task's: a new block whose pages come, or NULL */
    uint64_t filled;               /* bytes of that whose pages are in place */
    sp2_allocator *filling_source; /* held by the task while it has a block in hand */
    uint32_t process;              /* that made the pool; base/process.h */
    sp2__spinlock lock;
    /* Under the lock: */
    pool_block *free;            /* the block that was freed last comes first */
    sp2_memory_pool_stats stats; /* stats.free: blocks in that list */
    bool refilling;
    bool ended;
} memory_pool;

/* In a forked child an inherited pool goes on without the blocks that another thread was just
 * taking or returning, without refills, and in silence. */
static void lock_pool(memory_pool *pool) {
    if (sp2__spinlock_lock(&pool->lock)) {
        pool->free = NULL;
        pool->stats.free = 0;
    }
}

/* Memory of the operating system: all of a large block may be used, but no huge pages back it yet.
 */
static void *system_allocate(uint64_t size) {
    if (size > SIZE_MAX - SP2__HUGE_PAGE) {
        return NULL;
    }
    if (size < SP2__HUGE_PAGE) {
        return sp2__system_alloc((size_t)size);
    }
    void *memory = sp2__system_reserve((size_t)size);
    const size_t whole = (size_t)(size + SP2__HUGE_PAGE - 1) / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
    if (memory != NULL && !sp2__system_commit(memory, 0, whole)) {
        sp2__system_free(memory, (size_t)size);
        return NULL;
    }
    return memory;
}

static void *source_allocate(sp2_allocator *source, uint64_t size, void **context) {
    return source != NULL ? sp2__allocator_allocate(source, size, NULL, context)
                          : system_allocate(size);
}

static void source_free(sp2_allocator *source, void *memory, uint64_t size, void *context) {
    if (source != NULL) {
        sp2__allocator_free(source, memory, size, context);
    } else {
        sp2__system_free(memory, (size_t)size);
    }
}

static void source_back(sp2_allocator *source, void *memory, uint64_t size, uint64_t end,
                        void *context) {
    if (source == NULL) {
        sp2__system_back(memory, 0, (size_t)end);
    } else if (source->ops->back != NULL) {
        source->ops->back(source, memory, size, end, context);
    }
}

static void source_populate(sp2_allocator *source, void *memory, uint64_t size, uint64_t from,
                            uint64_t to, void *context) {
    if (source == NULL) {
        sp2__system_populate((uint8_t *)memory + from, (size_t)(to - from));
    } else if (source->ops->populate != NULL) {
        source->ops->populate(source, memory, size, from, to, context);
    }
}

static pool_block *make_block(sp2_allocator *source, uint64_t size) {
    pool_block *block = sp2__calloc_array(1, sizeof(*block));
    if (block == NULL) {
        return NULL;
    }
    block->memory = source_allocate(source, size, &block->context);
    if (block->memory == NULL) {
        sp2__free(block);
        return NULL;
    }
    return block;
}

/* A block that nobody waits for: all of it will be used, so it gets huge pages where there are any.
 */
static pool_block *make_spare_block(sp2_allocator *source, uint64_t size) {
    pool_block *block = make_block(source, size);
    if (block != NULL && size >= SP2__HUGE_PAGE) {
        source_back(source, block->memory, size, size / SP2__HUGE_PAGE * SP2__HUGE_PAGE,
                    block->context);
    }
    return block;
}

static void give_back(sp2_allocator *source, pool_block *block, uint64_t size) {
    source_free(source, block->memory, size, block->context);
    sp2__free(block);
}

/* Puts a block into the pool, unless there are too many. Under the lock. */
static bool keep(memory_pool *pool, pool_block *block) {
    if (pool->stats.free >= pool->max_free) {
        return false;
    }
    block->next = pool->free;
    pool->free = block;
    pool->stats.free++;
    return true;
}

/* Whether a refill is due, which the caller then has to post. Under the lock. */
static bool start_refill(memory_pool *pool) {
    if (pool->refilling || pool->stats.free >= pool->low_water ||
        sp2__is_inherited(pool->process)) {
        return false;
    }
    pool->refilling = true;
    return true;
}

static bool serves(const memory_pool *pool, uint64_t size) {
    return size >= pool->lower && size <= pool->upper;
}

static void *allocate_outside(memory_pool *pool, uint64_t size, void **block_context) {
    void *memory = source_allocate(pool->source, size, block_context);
    if (memory != NULL) {
        lock_pool(pool);
        pool->stats.outside++;
        sp2__spinlock_unlock(&pool->lock);
    }
    return memory;
}

static pool_block *allocate_at_once(memory_pool *pool, uint64_t size) {
    if (atomic_load_explicit(&pool->warn_on_empty, memory_order_relaxed) &&
        !sp2__is_inherited(pool->process)) {
        SP2__LOG(&pool->logger, SP2__MESSAGE_POOL_EMPTY, SP2_LOG_WARNING,
                 "the memory pool is empty: %" PRIu64
                 " bytes are wanted, and memory is allocated at once (more initial blocks, or a "
                 "higher low_water, avoid that)",
                 size);
    }
    pool_block *block = make_block(pool->source, pool->upper);
    if (block != NULL) {
        lock_pool(pool);
        pool->stats.misses++;
        pool->stats.in_use++;
        sp2__spinlock_unlock(&pool->lock);
    }
    return block;
}

static void *allocate(sp2_allocator *allocator, uint64_t size, const sp2_packet_header *packet,
                      void **block_context) {
    (void)packet; /* the block was made for no packet in particular */
    memory_pool *pool = (memory_pool *)allocator;
    if (!serves(pool, size)) {
        return allocate_outside(pool, size, block_context);
    }
    lock_pool(pool);
    pool_block *block = pool->free;
    if (block != NULL) {
        pool->free = block->next;
        pool->stats.free--;
        pool->stats.hits++;
        pool->stats.in_use++;
    }
    const bool refill = start_refill(pool);
    sp2__spinlock_unlock(&pool->lock);
    if (refill) {
        pool->refill_loop = sp2__thread_pool_idlest(pool->thread_pool);
        sp2__event_loop_post(pool->refill_loop, &pool->refill);
    }
    if (block == NULL) {
        block = allocate_at_once(pool, size);
    }
    *block_context = block;
    return block != NULL ? block->memory : NULL;
}

static void free_block(sp2_allocator *allocator, void *memory, uint64_t size, void *block_context) {
    memory_pool *pool = (memory_pool *)allocator;
    if (!serves(pool, size)) {
        source_free(pool->source, memory, size, block_context);
        return;
    }
    pool_block *block = block_context;
    lock_pool(pool);
    pool->stats.in_use--;
    const bool kept = keep(pool, block);
    sp2__spinlock_unlock(&pool->lock);
    if (!kept) {
        give_back(pool->source, block, pool->upper);
    }
}

/* Says that a block is to be made, of memory from *source, which then is held. Else the refill is
 * over, and nothing of the pool may be used any more. */
static bool refill_goes_on(memory_pool *pool, sp2_allocator **source) {
    lock_pool(pool);
    const bool ended = pool->ended;
    const bool goes_on = !ended && pool->stats.free < pool->initial;
    if (goes_on && pool->source != NULL) {
        sp2__allocator_retain(pool->source);
    }
    *source = goes_on ? pool->source : NULL;
    pool->refilling = goes_on;
    sp2__spinlock_unlock(&pool->lock);
    if (ended) {
        sp2__free(pool);
    }
    return goes_on;
}

/* Puts more pages of the block in hand in place; whether all of them are now. */
static bool fill_more(memory_pool *pool) {
    const uint64_t to = sp2__min_u64(pool->filled + POPULATE_BYTES, pool->upper);
    source_populate(pool->filling_source, pool->filling->memory, pool->upper, pool->filled, to,
                    pool->filling->context);
    pool->filled = to;
    return to == pool->upper;
}

static bool has_ended(memory_pool *pool) {
    lock_pool(pool);
    const bool ended = pool->ended;
    sp2__spinlock_unlock(&pool->lock);
    return ended;
}

/* Puts the block in hand, if there is one, into the pool, and says whether another one is due: else
 * the refill is over, and nothing of the pool may be used any more. */
static bool keep_filled(memory_pool *pool) {
    pool_block *block = pool->filling;
    sp2_allocator *source = pool->filling_source;
    const uint64_t size = pool->upper;
    pool->filling = NULL;
    pool->filling_source = NULL;
    lock_pool(pool);
    const bool ended = pool->ended;
    const bool kept = block != NULL && !ended && keep(pool, block);
    const bool again = kept && pool->stats.free < pool->initial;
    pool->stats.refilled += kept;
    pool->refilling = again;
    sp2__spinlock_unlock(&pool->lock);
    if (ended) {
        sp2__free(pool);
    }
    if (block != NULL && !kept) {
        give_back(source, block, size);
    }
    sp2__allocator_release(source);
    return again;
}

/* A slice of the work: a new block, or some pages of one. */
static void refill(sp2__task *task) {
    memory_pool *pool = SP2__CONTAINER(task, memory_pool, refill);
    if (pool->filling == NULL) {
        if (!refill_goes_on(pool, &pool->filling_source)) {
            return;
        }
        pool->filled = 0;
        pool->filling = make_spare_block(pool->filling_source, pool->upper);
    }
    if (pool->filling != NULL && !has_ended(pool) && !fill_more(pool)) {
        sp2__event_loop_post(pool->refill_loop, &pool->refill);
        return;
    }
    sp2__event_loop *loop = pool->refill_loop;
    if (keep_filled(pool)) {
        sp2__event_loop_post(loop, task);
    }
}

static void end(sp2_allocator *allocator) {
    memory_pool *pool = (memory_pool *)allocator;
    sp2_allocator *source = pool->source;
    sp2_thread_pool *thread_pool = pool->thread_pool;
    if (sp2__is_inherited(pool->process)) {
        if (thread_pool != NULL) {
            sp2__thread_pool_release(thread_pool);
        }
        return; /* the blocks stay where they are: they may be half on the list */
    }
    sp2__logger_destroy(&pool->logger);
    lock_pool(pool);
    pool->ended = true;
    pool_block *block = pool->free;
    const uint64_t size = pool->upper;
    const bool refilling = pool->refilling;
    sp2__spinlock_unlock(&pool->lock);
    if (!refilling) {
        sp2__free(pool);
    }
    while (block != NULL) {
        pool_block *next = block->next;
        give_back(source, block, size);
        block = next;
    }
    sp2__allocator_release(source);
    if (thread_pool != NULL) {
        sp2__thread_pool_release(thread_pool);
    }
}

static void back_block(sp2_allocator *allocator, void *memory, uint64_t size, uint64_t end,
                       void *block_context) {
    const memory_pool *pool = (const memory_pool *)allocator;
    if (serves(pool, size)) {
        const pool_block *block = block_context;
        source_back(pool->source, memory, pool->upper, end, block->context);
    } else {
        source_back(pool->source, memory, size, end, block_context);
    }
}

static void populate_block(sp2_allocator *allocator, void *memory, uint64_t size, uint64_t from,
                           uint64_t to, void *block_context) {
    const memory_pool *pool = (const memory_pool *)allocator;
    if (serves(pool, size)) {
        const pool_block *block = block_context;
        source_populate(pool->source, memory, pool->upper, from, to, block->context);
    } else {
        source_populate(pool->source, memory, size, from, to, block_context);
    }
}

static const sp2__allocator_ops ops = {allocate, free_block, back_block, populate_block, end};

static int32_t refuse(const char *field, uint64_t value, const char *rule, uint64_t limit) {
    return sp2__fail(SP2_E_ARG, 0,
                     "sp2_memory_pool_options.%s is %" PRIu64 ", but must be %s (%" PRIu64 ")",
                     field, value, rule, limit);
}

static int32_t check_values(const sp2_memory_pool_options *options) {
    const uint32_t unknown = options->flags & ~(uint32_t)SP2_MEMORY_POOL_NO_WARNING;
    if (unknown != 0) {
        return sp2__fail(
            SP2_E_TOO_NEW, 0,
            "sp2_memory_pool_options.flags has 0x%x, which this library does not know yet",
            (unsigned)unknown);
    }
    if (options->reserved != 0) {
        return refuse("reserved", options->reserved, "zero", 0);
    }
    if (options->log_level > SP2_LOG_NONE) {
        return refuse("log_level", options->log_level, "at most SP2_LOG_NONE", SP2_LOG_NONE);
    }
    if (options->upper == 0) {
        return refuse("upper", 0, "at least one byte", 1);
    }
    if (options->lower > options->upper) {
        return refuse("lower", options->lower, "at most upper", options->upper);
    }
    if (options->initial > options->max_free) {
        return refuse("initial", options->initial, "at most max_free", options->max_free);
    }
    if (options->low_water > options->initial) {
        return refuse("low_water", options->low_water, "at most initial", options->initial);
    }
    if (options->low_water != 0 && options->thread_pool == NULL) {
        return refuse("low_water", options->low_water, "zero without a thread_pool", 0);
    }
    return SP2_OK;
}

static memory_pool *create(const sp2_memory_pool_options *options) {
    memory_pool *pool = sp2__calloc_array(1, sizeof(*pool));
    if (pool == NULL) {
        return NULL;
    }
    sp2__allocator_init(&pool->base, &ops);
    pool->lower = options->lower;
    pool->upper = options->upper;
    pool->max_free = options->max_free;
    pool->initial = options->initial;
    pool->low_water = options->low_water;
    pool->refill.run = refill;
    pool->process = sp2__process();
    atomic_init(&pool->warn_on_empty, !(options->flags & SP2_MEMORY_POOL_NO_WARNING));
    sp2__logger_init(&pool->logger, options->log, options->log_context, options->log_level);
    if (options->base != NULL) {
        sp2__allocator_retain(options->base);
        pool->source = options->base;
    }
    if (options->thread_pool != NULL) {
        sp2__thread_pool_retain(options->thread_pool);
        pool->thread_pool = options->thread_pool;
    }
    return pool;
}

/* False if there is no memory for all of them. */
static bool make_initial_blocks(memory_pool *pool) {
    uint64_t bytes;
    if (!sp2__mul_u64(pool->initial, pool->upper, &bytes) || bytes > SIZE_MAX) {
        return false;
    }
    while (pool->stats.free < pool->initial) {
        pool_block *block = make_spare_block(pool->source, pool->upper);
        if (block == NULL) {
            return false;
        }
        source_populate(pool->source, block->memory, pool->upper, 0, pool->upper, block->context);
        keep(pool, block);
    }
    return true;
}

int32_t sp2_memory_pool_create(const sp2_memory_pool_options *caller, sp2_allocator **created) {
    if (created != NULL) {
        *created = NULL;
    }
    if (caller == NULL || created == NULL) {
        return sp2__fail_null("sp2_memory_pool_create", caller == NULL ? "options" : "pool");
    }
    sp2_memory_pool_options options;
    int32_t status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                     "sp2_memory_pool_options");
    if (status == SP2_OK) {
        status = check_values(&options);
    }
    if (status == SP2_OK && options.thread_pool != NULL) {
        status = sp2__thread_pool_check(options.thread_pool, "sp2_memory_pool_create");
    }
    if (status != SP2_OK) {
        return status;
    }
    memory_pool *pool = create(&options);
    if (pool == NULL) {
        return sp2__fail_memory("a memory pool");
    }
    if (!make_initial_blocks(pool)) {
        sp2__allocator_release(&pool->base);
        return sp2__fail(SP2_E_NOMEM, 0,
                         "not enough memory for a memory pool's %" PRIu64
                         " initial blocks of %" PRIu64 " bytes",
                         options.initial, options.upper);
    }
    *created = &pool->base;
    return SP2_OK;
}

/* The pool, or NULL and a failure of `function` if it is none. */
static memory_pool *pool_of(sp2_allocator *allocator, const char *function) {
    if (allocator == NULL) {
        sp2__fail_null(function, "pool");
        return NULL;
    }
    if (allocator->ops != &ops) {
        sp2__fail(SP2_E_ARG, 0, "%s: this allocator is not a memory pool", function);
        return NULL;
    }
    return (memory_pool *)allocator;
}

int32_t sp2_memory_pool_set_warn_on_empty(sp2_allocator *allocator, int32_t warn) {
    memory_pool *pool = pool_of(allocator, "sp2_memory_pool_set_warn_on_empty");
    if (pool == NULL) {
        return SP2_E_ARG;
    }
    atomic_store_explicit(&pool->warn_on_empty, warn != 0, memory_order_relaxed);
    return SP2_OK;
}

int32_t sp2_memory_pool_get_warn_on_empty(sp2_allocator *allocator, int32_t *warn) {
    if (warn == NULL) {
        return sp2__fail_null("sp2_memory_pool_get_warn_on_empty", "warn");
    }
    *warn = 0;
    memory_pool *pool = pool_of(allocator, "sp2_memory_pool_get_warn_on_empty");
    if (pool == NULL) {
        return SP2_E_ARG;
    }
    *warn = atomic_load_explicit(&pool->warn_on_empty, memory_order_relaxed);
    return SP2_OK;
}

int32_t sp2_memory_pool_get_stats(sp2_allocator *allocator, sp2_memory_pool_stats *stats) {
    memory_pool *pool = pool_of(allocator, "sp2_memory_pool_get_stats");
    if (pool == NULL) {
        return SP2_E_ARG;
    }
    if (stats == NULL) {
        return sp2__fail_null("sp2_memory_pool_get_stats", "stats");
    }
    lock_pool(pool);
    const sp2_memory_pool_stats now = pool->stats;
    sp2__spinlock_unlock(&pool->lock);
    return sp2__sized_write(stats, &now, sizeof(now), sizeof(now), "sp2_memory_pool_stats");
}
