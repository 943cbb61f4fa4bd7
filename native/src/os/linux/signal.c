/* SPDX-License-Identifier: MIT */
#include "runtime/signal.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int32_t sp2__signal_open(intptr_t *signal) {
    *signal = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return *signal >= 0 ? 0 : errno;
}

void sp2__signal_close(intptr_t signal) {
    close((int)signal);
}

void sp2__signal_set(intptr_t signal) {
    const uint64_t one = 1;
    while (write((int)signal, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

void sp2__signal_clear(intptr_t signal) {
    uint64_t count;
    while (read((int)signal, &count, sizeof(count)) < 0 && errno == EINTR) {
    }
}
