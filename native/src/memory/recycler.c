/* SPDX-License-Identifier: MIT */
#include "memory/recycler.h"

#include <stdatomic.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/sized.h"
#include "base/spinlock.h"
#include "memory/system.h"
#include "spead2core/memory.h"

#if defined(SP2__ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#define HIDE(block, size) ASAN_POISON_MEMORY_REGION(block, size)
#define SHOW(block, size) ASAN_UNPOISON_MEMORY_REGION(block, size)
#else
#define HIDE(block, size) ((void)(block), (void)(size))
#define SHOW(block, size) ((void)(block), (void)(size))
#endif

/* Four size classes for each power of two: a block is at most a quarter larger than asked for. */
#define STEPS_LOG2 2
#define STEPS (1u << STEPS_LOG2)

/* The smallest class holds 2^8 bytes; no heap comes near the largest, 2^48. */
#define SMALLEST_LOG2 8
#define LARGEST_LOG2 48
#define CLASS_COUNT ((LARGEST_LOG2 - SMALLEST_LOG2) * STEPS + 1)

/*
 * Large blocks are counted together exactly; small ones only in their own class, because a counter
 * that all threads share would cost more than the rest.
 */
#define SMALL_CLASS_COUNT ((SP2__SMALL_BLOCK_LOG2 - SMALLEST_LOG2) * STEPS + 1)

/*
 * When a class of small blocks runs out, spare ones are obtained along with the one that is asked
 * for: with some to spare, the list of returned blocks, which costs a cache miss, is looked at more
 * rarely. Not so for larger blocks: the fewer there are, the more of them are still in the cache.
 */
#define SPARE_BYTES 32768
#define MOST_SPARE_BLOCKS 16

/* A heap's own record is the block that is written to most widely when it is taken into use. */
#define PREFETCHED_BYTES 512
#define CACHE_LINE 64

typedef struct free_block {
    struct free_block *next;
    /* As in sp2__block; of large blocks only. */
    uint64_t usable;
    uint64_t warm;
    uint64_t sparse;
} free_block;

/* What a block is at least real with once that has been written to it. */
#define PAGE_BYTES 4096

/*
 * A block that heaps of single packets have spread over is worth little more than its address
 * space: it is kept for the next such heap, which then costs no system call, as long as so many
 * bytes of it are real, and as long as so many blocks of less than half their size are kept.
 */
#define MOST_SPARSE_BYTES ((uint64_t)256 << 10)
#define MOST_COLD_BLOCKS 256

/*
 * A size class. Blocks are freed by any thread onto `returned` without a lock; an allocating thread
 * takes that list as a whole when its own, `ready`, is empty. `idle` holds what was unused at the
 * last look and is used last; what is still there at the next look is released.
 *
 * Receiving threads allocate and consumers free, on different processors: what each side changes
 * stands apart, and neither looks at the other's part more often than it must.
 */
typedef struct size_class {
    _Alignas(SP2__CACHE_ISOLATION) sp2__spinlock lock;
    uint64_t size;     /* bytes of a block */
    free_block *ready; /* under the lock, as is `idle` */
    free_block *idle;
    _Atomic uint64_t obtained; /* blocks from the operating system, now */
    _Atomic uint64_t taken;    /* blocks handed out, ever */
    _Atomic uint64_t hits;     /* of those, blocks that had been used before */
    _Alignas(SP2__CACHE_ISOLATION) _Atomic(free_block *) returned;
    _Atomic uint64_t given; /* blocks taken back, ever */
    _Atomic uint64_t
        given_taken; /* of those, when `returned` was taken last: changes under the lock */
} size_class;

/* Part of its share that a small class may keep on `returned` without counting its other lists. */
#define UNCOUNTED_SHARE 8

static size_class classes[CLASS_COUNT];
static sp2__spinlock classes_lock; /* while they are prepared */
static atomic_bool classes_ready;
static _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t large_cached_bytes; /* real ones */
static _Atomic uint64_t large_used_bytes;                                  /* usable ones */
static _Atomic uint64_t cold_blocks;                                       /* kept ones */
static _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t cache_limit = SP2_MEMORY_CACHE_LIMIT_DEFAULT;
static _Atomic uint64_t obtained_blocks; /* of all classes: changes only when the system is asked */
static _Atomic uint32_t users;
static _Atomic uint64_t next_look_ns;

/* Index of the smallest class that holds `size`; CLASS_COUNT or more if none does. */
static unsigned class_of(uint64_t size) {
    if (size <= (uint64_t)1 << SMALLEST_LOG2) {
        return 0;
    }
    const unsigned log2 = sp2__bit_width(size - 1) - 1;
    const unsigned step = (unsigned)((size - 1) >> (log2 - STEPS_LOG2)) & (STEPS - 1);
    return (log2 - SMALLEST_LOG2) * STEPS + step + 1;
}

static uint64_t class_size(unsigned index) {
    if (index == 0) {
        return (uint64_t)1 << SMALLEST_LOG2;
    }
    const unsigned log2 = SMALLEST_LOG2 + (index - 1) / STEPS;
    const uint64_t step = (index - 1) % STEPS + 1;
    return ((uint64_t)1 << log2) + (step << (log2 - STEPS_LOG2));
}

static void init_classes(void) {
    if (atomic_load_explicit(&classes_ready, memory_order_acquire)) {
        return;
    }
    sp2__spinlock_lock(&classes_lock);
    if (!atomic_load_explicit(&classes_ready, memory_order_relaxed)) {
        for (unsigned i = 0; i < CLASS_COUNT; i++) {
            classes[i].size = class_size(i);
        }
        atomic_store_explicit(&classes_ready, true, memory_order_release);
    }
    sp2__spinlock_unlock(&classes_lock);
}

static uint64_t read_counter(_Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_counter(_Atomic uint64_t *counter, uint64_t difference) {
    atomic_fetch_add_explicit(counter, difference, memory_order_relaxed);
}

/* Counters are read one after the other while others change them: never below zero. */
static uint64_t difference(uint64_t larger, uint64_t smaller) {
    return larger > smaller ? larger - smaller : 0;
}

static uint64_t used_blocks(size_class *class) {
    const uint64_t given = read_counter(&class->given);
    return difference(read_counter(&class->taken), given);
}

static uint64_t cached_blocks(size_class *class) {
    return difference(read_counter(&class->obtained), used_blocks(class));
}

static bool is_large(unsigned index) {
    return index >= SMALL_CLASS_COUNT;
}

/* Fetches the start of the block that will be handed out next from the processor that freed it. If
 * there is none this does nothing: a prefetch of no memory is none, and asking would cost more.
 * Only pointers must not be computed from NULL. */
static void prefetch_block(const free_block *block, uint64_t size) {
    for (uint64_t offset = 0; offset < PREFETCHED_BYTES && offset < size; offset += CACHE_LINE) {
        SP2__PREFETCH_WRITE((const void *)((uintptr_t)block + offset));
    }
}

/* What a fork left half changed is forgotten, with its blocks. */
static void lock_class(size_class *class) {
    if (sp2__spinlock_lock(&class->lock)) {
        class->ready = NULL;
        class->idle = NULL;
    }
}

/* The next block of the lists, or NULL. Under the lock. */
static free_block *pop_block(size_class *class) {
    if (class->ready == NULL &&
        atomic_load_explicit(&class->returned, memory_order_relaxed) != NULL) {
        /* Before, so that blocks which are freed meanwhile are rather counted twice than never. */
        const uint64_t given = read_counter(&class->given);
        class->ready = atomic_exchange_explicit(&class->returned, NULL, memory_order_acquire);
        atomic_store_explicit(&class->given_taken, given, memory_order_relaxed);
    }
    free_block **list = class->ready != NULL ? &class->ready : &class->idle;
    free_block *block = *list;
    if (block != NULL) {
        SHOW(block, sizeof(*block));
        *list = block->next;
        prefetch_block(block->next, class->size);
    }
    return block;
}

/* Adds one to a counter that only the holder of the class's lock changes. */
static void count_locked(_Atomic uint64_t *counter) {
    atomic_store_explicit(counter, read_counter(counter) + 1, memory_order_relaxed);
}

/* Whether the blocks of a class are reserved, and committed as they are needed. */
static bool is_reserved(unsigned index) {
    return class_size(index) >= SP2__HUGE_PAGE;
}

static free_block *obtain_block(size_class *class, unsigned index) {
    const size_t size = (size_t)class_size(index);
    free_block *block = is_reserved(index) ? sp2__system_reserve(size) : sp2__system_alloc(size);
    if (block != NULL) {
        add_counter(&obtained_blocks, 1);
        add_counter(&class->obtained, 1);
    }
    return block;
}

/* Whether one more small block may be kept on a list that has as many. */
static bool may_keep_small(size_class *class, unsigned index, uint64_t listed) {
    const uint64_t size = class_size(index);
    const uint64_t share = read_counter(&cache_limit) / 2 / SMALL_CLASS_COUNT;
    return atomic_load_explicit(&users, memory_order_relaxed) != 0 &&
           ((listed + 1) * size <= share / UNCOUNTED_SHARE ||
            (cached_blocks(class) + 1) * size <= share - share / UNCOUNTED_SHARE);
}

static uint64_t real_bytes(const free_block *block, uint64_t size) {
    return sp2__min_u64(sp2__max_u64(block->warm, PAGE_BYTES) + block->sparse, size);
}

static bool is_cold(const free_block *block, uint64_t size) {
    return real_bytes(block, size) < size / 2;
}

/* Adds to a counter unless that brings it over its limit. */
static bool add_within(_Atomic uint64_t *counter, uint64_t amount, uint64_t limit) {
    if (atomic_fetch_add_explicit(counter, amount, memory_order_relaxed) + amount <= limit) {
        return true;
    }
    atomic_fetch_sub_explicit(counter, amount, memory_order_relaxed);
    return false;
}

/* Whether a large block may be kept; counts it if so. */
static bool may_keep_large(const free_block *block, uint64_t size) {
    if (atomic_load_explicit(&users, memory_order_relaxed) == 0 ||
        block->sparse > sp2__max_u64(block->warm, MOST_SPARSE_BYTES)) {
        return false;
    }
    const bool cold = is_cold(block, size);
    if (cold && !add_within(&cold_blocks, 1, MOST_COLD_BLOCKS)) {
        return false;
    }
    if (add_within(&large_cached_bytes, real_bytes(block, size), read_counter(&cache_limit) / 2)) {
        return true;
    }
    if (cold) {
        atomic_fetch_sub_explicit(&cold_blocks, 1, memory_order_relaxed);
    }
    return false;
}

/* The opposite: a block that was kept is so no more. */
static void cancel_keep(unsigned index, const free_block *block) {
    if (!is_large(index)) {
        return;
    }
    const uint64_t size = class_size(index);
    atomic_fetch_sub_explicit(&large_cached_bytes, real_bytes(block, size), memory_order_relaxed);
    if (is_cold(block, size)) {
        atomic_fetch_sub_explicit(&cold_blocks, 1, memory_order_relaxed);
    }
}

/* Bytes of a free block that may be written to. */
static size_t usable_bytes(const free_block *block, unsigned index) {
    return (size_t)(is_large(index) ? block->usable : class_size(index));
}

/* Hides all of a free block but what says that it is free. */
static void hide_rest(const free_block *block, unsigned index) {
    HIDE((const char *)block + sizeof(*block), usable_bytes(block, index) - sizeof(*block));
}

static void show_rest(const free_block *block, unsigned index) {
    SHOW((const char *)block + sizeof(*block), usable_bytes(block, index) - sizeof(*block));
}

/* Obtains spare blocks, as far as they may be kept. Under the lock. */
static void obtain_spare(size_class *class, unsigned index) {
    const uint64_t most = sp2__min_u64(SPARE_BYTES / class_size(index), MOST_SPARE_BLOCKS);
    for (uint64_t i = 0; i < most && may_keep_small(class, index, i); i++) {
        free_block *block = obtain_block(class, index);
        if (block == NULL) {
            return;
        }
        block->next = class->ready;
        class->ready = block;
        hide_rest(block, index);
    }
}

/* A block of a class: one that was kept (*kept), or one of the system's. */
static free_block *take_block(unsigned index, bool *kept) {
    size_class *class = &classes[index];
    lock_class(class);
    free_block *block = pop_block(class);
    *kept = block != NULL;
    if (block != NULL) {
        count_locked(&class->hits);
        cancel_keep(index, block);
        show_rest(block, index);
    } else {
        block = obtain_block(class, index);
        if (block != NULL) {
            obtain_spare(class, index);
        }
    }
    if (block != NULL) {
        count_locked(&class->taken);
    }
    sp2__spinlock_unlock(&class->lock);
    return block;
}

/* The class for a size; CLASS_COUNT if there is none. */
static unsigned prepared_class_of(uint64_t size) {
    const unsigned index = class_of(size);
    if (index >= CLASS_COUNT || class_size(index) > SIZE_MAX - SP2__HUGE_PAGE) {
        return CLASS_COUNT;
    }
    init_classes();
    return index;
}

void *sp2__recycler_alloc(uint64_t size) {
    const unsigned index = prepared_class_of(size);
    bool kept;
    return index == CLASS_COUNT ? NULL : take_block(index, &kept);
}

static void give_back(size_class *class, unsigned index, void *block) {
    atomic_fetch_sub_explicit(&class->obtained, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&obtained_blocks, 1, memory_order_relaxed);
    sp2__system_free(block, (size_t)class_size(index));
}

static void give_back_list(size_class *class, unsigned index, free_block *block) {
    while (block != NULL) {
        show_rest(block, index);
        free_block *next = block->next;
        cancel_keep(index, block);
        give_back(class, index, block);
        block = next;
    }
}

/* Gives the idle blocks of a class back and makes all that are unused now the idle ones. */
static void age_class(unsigned index) {
    size_class *class = &classes[index];
    lock_class(class);
    free_block *old = class->idle;
    class->idle = NULL;
    free_block *block;
    free_block *aged = NULL;
    while ((block = pop_block(class)) != NULL) {
        block->next = aged;
        aged = block;
    }
    class->idle = aged;
    sp2__spinlock_unlock(&class->lock);
    give_back_list(class, index, old);
}

/* Puts a block that is to be kept on its class's list. */
static void put_block(unsigned index, free_block *block) {
    size_class *class = &classes[index];
    hide_rest(block, index);
    free_block *first = atomic_load_explicit(&class->returned, memory_order_relaxed);
    do {
        block->next = first;
    } while (!atomic_compare_exchange_weak_explicit(&class->returned, &first, block,
                                                    memory_order_seq_cst, memory_order_relaxed));
    /* The last user may have left, and released everything, just before the block was kept. */
    if (atomic_load(&users) == 0) {
        age_class(index);
        age_class(index);
    }
}

void sp2__recycler_free(void *memory, uint64_t size) {
    if (memory == NULL) {
        return;
    }
    const unsigned index = class_of(size);
    size_class *class = &classes[index];
    const uint64_t given = atomic_fetch_add_explicit(&class->given, 1, memory_order_relaxed);
    /* At most, as some have not been kept. */
    const uint64_t listed = difference(given, read_counter(&class->given_taken));
    if (may_keep_small(class, index, listed)) {
        put_block(index, memory);
    } else {
        give_back(class, index, memory);
    }
}

uint8_t *sp2__recycler_take_small(uint64_t size, uint64_t *taken) {
    const unsigned index = class_of(size);
    bool kept;
    init_classes();
    *taken = classes[index].size;
    return (uint8_t *)take_block(index, &kept);
}

bool sp2__recycler_take(uint64_t size, uint64_t usable, sp2__block *block) {
    const unsigned index = prepared_class_of(size);
    bool kept;
    free_block *taken = index == CLASS_COUNT ? NULL : take_block(index, &kept);
    if (taken == NULL) {
        return false;
    }
    *block = (sp2__block){.memory = (uint8_t *)taken, .size = classes[index].size};
    if (!is_large(index)) {
        block->usable = block->size;
        return true;
    }
    if (kept) {
        block->usable = taken->usable;
        block->warm = taken->warm;
        block->sparse = taken->sparse;
    } else if (!is_reserved(index)) {
        block->usable = block->size;
    }
    add_counter(&large_used_bytes, block->usable);
    if (!sp2__recycler_widen(block, usable)) {
        sp2__recycler_give(block);
        return false;
    }
    return true;
}

/* Up to whole huge pages. */
static uint64_t round_up(uint64_t size) {
    return (size + SP2__HUGE_PAGE - 1) / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
}

/* Makes a block usable up to whole huge pages. */
static bool commit_up_to(sp2__block *block, uint64_t end) {
    if (!sp2__system_commit(block->memory, (size_t)block->usable, (size_t)end)) {
        return false;
    }
    add_counter(&large_used_bytes, end - block->usable);
    block->usable = end;
    return true;
}

bool sp2__recycler_widen(sp2__block *block, uint64_t usable) {
    if (usable <= block->usable) {
        return true;
    }
    /* Twice of what there is, so that packets far apart do not each cost a system call. */
    const uint64_t least = round_up(usable);
    const uint64_t doubled = sp2__min_u64(2 * block->usable, round_up(block->size));
    return (doubled > least && commit_up_to(block, doubled)) || commit_up_to(block, least);
}

void sp2__recycler_back(sp2__block *block, uint64_t end) {
    const uint64_t from = block->warm / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
    const uint64_t to = sp2__min_u64(end, block->usable) / SP2__HUGE_PAGE * SP2__HUGE_PAGE;
    if (from < to) {
        sp2__system_back(block->memory, 0, (size_t)to);
        block->warm = to;
    }
}

void sp2__recycler_give(const sp2__block *block) {
    if (block->size <= SP2__SMALL_BLOCK) {
        sp2__recycler_free(block->memory, block->size);
        return;
    }
    const unsigned index = class_of(block->size);
    size_class *class = &classes[index];
    add_counter(&class->given, 1);
    add_counter(&large_used_bytes, 0 - block->usable);
    const free_block now = {.usable = block->usable, .warm = block->warm, .sparse = block->sparse};
    if (block->usable == 0 || !may_keep_large(&now, block->size)) {
        give_back(class, index, block->memory);
        return;
    }
    free_block *kept = (free_block *)(void *)block->memory;
    *kept = now;
    put_block(index, kept);
}

static void age_all(void) {
    init_classes();
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        if (read_counter(&classes[i].obtained) != 0) {
            age_class(i);
        }
    }
}

static void give_back_all(void) {
    age_all();
    age_all();
}

void sp2__recycler_add_user(void) {
    if (atomic_fetch_add(&users, 1) == 0) {
        atomic_store(&next_look_ns,
                     sp2__clock_ns() + (uint64_t)SP2_MEMORY_IDLE_SECONDS * SP2__NS_PER_SECOND);
    }
}

void sp2__recycler_remove_user(void) {
    if (atomic_fetch_sub(&users, 1) == 1) {
        give_back_all();
    }
}

void sp2__recycler_forget_user(void) {
    atomic_fetch_sub(&users, 1);
}

bool sp2__recycler_idle_work_pending(void) {
    return read_counter(&obtained_blocks) != 0;
}

void sp2__recycler_idle_work(void) {
    const uint64_t now = sp2__clock_ns();
    uint64_t due = atomic_load(&next_look_ns);
    if (now >= due &&
        atomic_compare_exchange_strong(
            &next_look_ns, &due, now + (uint64_t)SP2_MEMORY_IDLE_SECONDS * SP2__NS_PER_SECOND)) {
        age_all();
    }
}

int32_t sp2_memory_get_stats(sp2_memory_stats *stats) {
    if (stats == NULL) {
        return sp2__fail_null("sp2_memory_get_stats", "stats");
    }
    sp2_memory_stats now = {.cache_limit = read_counter(&cache_limit)};
    now.used_bytes = read_counter(&large_used_bytes);
    now.cached_bytes = read_counter(&large_cached_bytes);
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        const uint64_t taken = read_counter(&classes[i].taken);
        const uint64_t hits = read_counter(&classes[i].hits);
        if (!is_large(i)) {
            now.used_bytes += used_blocks(&classes[i]) * class_size(i);
            now.cached_bytes += cached_blocks(&classes[i]) * class_size(i);
        }
        now.hits += hits;
        now.misses += difference(taken, hits);
    }
    return sp2__sized_write(stats, &now, sizeof(now), sizeof(now), "sp2_memory_stats");
}

int32_t sp2_memory_set_cache_limit(uint64_t bytes) {
    atomic_store_explicit(&cache_limit, bytes, memory_order_relaxed);
    return SP2_OK;
}

int32_t sp2_memory_trim(void) {
    give_back_all();
    return SP2_OK;
}
