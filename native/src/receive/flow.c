/* SPDX-License-Identifier: MIT */
/* What goes out: the ring, the heaps that wait for room in it, and the consumers. */
#include "base/clock.h"
#include "base/error.h"
#include "base/fence.h"
#include "heap/heap.h"
#include "receive/stream.h"
#include "runtime/signal.h"

/* A source that found the ring full looks for room this long before it is paused: roughly what
 * being paused and resumed costs. */
#define ROOM_SPIN_NS 10000

/* A wake-up costs too much for every small heap, but consumers should not wait long for large ones:
 * so many bytes of payload are pushed until they are told within a turn. */
#define ANNOUNCE_BYTES 1048576

/* Whoever spins shares a processor's caches, and often the core itself, with the thread that it
 * waits for: it pauses this often between two looks, a few hundred nanoseconds in all. */
#define PAUSES_PER_LOOK 16

/* Looks at the condition between two looks at the clock, which costs as much as several pauses. */
#define LOOKS_PER_CLOCK 8

static bool ring_has_room(sp2_receive_stream *stream) {
    return sp2__ring_has_room(&stream->ring);
}

static bool something_to_pop(sp2_receive_stream *stream) {
    return !sp2__ring_is_empty(&stream->ring) || sp2__ring_is_stopped(&stream->ring);
}

/* Waits for a condition without sleeping, where another thread can make it true meanwhile. */
static void spin_until(bool (*condition)(sp2_receive_stream *), sp2_receive_stream *stream,
                       uint64_t limit_ns) {
    if (!sp2__many_cpus()) {
        return;
    }
    const uint64_t start = sp2__clock_ns();
    do {
        for (int look = 0; look < LOOKS_PER_CLOCK; look++) {
            if (condition(stream)) {
                return;
            }
            for (int i = 0; i < PAUSES_PER_LOOK; i++) {
                sp2__spin_pause();
            }
        }
    } while (sp2__clock_ns() - start < limit_ns);
}

/* Brings the handle of foreign event loops up to date. After a full fence. */
static void update_ready_handle(sp2_receive_stream *stream) {
    sp2__ready_handle *handle = &stream->ready_handle;
    if (SP2__LIKELY(!atomic_load_explicit(&handle->wanted, memory_order_relaxed))) {
        return;
    }
    sp2__mutex_lock(&handle->lock);
    const bool ready = something_to_pop(stream);
    if (ready != handle->is_set) {
        handle->is_set = ready;
        if (ready) {
            sp2__signal_set(handle->signal);
        } else {
            sp2__signal_clear(handle->signal);
        }
    }
    sp2__mutex_unlock(&handle->lock);
}

static void announce(sp2_receive_stream *stream) {
    if (sp2__ring_announce(&stream->ring)) {
        atomic_store_explicit(&stream->ready_due, true, memory_order_relaxed);
    }
    update_ready_handle(stream);
}

/* Lets consumers see what was pushed. */
static void publish_heaps(sp2_receive_stream *stream) {
    sp2__copier_fence(&stream->assembler.copier);
    sp2__ring_publish(&stream->ring);
}

void sp2__stream_deliver(sp2_receive_stream *stream, sp2_heap *heap) {
    const uint64_t bytes = heap->received_length;
    if (stream->waiting_first == NULL && SP2__LIKELY(sp2__ring_push(&stream->ring, heap))) {
        stream->unannounced_bytes += bytes;
        const bool enough = stream->unannounced_bytes >= ANNOUNCE_BYTES;
        /* A fence is for many heaps. */
        if (enough || !stream->assembler.copier.fence_due) {
            publish_heaps(stream);
        }
        if (enough) {
            stream->unannounced_bytes = 0;
            sp2__ring_take_news(&stream->ring);
            announce(stream);
        }
        return;
    }
    heap->next = NULL;
    if (stream->waiting_first == NULL) {
        stream->waiting_first = heap;
    } else {
        stream->waiting_last->next = heap;
    }
    stream->waiting_last = heap;
    stream->stats.worker_blocked++;
    if (atomic_load_explicit(&stream->lossy, memory_order_relaxed)) {
        SP2__LOG(&stream->logger, SP2__MESSAGE_RING_FULL, SP2_LOG_WARNING,
                 "the ring is full: the consumer is too slow, and packets may be lost (a larger "
                 "ring_heaps helps against bursts)");
    }
}

static void move_waiting(sp2_receive_stream *stream) {
    while (stream->waiting_first != NULL) {
        sp2_heap *next = stream->waiting_first->next;
        if (!sp2__ring_push(&stream->ring, stream->waiting_first)) {
            break;
        }
        stream->waiting_first = next;
    }
    publish_heaps(stream);
}

void sp2__stream_resume_sources(sp2_receive_stream *stream) {
    if (atomic_load(&stream->held)) {
        return;
    }
    for (sp2_packet_source *source = atomic_load(&stream->sources); source != NULL;
         source = source->next) {
        if (source->paused) {
            source->paused = false;
            sp2__source_set_state(source, SP2_SOURCE_RUNNING);
            sp2__event_loop_post(source->loop, &source->task);
        }
    }
}

/* Leaves the waiting heaps to the consumer, unless it has just made room. */
static void leave_to_consumer(sp2_receive_stream *stream) {
    atomic_store(&stream->blocked, true);
    sp2__full_fence();
    if (sp2__ring_has_room(&stream->ring)) {
        move_waiting(stream);
    }
}

void sp2__stream_settle(sp2_receive_stream *stream) {
    move_waiting(stream);
    if (stream->waiting_first != NULL &&
        (sp2__stream_is_stopped(stream) ||
         atomic_load_explicit(&stream->blocked, memory_order_relaxed))) {
        leave_to_consumer(stream);
    }
    if (stream->waiting_first == NULL) {
        atomic_store(&stream->blocked, false);
        sp2__stream_resume_sources(stream);
        if (sp2__stream_is_stopped(stream) && !sp2__ring_is_stopped(&stream->ring)) {
            sp2__ring_stop(&stream->ring);
        }
    }
}

void sp2__stream_unlock(sp2_receive_stream *stream) {
    const bool news = sp2__ring_take_news(&stream->ring);
    stream->unannounced_bytes = 0;
    publish_heaps(stream);
    sp2__mutex_unlock(&stream->lock);
    if (news) {
        announce(stream);
    }
}

bool sp2__stream_wait_for_room(sp2_receive_stream *stream, sp2_packet_source *source) {
    spin_until(ring_has_room, stream, ROOM_SPIN_NS);
    sp2__mutex_lock(&stream->lock);
    move_waiting(stream);
    if (stream->waiting_first != NULL && !sp2__stream_is_stopped(stream)) {
        source->paused = true;
        source->stats.blocked++;
        sp2__source_set_state(source, SP2_SOURCE_BLOCKED);
        atomic_store(&stream->blocked, true);
    }
    sp2__stream_settle(stream);
    const bool go_on = !source->paused;
    if (!go_on && source->ops->pause != NULL) {
        source->ops->pause(source);
    }
    sp2__stream_unlock(stream);
    return go_on;
}

/* The stream whose ready callback this thread is inside, so that the callback may replace itself.
 */
static SP2__THREAD_LOCAL const sp2_receive_stream *inside_ready_of;

static void call_ready(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->ready_lock);
    const sp2_ready_fn ready = stream->ready;
    void *context = stream->ready_context;
    stream->ready_calls++;
    sp2__mutex_unlock(&stream->ready_lock);
    if (ready != NULL) {
        const sp2_receive_stream *outer = inside_ready_of;
        inside_ready_of = stream;
        ready(context);
        inside_ready_of = outer;
    }
    sp2__mutex_lock(&stream->ready_lock);
    stream->ready_calls--;
    sp2__condition_broadcast(&stream->ready_returned);
    sp2__mutex_unlock(&stream->ready_lock);
}

void sp2__stream_call_ready_if_due(sp2_receive_stream *stream) {
    if (SP2__UNLIKELY(atomic_load_explicit(&stream->ready_due, memory_order_relaxed)) &&
        atomic_exchange(&stream->ready_due, false)) {
        call_ready(stream);
    }
}

void sp2__stream_make_room(sp2_receive_stream *stream) {
    sp2__mutex_lock(&stream->lock);
    sp2__stream_settle(stream);
    sp2__stream_unlock(stream);
    sp2__stream_call_ready_if_due(stream);
}

/* A consumer has taken heaps, or found none: those that wait for room get their turn. */
static bool see_to_blocked(sp2_receive_stream *stream) {
    sp2__full_fence();
    if (SP2__LIKELY(!atomic_load_explicit(&stream->blocked, memory_order_relaxed)) ||
        !sp2__ring_has_room(&stream->ring)) {
        return false;
    }
    sp2__stream_make_room(stream);
    return true;
}

static int32_t pop(sp2_receive_stream *stream, sp2_heap **heaps, uint32_t capacity,
                   uint32_t *count) {
    for (;;) {
        const bool stopped = sp2__ring_is_stopped(&stream->ring);
        const uint32_t taken = sp2__ring_pop(&stream->ring, heaps, capacity);
        const bool moved = see_to_blocked(stream);
        update_ready_handle(stream);
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

static int32_t check_pop(const char *function, const sp2_receive_stream *stream, sp2_heap **heaps,
                         uint32_t capacity, uint32_t *count) {
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
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked(function, "the stream");
    }
    return SP2_OK;
}

int32_t sp2_receive_stream_pop(sp2_receive_stream *stream, sp2_heap **heaps, uint32_t capacity,
                               uint32_t *count) {
    const int32_t status = check_pop("sp2_receive_stream_pop", stream, heaps, capacity, count);
    return status == SP2_OK ? pop(stream, heaps, capacity, count) : status;
}

/* Sleeps until there may be a heap, or for the rest of the timeout; false if that has passed. */
static bool sleep_for_heap(sp2_receive_stream *stream, uint64_t start, int64_t timeout_ns) {
    int64_t remaining = -1;
    if (timeout_ns >= 0) {
        const uint64_t elapsed = sp2__clock_ns() - start;
        if (elapsed >= (uint64_t)timeout_ns) {
            return false;
        }
        remaining = timeout_ns - (int64_t)elapsed;
    }
    const uint32_t key = sp2__wake_prepare(&stream->ring.wake);
    if (something_to_pop(stream)) {
        sp2__wake_cancel(&stream->ring.wake);
    } else {
        sp2__wake_wait(&stream->ring.wake, key, remaining);
    }
    return true;
}

int32_t sp2_receive_stream_pop_wait(sp2_receive_stream *stream, sp2_heap **heaps, uint32_t capacity,
                                    int64_t timeout_ns, uint32_t *count) {
    int32_t status = check_pop("sp2_receive_stream_pop_wait", stream, heaps, capacity, count);
    if (status != SP2_OK) {
        return status;
    }
    status = pop(stream, heaps, capacity, count);
    if (status != SP2_E_EMPTY) {
        return status;
    }
    const uint64_t start = sp2__clock_ns();
    if (timeout_ns != 0 && stream->spin_ns > 0) {
        const bool short_timeout = timeout_ns > 0 && timeout_ns < stream->spin_ns;
        spin_until(something_to_pop, stream,
                   (uint64_t)(short_timeout ? timeout_ns : stream->spin_ns));
    }
    while ((status = pop(stream, heaps, capacity, count)) == SP2_E_EMPTY) {
        if (!sleep_for_heap(stream, start, timeout_ns)) {
            return SP2_E_TIMEOUT;
        }
    }
    return status;
}

int32_t sp2_receive_stream_set_ready_callback(sp2_receive_stream *stream, sp2_ready_fn ready,
                                              void *context) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_set_ready_callback", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_set_ready_callback", "the stream");
    }
    sp2__mutex_lock(&stream->ready_lock);
    stream->ready = ready;
    stream->ready_context = context;
    while (stream->ready_calls != 0 && inside_ready_of != stream) {
        sp2__condition_wait(&stream->ready_returned, &stream->ready_lock);
    }
    sp2__mutex_unlock(&stream->ready_lock);
    return SP2_OK;
}

int32_t sp2_receive_stream_request_ready(sp2_receive_stream *stream) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_request_ready", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_request_ready", "the stream");
    }
    sp2__ring *ring = &stream->ring;
    atomic_store(&ring->request, true);
    see_to_blocked(stream); /* begins with the fence that must be here, too */
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
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_get_fd", "the stream");
    }
    intptr_t signal;
    const int32_t error = sp2__ready_handle_open(&stream->ready_handle, &signal);
    if (error != 0) {
        char text[128];
        return sp2__fail(SP2_E_OS, error, "cannot open a handle for event loops: %s",
                         sp2__os_error_text(error, text, sizeof(text)));
    }
    /* A heap that came before now is to be seen, too. */
    sp2__full_fence();
    update_ready_handle(stream);
    *handle = signal;
    return SP2_OK;
}
