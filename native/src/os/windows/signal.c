/* SPDX-License-Identifier: MIT */
#include "runtime/signal.h"

#include <windows.h>

int32_t sp2__signal_open(intptr_t *signal) {
    const HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    *signal = event != NULL ? (intptr_t)event : SP2__NO_SIGNAL;
    return event != NULL ? 0 : (int32_t)GetLastError();
}

void sp2__signal_close(intptr_t signal) {
    CloseHandle((HANDLE)signal);
}

void sp2__signal_set(intptr_t signal) {
    SetEvent((HANDLE)signal);
}

void sp2__signal_clear(intptr_t signal) {
    ResetEvent((HANDLE)signal);
}
