/* SPDX-License-Identifier: MIT */
/* The functions of consumers, which take finished heaps out of the ring. */
#include "base/clock.h"
#include "base/error.h"
#include "base/fence.h"
#include "heap/heap.h"
#include "receive/ring_sink.h"
#include "receive/stream.h"

static int32_t pop(sp2__ring_sink *sink, sp2_heap **heaps, uint32_t capacity, uint32_t *count) {
    for (;;) {
        const bool stopped = sp2__ring_is_stopped(&sink->ring);
        const uint32_t taken = sp2__ring_pop(&sink->ring, heaps, capacity);
        const bool moved = sp2__ring_sink_see_to_waiting(sink);
        sp2__ring_sink_update_handle(sink);
        if (taken != 0) {
            for (uint32_t i = 0; i < taken; i++) {
                sp2__heap_freeze(heaps[i]);
            }
            *count = taken;
            return SP2_OK;
        }
        if (stopped) {
            return SP2_E_STOPPED;
        }
        if (!moved) {
            return SP2_E_EMPTY;
        }
    }
}

/* SP2_OK and the sink, if consumers can take heaps from the stream. */
static int32_t find_sink(const char *function, sp2_receive_stream *stream, sp2__ring_sink **sink) {
    *sink = NULL;
    if (stream == NULL) {
        return sp2__fail_null(function, "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked(function, "the stream");
    }
    if (stream->sink != &stream->ring_sink.base) {
        return sp2__fail(SP2_E_STATE, 0,
                         "%s: the stream was made with sp2_receive_options.%s, which takes every "
                         "heap",
                         function,
                         stream->sink == &stream->inline_sink.base ? "on_heap" : "chunks");
    }
    *sink = &stream->ring_sink;
    return SP2_OK;
}

static int32_t check_pop(const char *function, sp2_receive_stream *stream, sp2_heap **heaps,
                         uint32_t capacity, uint32_t *count, sp2__ring_sink **sink) {
    if (count != NULL) {
        *count = 0;
    }
    if (stream == NULL || heaps == NULL || count == NULL) {
        return sp2__fail_null(function, stream == NULL  ? "stream"
                                        : heaps == NULL ? "heaps"
                                                        : "count");
    }
    if (capacity == 0) {
        return sp2__fail(SP2_E_ARG, 0, "%s: capacity must be at least 1, not 0", function);
    }
    return find_sink(function, stream, sink);
}

int32_t sp2_receive_stream_pop(sp2_receive_stream *stream, sp2_heap **heaps, uint32_t capacity,
                               uint32_t *count) {
    sp2__ring_sink *sink;
    const int32_t status =
        check_pop("sp2_receive_stream_pop", stream, heaps, capacity, count, &sink);
    return status == SP2_OK ? pop(sink, heaps, capacity, count) : status;
}

/* Sleeps until there may be a heap, or for the rest of the timeout; false if that has passed. */
static bool sleep_for_heap(sp2__ring_sink *sink, uint64_t start, int64_t timeout_ns) {
    int64_t remaining = -1;
    if (timeout_ns >= 0) {
        const uint64_t elapsed = sp2__clock_ns() - start;
        if (elapsed >= (uint64_t)timeout_ns) {
            return false;
        }
        remaining = timeout_ns - (int64_t)elapsed;
    }
    const uint32_t key = sp2__wake_prepare(&sink->ring.wake);
    if (sp2__ring_sink_has_something(sink)) {
        sp2__wake_cancel(&sink->ring.wake);
    } else {
        sp2__wake_wait(&sink->ring.wake, key, remaining);
    }
    return true;
}

int32_t sp2_receive_stream_pop_wait(sp2_receive_stream *stream, sp2_heap **heaps, uint32_t capacity,
                                    int64_t timeout_ns, uint32_t *count) {
    sp2__ring_sink *sink;
    int32_t status =
        check_pop("sp2_receive_stream_pop_wait", stream, heaps, capacity, count, &sink);
    if (status != SP2_OK) {
        return status;
    }
    status = pop(sink, heaps, capacity, count);
    if (status != SP2_E_EMPTY) {
        return status;
    }
    const uint64_t start = sp2__clock_ns();
    if (timeout_ns != 0 && sink->spin_ns > 0) {
        const bool short_timeout = timeout_ns > 0 && timeout_ns < sink->spin_ns;
        sp2__ring_sink_spin(sink, (uint64_t)(short_timeout ? timeout_ns : sink->spin_ns));
    }
    while ((status = pop(sink, heaps, capacity, count)) == SP2_E_EMPTY) {
        if (!sleep_for_heap(sink, start, timeout_ns)) {
            return SP2_E_TIMEOUT;
        }
    }
    return status;
}

int32_t sp2_receive_stream_get_heap_count(sp2_receive_stream *stream, uint64_t *count) {
    if (count != NULL) {
        *count = 0;
    }
    if (stream == NULL || count == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_heap_count",
                              stream == NULL ? "stream" : "count");
    }
    sp2__ring_sink *sink;
    const int32_t status = find_sink("sp2_receive_stream_get_heap_count", stream, &sink);
    if (status == SP2_OK) {
        *count = sp2__ring_count(&sink->ring);
    }
    return status;
}

int32_t sp2_receive_stream_set_ready_callback(sp2_receive_stream *stream, sp2_ready_fn ready,
                                              void *context) {
    sp2__ring_sink *sink;
    const int32_t status = find_sink("sp2_receive_stream_set_ready_callback", stream, &sink);
    if (status == SP2_OK) {
        sp2__ready_call_set(&sink->ready_call, ready, context);
    }
    return status;
}

int32_t sp2_receive_stream_request_ready(sp2_receive_stream *stream) {
    sp2__ring_sink *sink;
    const int32_t status = find_sink("sp2_receive_stream_request_ready", stream, &sink);
    if (status != SP2_OK) {
        return status;
    }
    sp2__ring *ring = &sink->ring;
    atomic_store_explicit(&ring->request, true, memory_order_relaxed);
    /* A thread that announces has pushed first, and looks for the request next. */
    sp2__full_fence();
    const bool stopped = sp2__ring_is_stopped(ring);
    const bool empty = sp2__ring_is_empty(ring);
    if (empty && !stopped) {
        return SP2_E_EMPTY;
    }
    /* If somebody else has answered the request meanwhile, the callback is on its way. */
    if (!atomic_exchange(&ring->request, false)) {
        return SP2_E_EMPTY;
    }
    return empty ? SP2_E_STOPPED : SP2_OK;
}

int32_t sp2_receive_stream_get_fd(sp2_receive_stream *stream, int64_t *handle) {
    if (handle != NULL) {
        *handle = -1;
    }
    if (stream == NULL || handle == NULL) {
        return sp2__fail_null("sp2_receive_stream_get_fd", stream == NULL ? "stream" : "handle");
    }
    sp2__ring_sink *sink;
    const int32_t status = find_sink("sp2_receive_stream_get_fd", stream, &sink);
    if (status != SP2_OK) {
        return status;
    }
    intptr_t signal;
    const int32_t error = sp2__ready_handle_open(&sink->ready_handle, &signal);
    if (error != 0) {
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot open a handle for event loops: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    /* A heap that came before now is to be seen, too. */
    sp2__ring_sink_update_handle(sink);
    *handle = signal;
    return SP2_OK;
}
