/* SPDX-License-Identifier: MIT */
#ifndef SP2_WINDOWS_COMPLETION_H
#define SP2_WINDOWS_COMPLETION_H

#include <stdbool.h>
#include <winsock2.h>
/* After winsock2.h. */
#include <windows.h>

/*
 * An input operation that is under way on a socket which an event loop watches. When it is done the
 * loop sets `done`, on its thread, runs the socket's watch, and then calls `let_go`: only from then
 * on may the operation or the watch be freed.
 */
typedef struct sp2__operation {
    OVERLAPPED overlapped; /* first */
    bool done;
    void (*let_go)(struct sp2__operation *operation);
} sp2__operation;

#endif
