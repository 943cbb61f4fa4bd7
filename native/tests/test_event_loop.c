/* SPDX-License-Identifier: MIT */
/* The event loop: timers, and sockets that become writable. */
#include "runtime/event_loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "spead2core/status.h"
#include "test.h"

#if !defined(_WIN32)
#include <sys/socket.h>
#include <unistd.h>
#endif

enum { ALARMS = 3 };

typedef struct clock_alarm {
    sp2__task task;
    sp2__timer timer;
    struct clockwork *owner;
    uint64_t rang_ns;
    uint32_t place; /* 1: rang first */
} clock_alarm;

/* A loop and what runs on it. */
typedef struct clockwork {
    sp2__event_loop *loop;
    sp2__task begin;
    clock_alarm alarms[ALARMS];
    bool on_loop;
    atomic_uint rang; /* changed last: who has read it may read the rest */
    uint64_t base_ns;
} clockwork;

static void started(void *context, uint32_t index) {
    (void)context;
    (void)index;
}

static bool no_work(void) {
    return false;
}

static void nothing(void) {
}

static void wait_failed(void *context, uint32_t index, int32_t error) {
    (void)context;
    (void)index;
    CHECK_EQ_I64(error, 0);
}

static const sp2__event_loop_hooks hooks = {.started = started,
                                            .idle_work_pending = no_work,
                                            .idle_work = nothing,
                                            .wait_failed = wait_failed};

static void ring(sp2__task *task) {
    clock_alarm *self = SP2__CONTAINER(task, clock_alarm, task);
    clockwork *owner = self->owner;
    self->rang_ns = sp2__clock_ns();
    self->place = atomic_load(&owner->rang) + 1;
    owner->on_loop = sp2__event_loop_is_current(owner->loop);
    atomic_store(&owner->rang, self->place);
}

static void init(clockwork *work, void (*begin)(sp2__task *task)) {
    memset(work, 0, sizeof(*work));
    work->begin.run = begin;
    for (int i = 0; i < ALARMS; i++) {
        work->alarms[i].task.run = ring;
        work->alarms[i].owner = work;
    }
    REQUIRE(sp2__event_loop_create(&hooks, &work->loop) == SP2_OK);
    work->base_ns = sp2__clock_ns();
    sp2__event_loop_post(work->loop, &work->begin);
}

/* Waits until so many alarms rang; the barrier is passed on the loop's own thread. */
static void wait_for(clockwork *work, uint32_t count) {
    do {
        sp2__event_loop_barrier(work->loop);
    } while (atomic_load(&work->rang) < count);
}

static void set(clockwork *work, int index, uint64_t after_ns) {
    sp2__event_loop_set_timer(work->loop, &work->alarms[index].timer, &work->alarms[index].task,
                              work->base_ns + after_ns);
}

static void set_three(sp2__task *task) {
    clockwork *work = SP2__CONTAINER(task, clockwork, begin);
    set(work, 0, 30000000);
    set(work, 1, 10000000);
    set(work, 2, 20000000);
}

SP2_TEST(Timers_ring_in_order_and_never_early) {
    clockwork work;
    init(&work, set_three);
    wait_for(&work, 3);
    CHECK_EQ_U64(work.alarms[1].place, 1);
    CHECK_EQ_U64(work.alarms[2].place, 2);
    CHECK_EQ_U64(work.alarms[0].place, 3);
    CHECK(work.alarms[1].rang_ns >= work.base_ns + 10000000);
    CHECK(work.alarms[0].rang_ns >= work.base_ns + 30000000);
    CHECK(work.on_loop);
    CHECK(!sp2__event_loop_is_current(work.loop));
    sp2__event_loop_destroy(work.loop);
}

static void set_and_change(sp2__task *task) {
    clockwork *work = SP2__CONTAINER(task, clockwork, begin);
    set(work, 0, 1000000);
    set(work, 1, 2000000);
    set(work, 0, 5000000); /* later instead */
    sp2__event_loop_cancel_timer(work->loop, &work->alarms[1].timer);
    sp2__event_loop_cancel_timer(work->loop, &work->alarms[2].timer); /* was never set */
    set(work, 2, 3000000);
}

SP2_TEST(Timer_that_is_changed_or_cancelled_rings_as_said_last) {
    clockwork work;
    init(&work, set_and_change);
    wait_for(&work, 2);
    CHECK_EQ_U64(work.alarms[2].place, 1);
    CHECK_EQ_U64(work.alarms[0].place, 2);
    CHECK_EQ_U64(work.alarms[1].place, 0);
    CHECK(work.alarms[0].rang_ns >= work.base_ns + 5000000);
    sp2__event_loop_destroy(work.loop);
}

#if defined(_WIN32)
/* No port tells of room in a socket: the loop looks again after a while. */
static void await_room(sp2__task *task) {
    clockwork *work = SP2__CONTAINER(task, clockwork, begin);
    static sp2__watch watch;
    watch.task = &work->alarms[0].task;
    CHECK_EQ_I64(sp2__event_loop_await_writable(work->loop, &watch, &work->alarms[0].timer), 0);
}

static void check_room(void) {
    clockwork work;
    init(&work, await_room);
    wait_for(&work, 1);
    CHECK(work.alarms[0].rang_ns > work.base_ns);
    sp2__event_loop_barrier(work.loop);
    CHECK_EQ_U64(atomic_load(&work.rang), 1);
    sp2__event_loop_destroy(work.loop);
}
#else
static void nothing_to_do(sp2__task *task) {
    (void)task;
}

static void fill(int fd) {
    char bytes[4096] = {0};
    while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
    CHECK(errno == EAGAIN || errno == EWOULDBLOCK);
}

static void check_room(void) {
    clockwork work;
    int fds[2];
    init(&work, nothing_to_do);
    REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
    fill(fds[0]);
    clock_alarm *self = &work.alarms[0];
    sp2__watch watch = {.task = &self->task, .socket = fds[0]};
    REQUIRE(sp2__event_loop_add(work.loop, &watch, SP2__SILENT) == 0);
    CHECK_EQ_I64(sp2__event_loop_await_writable(work.loop, &watch, &self->timer), 0);
    sp2__event_loop_barrier(work.loop);
    CHECK_EQ_U64(atomic_load(&work.rang), 0);
    char bytes[4096];
    while (recv(fds[1], bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
    wait_for(&work, 1);
    sp2__event_loop_barrier(work.loop);
    CHECK_EQ_U64(atomic_load(&work.rang), 1);
    CHECK(watch.events & SP2__WRITABLE);
    sp2__event_loop_remove(work.loop, &watch);
    close(fds[0]);
    close(fds[1]);
    sp2__event_loop_destroy(work.loop);
}
#endif

SP2_TEST(Socket_with_room_again_runs_its_task_once) {
    check_room();
}
