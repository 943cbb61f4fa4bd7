/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_READY_HANDLE_H
#define SP2_RECEIVE_READY_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"

/*
 * The handle by which a stream tells foreign event loops that a heap waits. It costs nothing until
 * somebody asks for it. From then on each thread that changes the ring looks at it after that, and
 * last one to look sees the truth: so it is never left unset while a heap waits.
 */
typedef struct sp2__ready_handle {
    atomic_bool wanted;
    sp2__mutex lock;
    /* Under the lock: */
    intptr_t signal; /* or SP2__NO_SIGNAL */
    bool is_set;
} sp2__ready_handle;

void sp2__ready_handle_init(sp2__ready_handle *handle);
void sp2__ready_handle_destroy(sp2__ready_handle *handle);

/* All that a forked child does with its copy: closes the signal, if there is one. */
void sp2__ready_handle_close_copy(sp2__ready_handle *handle);

/* Opens the signal if there is none yet. Returns 0 or an error number. */
int32_t sp2__ready_handle_open(sp2__ready_handle *handle, intptr_t *signal);

#endif
