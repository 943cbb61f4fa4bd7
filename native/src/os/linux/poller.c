/* SPDX-License-Identifier: MIT */
#include "runtime/poller.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/thread.h"

/* Since Linux 5.11; not in the C library's headers of every age. It is the same on all systems. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* Readiness events taken at a time: more are taken next time round, so that posted tasks get their
 * turn. */
#define EVENTS_PER_WAIT 64

/*
 * The kernel's word for a watch: its place in the table, and how often that place was given before.
 * So an event of a socket that is not watched any more, which a copy in another process can bring,
 * finds nothing.
 */
#define PLACE_BITS 32
#define WAKE_KEY UINT64_MAX
#define FIRST_PLACES 8

typedef struct place {
    sp2__watch *watch; /* NULL: free */
    uint32_t generation;
} place;

struct sp2__poller {
    int epoll_fd;
    int wake_fd; /* readable: somebody wants the wait to end */
    sp2__mutex lock;
    /* Under the lock: */
    place *places;
    uint32_t place_count;
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
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE_KEY};
    return epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, poller->wake_fd, &event) == 0 ? 0 : errno;
}

int32_t sp2__poller_create(sp2__poller **created) {
    *created = NULL;
    sp2__poller *poller = sp2__alloc(sizeof(*poller));
    if (poller == NULL) {
        return ENOMEM;
    }
    *poller = (sp2__poller){.epoll_fd = -1, .wake_fd = -1};
    sp2__mutex_init(&poller->lock);
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
        sp2__mutex_destroy(&poller->lock);
        sp2__free(poller->places);
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
    if (count > 0) {
        SP2__WRITTEN_BY_KERNEL(events, (size_t)count * sizeof(*events));
    }
    if (count >= 0 || errno != ENOSYS) {
        return (int)count;
    }
    const int64_t milliseconds = (timeout_ns + SP2__NS_PER_MS - 1) / SP2__NS_PER_MS;
    return epoll_wait(poller->epoll_fd, events, EVENTS_PER_WAIT,
                      milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

static sp2__watch *find_watch(sp2__poller *poller, uint64_t key) {
    const uint32_t index = (uint32_t)key;
    sp2__mutex_lock(&poller->lock);
    sp2__watch *watch = poller->places[index].watch;
    if (watch != NULL && watch->key != key) {
        watch = NULL;
    }
    sp2__mutex_unlock(&poller->lock);
    return watch;
}

static uint32_t told_events(uint32_t events) {
    return (events & (EPOLLIN | EPOLLRDHUP) ? SP2__READABLE : 0u) |
           (events & EPOLLOUT ? SP2__WRITABLE : 0u) |
           (events & (EPOLLERR | EPOLLHUP) ? SP2__ERROR : 0u);
}

int32_t sp2__poller_wait(sp2__poller *poller, int64_t timeout_ns) {
    struct epoll_event events[EVENTS_PER_WAIT];
    const int count = wait_for_events(poller, events, timeout_ns);
    if (count < 0) {
        return errno == EINTR ? 0 : errno;
    }
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == WAKE_KEY) {
            drain_wake_fd(poller->wake_fd);
            continue;
        }
        sp2__watch *watch = find_watch(poller, events[i].data.u64);
        if (watch != NULL) {
            watch->events = told_events(events[i].events);
            watch->task->run(watch->task);
        }
    }
    return 0;
}

void sp2__poller_wake(sp2__poller *poller) {
    const uint64_t one = 1;
    while (write(poller->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

/* The kernel reports errors whatever is asked for: to a silent watch once, when they happen. */
static uint32_t asked_events(uint32_t interest) {
    return (interest & SP2__READABLE ? (uint32_t)EPOLLIN : 0u) |
           (interest & SP2__WRITABLE ? (uint32_t)EPOLLOUT : 0u) |
           (interest & SP2__ONCE ? (uint32_t)EPOLLONESHOT : 0u) |
           (interest == SP2__SILENT || interest & SP2__EDGE ? (uint32_t)EPOLLET : 0u);
}

static int32_t control(sp2__poller *poller, int operation, const sp2__watch *watch,
                       uint32_t interest) {
    struct epoll_event event = {.events = asked_events(interest), .data.u64 = watch->key};
    return epoll_ctl(poller->epoll_fd, operation, (int)watch->socket, &event) == 0 ? 0 : errno;
}

/* A free place; false if there is none and no memory for more. Under the lock. */
static bool find_place(sp2__poller *poller, uint32_t *index) {
    for (*index = 0; *index < poller->place_count; ++*index) {
        if (poller->places[*index].watch == NULL) {
            return true;
        }
    }
    const uint32_t count = 2 * poller->place_count + FIRST_PLACES;
    place *places = sp2__calloc_array(count, sizeof(*places));
    if (places == NULL) {
        return false;
    }
    if (poller->place_count != 0) {
        memcpy(places, poller->places, poller->place_count * sizeof(*places));
    }
    sp2__free(poller->places);
    poller->places = places;
    poller->place_count = count;
    return true;
}

static bool take_place(sp2__poller *poller, sp2__watch *watch) {
    uint32_t index;
    sp2__mutex_lock(&poller->lock);
    const bool found = find_place(poller, &index);
    if (found) {
        place *taken = &poller->places[index];
        taken->watch = watch;
        watch->key = (uint64_t)++taken->generation << PLACE_BITS | index;
    }
    sp2__mutex_unlock(&poller->lock);
    return found;
}

static void leave_place(sp2__poller *poller, const sp2__watch *watch) {
    sp2__mutex_lock(&poller->lock);
    poller->places[(uint32_t)watch->key].watch = NULL;
    sp2__mutex_unlock(&poller->lock);
}

int32_t sp2__poller_add(sp2__poller *poller, sp2__watch *watch, uint32_t interest) {
    if (!take_place(poller, watch)) {
        return ENOMEM;
    }
    const int32_t error = control(poller, EPOLL_CTL_ADD, watch, interest);
    if (error != 0) {
        leave_place(poller, watch);
    }
    return error;
}

int32_t sp2__poller_change(sp2__poller *poller, sp2__watch *watch, uint32_t interest) {
    return control(poller, EPOLL_CTL_MOD, watch, interest);
}

void sp2__poller_remove(sp2__poller *poller, sp2__watch *watch) {
    control(poller, EPOLL_CTL_DEL, watch, SP2__SILENT);
    leave_place(poller, watch);
}
