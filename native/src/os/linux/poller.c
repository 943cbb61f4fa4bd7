/* SPDX-License-Identifier: MIT */
#include "runtime/poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

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

int32_t sp2__poller_wait(sp2__poller *poller, int timeout_ms) {
    struct epoll_event events[EVENTS_PER_WAIT];
    const int count = epoll_wait(poller->epoll_fd, events, EVENTS_PER_WAIT, timeout_ms);
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

void sp2__poller_remove(sp2__poller *poller, intptr_t socket) {
    control(poller, EPOLL_CTL_DEL, socket, 0, NULL);
}
