/* SPDX-License-Identifier: MIT */
#include "runtime/event_loop.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/thread.h"
#include "runtime/poller.h"

struct sp2__event_loop {
    sp2__event_loop_hooks hooks;
    sp2__thread thread;
    sp2__poller *poller;
    sp2__mutex lock;
    sp2__condition started;
    /* Under the lock: */
    sp2__task *first;
    sp2__task *last;
    bool running; /* the thread has started */
    bool asleep;
    bool ending;
    bool abandoned; /* nobody waits for the thread: it frees the loop itself */
    /* The thread's: */
    sp2__timer *timers; /* that are set, the earliest first */
};

/* While there is idle work the loop looks for it so often. */
#define IDLE_WORK_NS ((int64_t)SP2__NS_PER_SECOND)

/* After so long a socket is asked again whether it is writable where no event says so. */
#define WRITABLE_RETRY_NS SP2__NS_PER_MS

static sp2__task *take_posted(sp2__event_loop *loop) {
    sp2__mutex_lock(&loop->lock);
    sp2__task *tasks = loop->first;
    loop->first = NULL;
    loop->last = NULL;
    sp2__mutex_unlock(&loop->lock);
    return tasks;
}

static void run_posted(sp2__event_loop *loop) {
    sp2__task *task = take_posted(loop);
    while (task != NULL) {
        sp2__task *next = task->next;
        sp2__mutex_lock(&loop->lock);
        task->posted = false;
        sp2__mutex_unlock(&loop->lock);
        task->run(task);
        task = next;
    }
}

/* Nanoseconds until the first timer is due, at most `longest` (negative: without limit). */
static int64_t until_timer(const sp2__event_loop *loop, int64_t longest) {
    if (loop->timers == NULL) {
        return longest;
    }
    const uint64_t now = sp2__clock_ns();
    const uint64_t deadline = loop->timers->deadline_ns;
    const uint64_t left = deadline > now ? deadline - now : 0;
    return longest < 0 || left < (uint64_t)longest ? (int64_t)left : longest;
}

/* Nanoseconds that the loop may sleep; also notes that it is about to. */
static int64_t prepare_to_sleep(sp2__event_loop *loop) {
    int64_t timeout = 0;
    sp2__mutex_lock(&loop->lock);
    if (loop->first == NULL && !loop->ending) {
        loop->asleep = true;
        timeout = until_timer(loop, loop->hooks.idle_work_pending() ? IDLE_WORK_NS : -1);
    }
    sp2__mutex_unlock(&loop->lock);
    return timeout;
}

static void run_timers(sp2__event_loop *loop) {
    if (SP2__LIKELY(loop->timers == NULL)) {
        return;
    }
    const uint64_t now = sp2__clock_ns();
    while (loop->timers != NULL && loop->timers->deadline_ns <= now) {
        sp2__timer *timer = loop->timers;
        loop->timers = timer->next;
        timer->set = false;
        timer->task->run(timer->task);
    }
}

static bool wake_up(sp2__event_loop *loop) {
    sp2__mutex_lock(&loop->lock);
    loop->asleep = false;
    const bool go_on = !loop->ending || loop->first != NULL;
    sp2__mutex_unlock(&loop->lock);
    return go_on;
}

static void free_loop(sp2__event_loop *loop) {
    sp2__poller_destroy(loop->poller);
    sp2__condition_destroy(&loop->started);
    sp2__mutex_destroy(&loop->lock);
    sp2__free(loop);
}

static void loop_main(void *context) {
    sp2__event_loop *loop = context;
    sp2__mutex_lock(&loop->lock);
    loop->running = true;
    sp2__condition_broadcast(&loop->started);
    sp2__mutex_unlock(&loop->lock);
    loop->hooks.started(loop->hooks.context, loop->hooks.index);

    do {
        const int32_t error = sp2__poller_wait(loop->poller, prepare_to_sleep(loop));
        if (SP2__UNLIKELY(error != 0 && !loop->abandoned)) {
            loop->hooks.wait_failed(loop->hooks.context, loop->hooks.index, error);
            sp2__thread_nap();
        }
        run_timers(loop);
        run_posted(loop);
        if (loop->hooks.idle_work_pending()) {
            loop->hooks.idle_work();
        }
    } while (wake_up(loop));
    if (loop->abandoned) {
        free_loop(loop);
    }
}

int32_t sp2__event_loop_create(const sp2__event_loop_hooks *hooks, sp2__event_loop **created) {
    *created = NULL;
    sp2__event_loop *loop = sp2__calloc_array(1, sizeof(*loop));
    if (loop == NULL) {
        return sp2__fail_memory("an event loop");
    }
    loop->hooks = *hooks;
    sp2__mutex_init(&loop->lock);
    sp2__condition_init(&loop->started);
    const char *step = "wait for sockets";
    int32_t error = sp2__poller_create(&loop->poller);
    if (error == 0) {
        step = "start a thread";
        error = sp2__thread_start(&loop->thread, loop_main, loop);
    }
    if (error != 0) {
        char text[128];
        free_loop(loop);
        return sp2__fail(sp2__os_error_is_memory(error) ? SP2_E_NOMEM : SP2_E_OS, error,
                         "cannot %s: %s", step, sp2__os_error_text(error, text, sizeof(text)));
    }
    sp2__mutex_lock(&loop->lock);
    while (!loop->running) {
        sp2__condition_wait(&loop->started, &loop->lock);
    }
    sp2__mutex_unlock(&loop->lock);
    *created = loop;
    return SP2_OK;
}

void sp2__event_loop_destroy(sp2__event_loop *loop) {
    if (loop == NULL) {
        return;
    }
    const bool own_task = sp2__thread_is_current(loop->thread);
    sp2__mutex_lock(&loop->lock);
    loop->ending = true;
    loop->abandoned = own_task;
    sp2__mutex_unlock(&loop->lock);
    if (own_task) {
        sp2__thread_detach(loop->thread);
        return;
    }
    sp2__poller_wake(loop->poller);
    sp2__thread_join(loop->thread);
    free_loop(loop);
}

void sp2__event_loop_close_copy(sp2__event_loop *loop) {
    sp2__poller_close(loop->poller);
}

void sp2__event_loop_post(sp2__event_loop *loop, sp2__task *task) {
    bool asleep = false;
    sp2__mutex_lock(&loop->lock);
    if (!task->posted) {
        task->posted = true;
        task->next = NULL;
        if (loop->last != NULL) {
            loop->last->next = task;
        } else {
            loop->first = task;
        }
        loop->last = task;
        asleep = loop->asleep;
        loop->asleep = false;
    }
    sp2__mutex_unlock(&loop->lock);
    if (asleep) {
        sp2__poller_wake(loop->poller);
    }
}

typedef struct barrier_task {
    sp2__task task;
    sp2__mutex lock;
    sp2__condition passed_condition;
    bool passed;
} barrier_task;

static void pass_barrier(sp2__task *task) {
    barrier_task *barrier = SP2__CONTAINER(task, barrier_task, task);
    sp2__mutex_lock(&barrier->lock);
    barrier->passed = true;
    sp2__condition_broadcast(&barrier->passed_condition);
    sp2__mutex_unlock(&barrier->lock);
}

void sp2__event_loop_barrier(sp2__event_loop *loop) {
    barrier_task barrier = {.task.run = pass_barrier};
    sp2__mutex_init(&barrier.lock);
    sp2__condition_init(&barrier.passed_condition);
    sp2__event_loop_post(loop, &barrier.task);
    sp2__mutex_lock(&barrier.lock);
    while (!barrier.passed) {
        sp2__condition_wait(&barrier.passed_condition, &barrier.lock);
    }
    sp2__mutex_unlock(&barrier.lock);
    sp2__condition_destroy(&barrier.passed_condition);
    sp2__mutex_destroy(&barrier.lock);
}

int32_t sp2__event_loop_add(sp2__event_loop *loop, sp2__watch *watch, uint32_t interest) {
    return sp2__poller_add(loop->poller, watch, interest);
}

int32_t sp2__event_loop_change(sp2__event_loop *loop, sp2__watch *watch, uint32_t interest) {
    return sp2__poller_change(loop->poller, watch, interest);
}

void sp2__event_loop_remove(sp2__event_loop *loop, sp2__watch *watch) {
    sp2__poller_remove(loop->poller, watch);
}

int32_t sp2__event_loop_await_writable(sp2__event_loop *loop, sp2__watch *watch,
                                       sp2__timer *timer) {
    const int32_t error = sp2__poller_change(loop->poller, watch, SP2__WRITABLE | SP2__ONCE);
    if (error == ENOTSUP) {
        sp2__event_loop_set_timer(loop, timer, watch->task, sp2__clock_ns() + WRITABLE_RETRY_NS);
        return 0;
    }
    return error;
}

void sp2__event_loop_set_timer(sp2__event_loop *loop, sp2__timer *timer, sp2__task *task,
                               uint64_t deadline_ns) {
    sp2__event_loop_cancel_timer(loop, timer);
    *timer = (sp2__timer){.task = task, .deadline_ns = deadline_ns, .set = true};
    sp2__timer **place = &loop->timers;
    while (*place != NULL && (*place)->deadline_ns <= deadline_ns) {
        place = &(*place)->next;
    }
    timer->next = *place;
    *place = timer;
}

void sp2__event_loop_cancel_timer(sp2__event_loop *loop, sp2__timer *timer) {
    if (!timer->set) {
        return;
    }
    sp2__timer **place = &loop->timers;
    while (*place != timer) {
        place = &(*place)->next;
    }
    *place = timer->next;
    timer->set = false;
}

bool sp2__event_loop_is_current(const sp2__event_loop *loop) {
    return sp2__thread_is_current(loop->thread);
}
