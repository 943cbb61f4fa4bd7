/* SPDX-License-Identifier: MIT */
/* Instead of an operating system: threads, locks, sockets and time of the scheduler. */
#include "schedule/platform.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/spinlock.h"
#include "runtime/poller.h"
#include "runtime/signal.h"
#include "schedule/scheduler.h"
#include "spead2core/status.h"
#include "transport/udp_group.h"
#include "transport/udp_socket.h"

enum { SIGNALS = 4, SOCKETS = 4, DATAGRAMS = 64, FUTEXES = 8, FIRST_PORT = 5000 };

static uint64_t now_ns;

uint64_t sp2__clock_ns(void) {
    return ++now_ns;
}

/* ---- processes: there is one ---- */

static const uint32_t only_process = 1;
const uint32_t *sp2__process_number = &only_process;

uint32_t sp2__process_find(void) {
    return only_process;
}

/* The same in every run. */
static uint64_t random_numbers;

bool sp2__random_u64(uint64_t *number) {
    *number = ++random_numbers;
    return true;
}

/* ---- threads ---- */

/* Lies where the system's mutex, or the core's spinlock, would. */
typedef struct lock_state {
    bool held;
} lock_state;

_Static_assert(sizeof(lock_state) <= sizeof(sp2__mutex), "a lock has the place of a mutex");
_Static_assert(sizeof(lock_state) <= sizeof(sp2__spinlock), "a lock has the place of a spinlock");

static bool is_free(void *lock) {
    return !((const lock_state *)lock)->held;
}

void sp2__mutex_init(sp2__mutex *mutex) {
    memset(mutex, 0, sizeof(*mutex));
}

void sp2__mutex_destroy(sp2__mutex *mutex) {
    schedule_check(is_free(mutex), "a lock that is held is destroyed");
}

bool schedule_lock(schedule_place *place, void *lock);
void schedule_unlock(schedule_place *place, void *lock);

/* Says that it was not taken over from another process. */
bool schedule_lock(schedule_place *place, void *lock) {
    schedule_locked(place);
    if (!schedule_leaves_out(place, MUTATE_LOCK)) {
        schedule_wait(is_free, lock, false);
        ((lock_state *)lock)->held = true;
    }
    return false;
}

void schedule_unlock(schedule_place *place, void *lock) {
    const bool held = false;
    if (!schedule_leaves_out(place, MUTATE_LOCK)) {
        schedule_store_in_order(&((lock_state *)lock)->held, &held, sizeof(held));
    }
}

typedef struct condition_state {
    uint32_t broadcasts;
} condition_state;

void sp2__condition_init(sp2__condition *condition) {
    memset(condition, 0, sizeof(*condition));
}

void sp2__condition_destroy(sp2__condition *condition) {
    (void)condition;
}

typedef struct broadcast_wait {
    const condition_state *state;
    uint32_t broadcasts;
} broadcast_wait;

static bool was_broadcast(void *argument) {
    const broadcast_wait *wait = argument;
    return wait->state->broadcasts != wait->broadcasts;
}

void sp2__condition_wait(sp2__condition *condition, sp2__mutex *mutex) {
    const condition_state *state = (const condition_state *)(const void *)condition;
    broadcast_wait wait = {state, state->broadcasts};
    schedule_flush();
    ((lock_state *)(void *)mutex)->held = false;
    schedule_wait(was_broadcast, &wait, false);
    schedule_wait(is_free, mutex, false);
    ((lock_state *)(void *)mutex)->held = true;
}

void sp2__condition_broadcast(sp2__condition *condition) {
    ((condition_state *)(void *)condition)->broadcasts++;
}

int32_t sp2__thread_start(sp2__thread *thread, void (*run)(void *), void *argument) {
    *thread = schedule_new_thread(run, argument);
    return 0;
}

static bool has_finished(void *thread) {
    return schedule_is_finished(*(const uint32_t *)thread);
}

void sp2__thread_join(sp2__thread thread) {
    uint32_t number = (uint32_t)thread;
    schedule_wait(has_finished, &number, false);
}

bool sp2__thread_is_current(sp2__thread thread) {
    return thread == schedule_current();
}

void sp2__thread_detach(sp2__thread thread) {
    (void)thread;
}

int32_t sp2__thread_bind(int32_t cpu) {
    (void)cpu;
    return 0;
}

void sp2__thread_name(const char *name) {
    (void)name;
}

void sp2__thread_yield(void) {
    schedule_yield();
}

void sp2__thread_nap(void) {
    schedule_yield();
}

bool sp2__many_cpus(void) {
    return schedule_has_many_cpus();
}

/* ---- futex ---- */

typedef struct futex_wait {
    const void *address;
    bool woken;
} futex_wait;

static futex_wait *futexes[FUTEXES]; /* those who wait, in any order */

static bool is_woken(void *wait) {
    return ((const futex_wait *)wait)->woken;
}

static void wake_all(const void *address) {
    for (int i = 0; i < FUTEXES; i++) {
        if (futexes[i] != NULL && futexes[i]->address == address) {
            futexes[i]->woken = true;
            futexes[i] = NULL;
        }
    }
}

long schedule_futex(void *address, int operation, uint32_t value, const void *timeout);

long schedule_futex(void *address, int operation, uint32_t value, const void *timeout) {
    schedule_flush();
    if (operation == FUTEX_WAKE_PRIVATE) {
        wake_all(address);
        return 0;
    }
    if (*(const uint32_t *)address != value) {
        return -1;
    }
    futex_wait wait = {address, false};
    int place = 0;
    while (futexes[place] != NULL) {
        place++;
    }
    futexes[place] = &wait;
    if (!schedule_wait(is_woken, &wait, timeout != NULL)) {
        const struct timespec *time = timeout;
        futexes[place] = futexes[place] == &wait ? NULL : futexes[place];
        now_ns += (uint64_t)time->tv_sec * SP2__NS_PER_SECOND + (uint64_t)time->tv_nsec;
    }
    return 0;
}

/* ---- handles ---- */

static struct {
    bool open;
    bool set;
} signals[SIGNALS];

int32_t sp2__signal_open(intptr_t *signal) {
    *signal = 0;
    while (signals[*signal].open) {
        ++*signal;
    }
    signals[*signal].open = true;
    signals[*signal].set = false;
    return 0;
}

void sp2__signal_close(intptr_t signal) {
    signals[signal].open = false;
}

void sp2__signal_set(intptr_t signal) {
    SCHEDULE_CHECK(signals[signal].open);
    signals[signal].set = true;
}

void sp2__signal_clear(intptr_t signal) {
    SCHEDULE_CHECK(signals[signal].open);
    signals[signal].set = false;
}

static bool is_set(void *signal) {
    return signals[*(const int64_t *)signal].set;
}

void platform_wait_for_handle(int64_t handle) {
    schedule_wait(is_set, &handle, false);
}

/* ---- sockets ---- */

typedef struct fake_socket {
    bool open;
    sp2__poller *poller;
    sp2__watch *watch;
    uint32_t interest;
    uint32_t taken;
    uint32_t count;
    sp2__udp_message datagrams[DATAGRAMS];
} fake_socket;

static fake_socket sockets[SOCKETS];
static uint32_t batch_limit;

void platform_limit_batch(uint32_t datagrams) {
    batch_limit = datagrams;
}

int64_t sp2__wall_clock_ns(void) {
    return (int64_t)now_ns;
}

/* Nobody is known to have sent anything. */
sp2__address sp2__ip_address_read(const sp2__ip_address *address) {
    (void)address;
    return (sp2__address){0};
}

void platform_reset(void) {
    memset(sockets, 0, sizeof(sockets));
    memset(signals, 0, sizeof(signals));
    memset(futexes, 0, sizeof(futexes));
    now_ns = 0;
    batch_limit = 0;
}

void platform_send(uint32_t port, const void *bytes, uint32_t length) {
    fake_socket *s = &sockets[port - FIRST_PORT];
    SCHEDULE_CHECK(s->count < DATAGRAMS);
    s->datagrams[s->count++] = (sp2__udp_message){bytes, length, length, false, NULL};
}

int32_t sp2__udp_inspect(const char *options, int64_t socket, uint32_t *port) {
    (void)options;
    *port = (uint32_t)socket + FIRST_PORT;
    return SP2_OK;
}

int32_t sp2__udp_open(const sp2__udp_config *config, sp2__logger *logger, sp2__udp_opened *opened) {
    (void)config;
    (void)logger;
    *opened = (sp2__udp_opened){0};
    while (sockets[opened->socket].open) {
        ++opened->socket;
    }
    sockets[opened->socket] = (fake_socket){.open = true};
    opened->port = (uint32_t)opened->socket + FIRST_PORT;
    opened->shares = true;
    opened->buffer_size = UINT32_MAX;
    return SP2_OK;
}

/* Tests send to the sockets that they choose. */
void sp2__udp_steer(intptr_t socket, uint32_t members) {
    (void)members;
    SCHEDULE_CHECK(sockets[socket].open);
}

bool sp2__udp_look(intptr_t socket, uint32_t *drops, bool *empty) {
    (void)socket;
    (void)drops;
    (void)empty;
    return false;
}

void sp2__udp_address_free(sp2__udp_address *address) {
    (void)address;
}

int32_t sp2__udp_group_watch(sp2__udp_group *group, const sp2__udp_config *config,
                             sp2__udp_opened *opened, sp2__event_loop *loop, sp2__task *task) {
    (void)group;
    (void)config;
    (void)opened;
    (void)loop;
    (void)task;
    return 0;
}

void sp2__udp_group_look(sp2__udp_group *group, sp2__udp_group_news *news) {
    (void)group;
    *news = (sp2__udp_group_news){.socket = SP2__NO_SOCKET};
}

void sp2__udp_group_close(sp2__udp_group *group) {
    (void)group;
}

void sp2__udp_describe(intptr_t socket, sp2_packet_source_info *info) {
    (void)socket;
    (void)info;
}

struct sp2__udp_batch {
    sp2__udp_message messages[DATAGRAMS];
};

/* The reader has one batch at a time, and there is one reader to a socket. */
static sp2__udp_batch batches[SOCKETS];
static uint32_t batch_count;

sp2__udp_batch *sp2__udp_batch_create(uint32_t slots, uint32_t slot_size) {
    (void)slots;
    (void)slot_size;
    return &batches[batch_count++ % SOCKETS];
}

bool sp2__udp_batch_try_free(sp2__udp_batch *batch) {
    (void)batch;
    return true;
}

void sp2__udp_close(intptr_t socket, sp2__udp_batch *batch) {
    (void)batch;
    SCHEDULE_CHECK(sockets[socket].open);
    sockets[socket].open = false;
}

void sp2__udp_receive(intptr_t socket, sp2__udp_batch *batch, sp2__udp_reception *reception) {
    fake_socket *s = &sockets[socket];
    SCHEDULE_CHECK(s->open);
    *reception = (sp2__udp_reception){.count = s->count - s->taken};
    if (batch_limit != 0 && reception->count > batch_limit) {
        reception->count = batch_limit;
    }
    memcpy(batch->messages, &s->datagrams[s->taken], reception->count * sizeof(batch->messages[0]));
    s->taken += reception->count;
}

sp2__udp_message sp2__udp_message_at(const sp2__udp_batch *batch, uint32_t index) {
    return batch->messages[index];
}

void sp2__udp_batch_ask_senders(sp2__udp_batch *batch, bool all) {
    (void)batch;
    (void)all;
}

void sp2__udp_tell_sender(sp2__udp_batch *batch, sp2_packet_source_stats *stats) {
    (void)batch;
    (void)stats;
}

void sp2__udp_count_drops(intptr_t socket, uint32_t *seen, _Atomic uint64_t *dropped) {
    (void)seen;
    (void)dropped;
    SCHEDULE_CHECK(sockets[socket].open);
}

/* ---- waiting for sockets ---- */

enum { POLLERS = 8 };

struct sp2__poller {
    bool used;
    bool woken;
};

static struct sp2__poller pollers[POLLERS];

int32_t sp2__poller_create(sp2__poller **created) {
    sp2__poller *poller = pollers;
    while (poller->used) {
        poller++;
    }
    *poller = (sp2__poller){.used = true};
    *created = poller;
    return 0;
}

void sp2__poller_close(sp2__poller *poller) {
    (void)poller;
}

void sp2__poller_destroy(sp2__poller *poller) {
    if (poller != NULL) {
        poller->used = false;
    }
}

static bool is_readable(const fake_socket *s, const sp2__poller *poller) {
    return s->open && s->poller == poller && s->interest & SP2__READABLE && s->taken != s->count;
}

static bool has_events(void *argument) {
    const sp2__poller *poller = argument;
    bool any = poller->woken;
    for (int i = 0; i < SOCKETS; i++) {
        any |= is_readable(&sockets[i], poller);
    }
    return any;
}

/* Time does not pass while something can happen, so that there is no idle work. */
int32_t sp2__poller_wait(sp2__poller *poller, int64_t timeout_ns) {
    sp2__task *ready[SOCKETS];
    int count = 0;
    if (timeout_ns != 0) {
        schedule_wait(has_events, poller, false);
    }
    poller->woken = false;
    for (int i = 0; i < SOCKETS; i++) {
        if (is_readable(&sockets[i], poller)) {
            ready[count++] = sockets[i].watch->task;
        }
    }
    for (int i = 0; i < count; i++) {
        ready[i]->run(ready[i]);
    }
    return 0;
}

void sp2__poller_wake(sp2__poller *poller) {
    poller->woken = true;
}

int32_t sp2__poller_add(sp2__poller *poller, sp2__watch *watch, uint32_t interest) {
    fake_socket *s = &sockets[watch->socket];
    s->poller = poller;
    s->watch = watch;
    s->interest = interest;
    return 0;
}

int32_t sp2__poller_change(sp2__poller *poller, sp2__watch *watch, uint32_t interest) {
    SCHEDULE_CHECK(sockets[watch->socket].poller == poller);
    sockets[watch->socket].interest = interest;
    return 0;
}

void sp2__poller_remove(sp2__poller *poller, sp2__watch *watch) {
    (void)poller;
    sockets[watch->socket].poller = NULL;
}
