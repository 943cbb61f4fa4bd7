/* SPDX-License-Identifier: MIT */
/* An I/O completion port. The key of a socket is its task. */
#include "runtime/poller.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/thread.h"
#include "os/windows/completion.h"

/* Completions taken at a time: more are taken next time round, so that posted tasks get their
 * turn. */
#define COMPLETIONS_PER_WAIT 64

/* The key of a completion that only wakes. */
#define WAKE_KEY 0

struct sp2__poller {
    HANDLE port;
};

int32_t sp2__poller_create(sp2__poller **created) {
    *created = NULL;
    sp2__poller *poller = sp2__alloc(sizeof(*poller));
    if (poller == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    poller->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, WAKE_KEY, 1);
    if (poller->port == NULL) {
        const int32_t error = (int32_t)GetLastError();
        sp2__free(poller);
        return error;
    }
    *created = poller;
    return 0;
}

void sp2__poller_close(sp2__poller *poller) {
    CloseHandle(poller->port);
}

void sp2__poller_destroy(sp2__poller *poller) {
    if (poller != NULL) {
        sp2__poller_close(poller);
        sp2__free(poller);
    }
}

static sp2__operation *operation_of(const OVERLAPPED_ENTRY *entry) {
    return SP2__CONTAINER(entry->lpOverlapped, sp2__operation, overlapped);
}

/* The port counts in milliseconds: rounded up, so that no timer is early. */
static DWORD milliseconds(int64_t timeout_ns) {
    if (timeout_ns < 0) {
        return INFINITE;
    }
    const int64_t rounded = (timeout_ns + SP2__NS_PER_MS - 1) / SP2__NS_PER_MS;
    return rounded < INFINITE ? (DWORD)rounded : INFINITE - 1;
}

int32_t sp2__poller_wait(sp2__poller *poller, int64_t timeout_ns) {
    OVERLAPPED_ENTRY entries[COMPLETIONS_PER_WAIT];
    ULONG count = 0;
    if (!GetQueuedCompletionStatusEx(poller->port, entries, COMPLETIONS_PER_WAIT, &count,
                                     milliseconds(timeout_ns), FALSE)) {
        const DWORD error = GetLastError();
        return error == WAIT_TIMEOUT ? 0 : (int32_t)error;
    }
    for (ULONG i = 0; i < count; i++) {
        const ULONG_PTR key = entries[i].lpCompletionKey;
        if (key == WAKE_KEY) {
            continue;
        }
        operation_of(&entries[i])->done = true;
        /* Once for several operations of a socket in a row. */
        sp2__task *task = (sp2__task *)key;
        const bool last = i + 1 == count || entries[i + 1].lpCompletionKey != key;
        if (last && !task->paused) {
            task->run(task);
        }
    }
    for (ULONG i = 0; i < count; i++) {
        if (entries[i].lpCompletionKey != WAKE_KEY) {
            sp2__operation *operation = operation_of(&entries[i]);
            operation->let_go(operation);
        }
    }
    return 0;
}

/* The system may lack memory for it, but a loop that is not woken would sleep for ever. */
void sp2__poller_wake(sp2__poller *poller) {
    while (!PostQueuedCompletionStatus(poller->port, 0, WAKE_KEY, NULL)) {
        sp2__thread_nap();
    }
}

int32_t sp2__poller_add(sp2__poller *poller, intptr_t socket, sp2__task *task, bool paused) {
    task->paused = paused;
    return CreateIoCompletionPort((HANDLE)socket, poller->port, (ULONG_PTR)task, 0) != NULL
               ? 0
               : (int32_t)GetLastError();
}

/* Operations that complete meanwhile wait for the source's next turn, which whoever resumes it
 * posts. */
int32_t sp2__poller_pause(sp2__poller *poller, intptr_t socket, sp2__task *task) {
    (void)poller;
    (void)socket;
    task->paused = true;
    return 0;
}

int32_t sp2__poller_resume(sp2__poller *poller, intptr_t socket, sp2__task *task) {
    (void)poller;
    (void)socket;
    task->paused = false;
    return 0;
}

/* A port tells that an operation is complete, not that one could be started. */
int32_t sp2__poller_await_writable(sp2__poller *poller, intptr_t socket, sp2__task *task) {
    (void)poller;
    (void)socket;
    (void)task;
    return ENOTSUP;
}

/* A socket leaves its port when it is closed. */
void sp2__poller_remove(sp2__poller *poller, intptr_t socket) {
    (void)poller;
    (void)socket;
}
