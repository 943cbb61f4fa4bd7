/* SPDX-License-Identifier: MIT */
#ifndef SP2_WINDOWS_COMPLETION_H
#define SP2_WINDOWS_COMPLETION_H

#include <winsock2.h>
/* After winsock2.h. */
#include <windows.h>

/*
 * An input operation that is under way on a socket which an event loop watches. When it is done the
 * loop calls `completed`, on its thread, and then runs the socket's task.
 */
typedef struct sp2__operation {
    OVERLAPPED overlapped; /* first */
    void (*completed)(struct sp2__operation *operation);
} sp2__operation;

#endif
