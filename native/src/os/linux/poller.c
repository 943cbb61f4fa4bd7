/* SPDX-License-Identifier: MIT */
#include "runtime/poller.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

/* Since Linux 5.11; not in the C library's headers of every age. It is the same on all systems. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* Readiness events taken at a time: more are taken next time round, so that posted tasks get their
 * turn. */
#define EVENTS_PER_WAIT 64

struct sp2__poller {
    int epoll_fd;
    int wake_fd; /* readable: somebody wants the wait to end */
};

static int32_t open_descriptors(sp2__poller *poller) {
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0) {
        return errno;
    }
    poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->wake_fd < 0) {
        return errno;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, poller->wake_fd, &event) == 0 ? 0 : errno;
}

int32_t sp2__poller_create(sp2__poller **created) {
    *created = NULL;
    sp2__poller *poller = sp2__alloc(sizeof(*poller));
    if (poller == NULL) {
        return ENOMEM;
    }
    *poller = (sp2__poller){.epoll_fd = -1, .wake_fd = -1};
    const int32_t error = open_descriptors(poller);
    if (error != 0) {
        sp2__poller_destroy(poller);
        return error;
    }
    *created = poller;
    return 0;
}

void sp2__poller_close(sp2__poller *poller) {
    if (poller->wake_fd >= 0) {
        close(poller->wake_fd);
    }
    if (poller->epoll_fd >= 0) {
        close(poller->epoll_fd);
    }
}

void sp2__poller_destroy(sp2__poller *poller) {
    if (poller != NULL) {
        sp2__poller_close(poller);
        sp2__free(poller);
    }
}

static void drain_wake_fd(int wake_fd) {
    uint64_t count;
    while (read(wake_fd, &count, sizeof(count)) < 0 && errno == EINTR) {
    }
}

/* Waits at most so many nanoseconds; where the kernel counts in milliseconds, up to one more. */
static int wait_for_events(const sp2__poller *poller, struct epoll_event *events,
                           int64_t timeout_ns) {
    if (timeout_ns <= 0) {
        return epoll_wait(poller->epoll_fd, events, EVENTS_PER_WAIT, timeout_ns < 0 ? -1 : 0);
    }
    struct timespec timeout = {.tv_sec = timeout_ns / SP2__NS_PER_SECOND,
                               .tv_nsec = timeout_ns % SP2__NS_PER_SECOND};
    const long count = syscall(SYS_epoll_pwait2, poller->epoll_fd, events, EVENTS_PER_WAIT,
                               &timeout, NULL, (size_t)0);
    if (count >= 0 || errno != ENOSYS) {
        return (int)count;
    }
    const int64_t milliseconds = (timeout_ns + SP2__NS_PER_MS - 1) / SP2__NS_PER_MS;
    return epoll_wait(poller->epoll_fd, events, EVENTS_PER_WAIT,
                      milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int32_t sp2__poller_wait(sp2__poller *poller, int64_t timeout_ns) {
    struct epoll_event events[EVENTS_PER_WAIT];
    const int count = wait_for_events(poller, events, timeout_ns);
    if (count < 0) {
        return errno == EINTR ? 0 : errno;
    }
    for (int i = 0; i < count; i++) {
        sp2__task *task = events[i].data.ptr;
        if (task == NULL) {
            drain_wake_fd(poller->wake_fd);
        } else {
            task->run(task);
        }
    }
    return 0;
}

void sp2__poller_wake(sp2__poller *poller) {
    const uint64_t one = 1;
    while (write(poller->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

static int32_t control(sp2__poller *poller, int operation, intptr_t socket, uint32_t events,
                       sp2__task *task) {
    struct epoll_event event = {.events = events, .data.ptr = task};
    return epoll_ctl(poller->epoll_fd, operation, (int)socket, &event) == 0 ? 0 : errno;
}

int32_t sp2__poller_add(sp2__poller *poller, intptr_t socket, sp2__task *task, bool paused) {
    return control(poller, EPOLL_CTL_ADD, socket, paused ? 0 : EPOLLIN, task);
}

int32_t sp2__poller_pause(sp2__poller *poller, intptr_t socket, sp2__task *task) {
    return control(poller, EPOLL_CTL_MOD, socket, 0, task);
}

int32_t sp2__poller_resume(sp2__poller *poller, intptr_t socket, sp2__task *task) {
    return control(poller, EPOLL_CTL_MOD, socket, EPOLLIN, task);
}

int32_t sp2__poller_await_writable(sp2__poller *poller, intptr_t socket, sp2__task *task) {
    return control(poller, EPOLL_CTL_MOD, socket, EPOLLOUT | EPOLLONESHOT, task);
}

void sp2__poller_remove(sp2__poller *poller, intptr_t socket) {
    control(poller, EPOLL_CTL_DEL, socket, 0, NULL);
}
