/* SPDX-License-Identifier: MIT */
/* An I/O completion port. The key of a socket is its watch. It tells of input only. */
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
        sp2__watch *watch = (sp2__watch *)key;
        const bool last = i + 1 == count || entries[i + 1].lpCompletionKey != key;
        if (last && watch->interest != SP2__SILENT) {
            watch->events = SP2__READABLE;
            watch->task->run(watch->task);
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

/* The system may lack memory for it, but a loop that is not woken would sleep forever. */
void sp2__poller_wake(sp2__poller *poller) {
    while (!PostQueuedCompletionStatus(poller->port, 0, WAKE_KEY, NULL)) {
        sp2__thread_nap();
    }
}

/* A port tells that an operation is complete, not that one could be started. */
static int32_t check_interest(uint32_t interest) {
    return interest & SP2__WRITABLE ? ENOTSUP : 0;
}

int32_t sp2__poller_add(sp2__poller *poller, sp2__watch *watch, uint32_t interest) {
    const int32_t error = check_interest(interest);
    if (error != 0) {
        return error;
    }
    watch->interest = interest;
    return CreateIoCompletionPort((HANDLE)watch->socket, poller->port, (ULONG_PTR)watch, 0) != NULL
               ? 0
               : (int32_t)GetLastError();
}

/* Operations that complete while the watch is silent wait for its task, which a change of that
 * posts. */
int32_t sp2__poller_change(sp2__poller *poller, sp2__watch *watch, uint32_t interest) {
    (void)poller;
    const int32_t error = check_interest(interest);
    if (error == 0) {
        watch->interest = interest;
    }
    return error;
}

/* A socket leaves its port when it is closed; what completes until then tells nobody. */
void sp2__poller_remove(sp2__poller *poller, sp2__watch *watch) {
    (void)poller;
    watch->interest = SP2__SILENT;
}
