/* SPDX-License-Identifier: MIT */
#include "runtime/thread_pool.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/logger.h"
#include "base/process.h"
#include "base/sized.h"
#include "base/thread.h"
#include "memory/recycler.h"

/* A thread's name on Linux has 15 bytes and a zero; elsewhere it is the same, so that it can be
 * relied on. */
#define THREAD_NAME_SIZE 16

#define DEFAULT_NAME "spead2"

typedef struct pool_thread {
    sp2__event_loop *loop;
    uint32_t sources; /* under the pool's lock */
} pool_thread;

struct sp2_thread_pool {
    _Atomic uint32_t references;
    uint32_t process; /* that made the pool; base/process.h */
    uint32_t thread_count;
    uint32_t affinity_count;
    int32_t *affinity;
    char name[THREAD_NAME_SIZE]; /* of the threads, without their numbers */
    sp2__logger logger;
    sp2__mutex lock;
    pool_thread *threads;
};

/* The pool's name and the thread's number. A name that is too long for both is cut, but not within
 * a character of UTF-8. */
static void name_thread(const char *pool_name, uint32_t index) {
    char name[THREAD_NAME_SIZE];
    char number[12];
    const size_t digits = (size_t)snprintf(number, sizeof(number), "-%u", (unsigned)index);
    size_t length = strlen(pool_name);
    if (length > THREAD_NAME_SIZE - 1 - digits) {
        length = THREAD_NAME_SIZE - 1 - digits;
        while (length > 0 && ((unsigned char)pool_name[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    snprintf(name, sizeof(name), "%.*s%s", (int)length, pool_name, number);
    sp2__thread_name(name);
}

static void thread_started(void *context, uint32_t index) {
    sp2_thread_pool *pool = context;
    name_thread(pool->name, index);
    if (pool->affinity_count != 0) {
        const int32_t cpu = pool->affinity[index % pool->affinity_count];
        const int32_t error = sp2__thread_bind(cpu);
        if (error != 0) {
            char text[128];
            SP2__LOG(&pool->logger, SP2__MESSAGE_THREAD, SP2_LOG_WARNING,
                     "cannot bind thread %u to CPU %d: %s", (unsigned)index, (int)cpu,
                     sp2__os_error_text(error, text, sizeof(text)));
        }
    }
}

static void wait_failed(void *context, uint32_t index, int32_t error) {
    sp2_thread_pool *pool = context;
    char text[128];
    SP2__LOG(&pool->logger, SP2__MESSAGE_THREAD, SP2_LOG_WARNING,
             "thread %u cannot wait for its sockets: %s", (unsigned)index,
             sp2__os_error_text(error, text, sizeof(text)));
}

/* All that a forked child does with its copy of a pool, when anything releases it for the first
 * time: other references may never be released. */
static void close_copy(sp2_thread_pool *pool) {
    if (atomic_exchange(&pool->references, 0) == 0) {
        return;
    }
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        sp2__event_loop_close_copy(pool->threads[i].loop);
    }
    sp2__recycler_forget_user();
}

static void free_pool(sp2_thread_pool *pool) {
    for (uint32_t i = 0; pool->threads != NULL && i < pool->thread_count; i++) {
        sp2__event_loop_destroy(pool->threads[i].loop);
    }
    sp2__free(pool->threads);
    sp2__free(pool->affinity);
    sp2__logger_destroy(&pool->logger);
    sp2__mutex_destroy(&pool->lock);
    sp2__free(pool);
    sp2__recycler_remove_user();
}

static int32_t start_threads(sp2_thread_pool *pool, const sp2_thread_pool_options *options) {
    pool->threads = sp2__calloc_array(pool->thread_count, sizeof(*pool->threads));
    pool->affinity = sp2__calloc_array(pool->affinity_count, sizeof(*pool->affinity));
    if (pool->threads == NULL || pool->affinity == NULL) {
        return sp2__fail_memory("a thread pool");
    }
    if (pool->affinity_count != 0) {
        memcpy(pool->affinity, options->affinity, pool->affinity_count * sizeof(*pool->affinity));
    }
    sp2__event_loop_hooks hooks = {
        .started = thread_started,
        .idle_work_pending = sp2__recycler_idle_work_pending,
        .idle_work = sp2__recycler_idle_work,
        .wait_failed = wait_failed,
        .context = pool,
    };
    int32_t status = SP2_OK;
    for (uint32_t i = 0; i < pool->thread_count && status == SP2_OK; i++) {
        hooks.index = i;
        status = sp2__event_loop_create(&hooks, &pool->threads[i].loop);
    }
    return status;
}

static int32_t check_options(const sp2_thread_pool_options *caller,
                             sp2_thread_pool_options *options) {
    *options = (sp2_thread_pool_options){0};
    if (caller != NULL) {
        const int32_t status = sp2__sized_read(caller, options, sizeof(*options), sizeof(*options),
                                               "sp2_thread_pool_options");
        if (status != SP2_OK) {
            return status;
        }
    }
    if (options->flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_thread_pool_options.flags is 0x%x, but this library knows none",
                         (unsigned)options->flags);
    }
    if (options->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_thread_pool_options.reserved must be 0, not %u",
                         (unsigned)options->reserved);
    }
    if (options->threads > SP2_THREAD_POOL_MAX_THREADS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_thread_pool_options.threads is %u, but at most %d are allowed",
                         (unsigned)options->threads, SP2_THREAD_POOL_MAX_THREADS);
    }
    if (options->affinity_count != 0 && options->affinity == NULL) {
        return sp2__fail(
            SP2_E_ARG, 0,
            "sp2_thread_pool_options.affinity must not be NULL when affinity_count is %u",
            (unsigned)options->affinity_count);
    }
    if (options->log_level > SP2_LOG_NONE) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_thread_pool_options.log_level is %u, which is no sp2_log_level",
                         (unsigned)options->log_level);
    }
    if (options->threads == 0) {
        options->threads = 1;
    }
    return SP2_OK;
}

/* Keeps what a thread's name can have of it. */
static void set_name(sp2_thread_pool *pool, const char *name) {
    if (name == NULL || name[0] == '\0') {
        name = DEFAULT_NAME;
    }
    snprintf(pool->name, sizeof(pool->name), "%s", name);
}

int32_t sp2_thread_pool_create(const sp2_thread_pool_options *caller, sp2_thread_pool **created) {
    if (created == NULL) {
        return sp2__fail_null("sp2_thread_pool_create", "pool");
    }
    *created = NULL;
    sp2_thread_pool_options options;
    int32_t status = check_options(caller, &options);
    if (status != SP2_OK) {
        return status;
    }
    sp2_thread_pool *pool = sp2__calloc_array(1, sizeof(*pool));
    if (pool == NULL) {
        return sp2__fail_memory("a thread pool");
    }
    atomic_init(&pool->references, 1);
    pool->process = sp2__process();
    pool->thread_count = options.threads;
    pool->affinity_count = options.affinity_count;
    set_name(pool, options.name);
    sp2__logger_init(&pool->logger, options.log, options.log_context, options.log_level);
    sp2__mutex_init(&pool->lock);
    sp2__recycler_add_user();
    status = start_threads(pool, &options);
    if (status != SP2_OK) {
        free_pool(pool);
        return status;
    }
    *created = pool;
    return SP2_OK;
}

void sp2_thread_pool_destroy(sp2_thread_pool *pool) {
    if (pool != NULL) {
        sp2__thread_pool_release(pool);
    }
}

void sp2__thread_pool_retain(sp2_thread_pool *pool) {
    atomic_fetch_add(&pool->references, 1);
}

void sp2__thread_pool_release(sp2_thread_pool *pool) {
    if (sp2__is_inherited(pool->process)) {
        close_copy(pool);
    } else if (atomic_fetch_sub(&pool->references, 1) == 1) {
        free_pool(pool);
    }
}

int32_t sp2__thread_pool_get(sp2_thread_pool *wanted, sp2_log_fn log, void *log_context,
                             uint32_t log_level, sp2_thread_pool **pool) {
    *pool = wanted;
    if (wanted == NULL) {
        sp2_thread_pool_options own = SP2_THREAD_POOL_OPTIONS_INIT;
        own.log = log;
        own.log_context = log_context;
        own.log_level = log_level;
        return sp2_thread_pool_create(&own, pool);
    }
    sp2__thread_pool_retain(wanted);
    return SP2_OK;
}

int32_t sp2__thread_pool_check(const sp2_thread_pool *pool, const char *function) {
    return sp2__is_inherited(pool->process) ? sp2__fail_forked(function, "the thread pool")
                                            : SP2_OK;
}

/* The thread with the fewest sources. Under the lock. */
static uint32_t idlest(const sp2_thread_pool *pool) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < pool->thread_count; i++) {
        if (pool->threads[i].sources < pool->threads[best].sources) {
            best = i;
        }
    }
    return best;
}

sp2__event_loop *sp2__thread_pool_assign(sp2_thread_pool *pool, uint32_t *index) {
    sp2__mutex_lock(&pool->lock);
    const uint32_t best = idlest(pool);
    pool->threads[best].sources++;
    sp2__mutex_unlock(&pool->lock);
    *index = best;
    return pool->threads[best].loop;
}

void sp2__thread_pool_unassign(sp2_thread_pool *pool, uint32_t index) {
    sp2__mutex_lock(&pool->lock);
    pool->threads[index].sources--;
    sp2__mutex_unlock(&pool->lock);
}

sp2__event_loop *sp2__thread_pool_idlest(sp2_thread_pool *pool) {
    sp2__mutex_lock(&pool->lock);
    sp2__event_loop *loop = pool->threads[idlest(pool)].loop;
    sp2__mutex_unlock(&pool->lock);
    return loop;
}

int32_t sp2_thread_set_affinity(int32_t cpu) {
    if (cpu < 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_thread_set_affinity: cpu must not be negative, but is %d", (int)cpu);
    }
    const int32_t error = sp2__thread_bind(cpu);
    if (error != 0) {
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot bind the calling thread to CPU %d: %s", (int)cpu,
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    return SP2_OK;
}
