/* SPDX-License-Identifier: MIT */
#include "receive/ready_handle.h"

#include "runtime/signal.h"

void sp2__ready_handle_init(sp2__ready_handle *handle) {
    sp2__mutex_init(&handle->lock);
    handle->signal = SP2__NO_SIGNAL;
}

void sp2__ready_handle_close_copy(sp2__ready_handle *handle) {
    if (handle->signal != SP2__NO_SIGNAL) {
        sp2__signal_close(handle->signal);
    }
}

void sp2__ready_handle_destroy(sp2__ready_handle *handle) {
    sp2__ready_handle_close_copy(handle);
    sp2__mutex_destroy(&handle->lock);
}

int32_t sp2__ready_handle_open(sp2__ready_handle *handle, intptr_t *signal) {
    int32_t error = 0;
    sp2__mutex_lock(&handle->lock);
    if (handle->signal == SP2__NO_SIGNAL) {
        error = sp2__signal_open(&handle->signal);
        atomic_store(&handle->wanted, error == 0);
    }
    *signal = handle->signal;
    sp2__mutex_unlock(&handle->lock);
    return error;
}
