/* SPDX-License-Identifier: MIT */
/* The ring, the heaps that wait for room in it, and the consumers. */
#include "receive/ring_sink.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/fence.h"
#include "heap/heap.h"
#include "receive/stream.h"
#include "runtime/signal.h"

/* A source that found the ring full looks for room this long before it is parked: roughly what
 * being parked and resumed costs. */
#define ROOM_SPIN_NS 10000

/* A wake-up costs too much for every small heap, but consumers should not wait long for large ones:
 * so many bytes of payload are pushed until they are told within a slice. */
#define ANNOUNCE_BYTES 1048576

/* A spinning thread shares a processor's caches, and often the core itself, with the thread that it
 * waits for: it pauses this often between two looks, a few hundred nanoseconds in all. */
#define PAUSES_PER_LOOK 16

/* Looks at the condition between two looks at the clock, which costs as much as several pauses. */
#define LOOKS_PER_CLOCK 8

static sp2__ring_sink *from_base(sp2__sink *base) {
    return SP2__CONTAINER(base, sp2__ring_sink, base);
}

static bool ring_has_room(sp2__ring_sink *sink) {
    return sp2__ring_has_room(&sink->ring);
}

bool sp2__ring_sink_has_something(sp2__ring_sink *sink) {
    return !sp2__ring_is_empty(&sink->ring) || sp2__ring_is_stopped(&sink->ring);
}

/* Waits for a condition without sleeping, where another thread can make it true meanwhile. Returns
 * whether it is. */
static bool spin_until(bool (*condition)(sp2__ring_sink *), sp2__ring_sink *sink,
                       uint64_t limit_ns) {
    if (condition(sink)) {
        return true;
    }
    if (!sp2__many_cpus()) {
        return false;
    }
    const uint64_t start = sp2__clock_ns();
    do {
        for (int look = 0; look < LOOKS_PER_CLOCK; look++) {
            if (condition(sink)) {
                return true;
            }
            for (int i = 0; i < PAUSES_PER_LOOK; i++) {
                sp2__spin_pause();
            }
        }
    } while (sp2__clock_ns() - start < limit_ns);
    return false;
}

void sp2__ring_sink_update_handle(sp2__ring_sink *sink) {
    sp2__ready_handle *handle = &sink->ready_handle;
    if (SP2__LIKELY(!atomic_load(&handle->wanted))) {
        return;
    }
    /* What was changed before must be visible to the thread that looks next. */
    sp2__full_fence();
    sp2__mutex_lock(&handle->lock);
    const bool ready = sp2__ring_sink_has_something(sink);
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

static void announce(sp2__sink *base) {
    sp2__ring_sink *sink = from_base(base);
    if (sp2__ring_announce(&sink->ring)) {
        sp2__ready_call_request(&sink->ready_call);
    }
    sp2__ring_sink_update_handle(sink);
}

/* Lets consumers see what was pushed. */
static void publish_heaps(sp2__ring_sink *sink) {
    sp2__copier_fence(&sink->base.stream->assembler.copier);
    sp2__ring_publish(&sink->ring);
}

static bool publish(sp2__sink *base) {
    sp2__ring_sink *sink = from_base(base);
    const bool news = sp2__ring_take_news(&sink->ring);
    sink->unannounced_bytes = 0;
    publish_heaps(sink);
    return news;
}

/* A fence is for many heaps, and so is a wake-up. */
static void after_push(sp2__ring_sink *sink, uint64_t bytes) {
    sink->unannounced_bytes += bytes;
    const bool enough = sink->unannounced_bytes >= ANNOUNCE_BYTES;
    if (enough || !sink->base.stream->assembler.copier.fence_due) {
        publish_heaps(sink);
    }
    if (enough) {
        sink->unannounced_bytes = 0;
        sp2__ring_take_news(&sink->ring);
        announce(&sink->base);
    }
}

static SP2__COLD void let_wait(sp2__ring_sink *sink, sp2_heap *heap) {
    sp2_receive_stream *stream = sink->base.stream;
    heap->next = NULL;
    if (sink->waiting_first == NULL) {
        sink->waiting_first = heap;
        sp2__pause_begin(stream);
    } else {
        sink->waiting_last->next = heap;
    }
    sink->waiting_last = heap;
    stream->stats.worker_blocked++;
}

static bool deliver(sp2__sink *base, sp2_heap *heap) {
    sp2__ring_sink *sink = from_base(base);
    const uint64_t bytes = heap->received_length;
    if (sink->waiting_first == NULL && SP2__LIKELY(sp2__ring_push(&sink->ring, heap))) {
        after_push(sink, bytes);
        return true;
    }
    let_wait(sink, heap);
    return false;
}

static void move_waiting(sp2__ring_sink *sink) {
    while (sink->waiting_first != NULL) {
        sp2_heap *next = sink->waiting_first->next;
        if (!sp2__ring_push(&sink->ring, sink->waiting_first)) {
            break;
        }
        sink->waiting_first = next;
    }
    publish_heaps(sink);
}

/* Leaves the waiting heaps to the consumer, unless it has just made room. */
static void leave_to_consumer(sp2__ring_sink *sink) {
    atomic_store(&sink->asks_consumer, true);
    sp2__full_fence();
    if (sp2__ring_has_room(&sink->ring)) {
        move_waiting(sink);
    }
}

static bool settle(sp2__sink *base) {
    sp2__ring_sink *sink = from_base(base);
    move_waiting(sink);
    if (sink->waiting_first != NULL) {
        leave_to_consumer(sink);
    }
    if (sink->waiting_first != NULL) {
        return false;
    }
    if (atomic_load_explicit(&sink->asks_consumer, memory_order_relaxed)) {
        atomic_store_explicit(&sink->asks_consumer, false, memory_order_relaxed);
    }
    if (sink->ended && !sp2__ring_is_stopped(&sink->ring)) {
        sp2__ring_stop(&sink->ring);
    }
    return true;
}

static void end(sp2__sink *base) {
    from_base(base)->ended = true;
}

static void serve(sp2__sink *base) {
    sp2__ready_call_serve(&from_base(base)->ready_call);
}

/* The callback may be the consumer: it is called before anybody looks. */
static bool wait_for_room(sp2__sink *base) {
    serve(base);
    return spin_until(ring_has_room, from_base(base), ROOM_SPIN_NS);
}

static void make_room(sp2__ring_sink *sink) {
    sp2_receive_stream *stream = sink->base.stream;
    sp2__mutex_lock(&stream->lock);
    sp2__stream_settle(stream);
    sp2__stream_unlock(stream);
    serve(&sink->base);
}

bool sp2__ring_sink_see_to_waiting(sp2__ring_sink *sink) {
    if (SP2__LIKELY(!atomic_load(&sink->asks_consumer)) || !sp2__ring_has_room(&sink->ring)) {
        return false;
    }
    make_room(sink);
    return true;
}

void sp2__ring_sink_spin(sp2__ring_sink *sink, uint64_t limit_ns) {
    spin_until(sp2__ring_sink_has_something, sink, limit_ns);
}

static void destroy(sp2__sink *base) {
    sp2__ring_sink *sink = from_base(base);
    sp2_heap *heap;
    while (sp2__ring_pop(&sink->ring, &heap, 1) != 0) {
        sp2__heap_free(heap);
    }
    while (sink->waiting_first != NULL) {
        heap = sink->waiting_first;
        sink->waiting_first = heap->next;
        sp2__heap_free(heap);
    }
    sp2__ring_destroy(&sink->ring);
    sp2__ready_handle_destroy(&sink->ready_handle);
    sp2__ready_call_destroy(&sink->ready_call);
}

static void close_copy(sp2__sink *base) {
    sp2__ready_handle_close_copy(&from_base(base)->ready_handle);
}

static const sp2__sink_ops ops = {
    .deliver = deliver,
    .settle = settle,
    .end = end,
    .publish = publish,
    .announce = announce,
    .serve = serve,
    .wait_for_room = wait_for_room,
    .destroy = destroy,
    .close_copy = close_copy,
};

bool sp2__ring_sink_init(sp2__ring_sink *sink, sp2_receive_stream *stream, uint64_t capacity,
                         int64_t spin_ns) {
    if (!sp2__ring_init(&sink->ring, capacity)) {
        return false;
    }
    sink->base = (sp2__sink){&ops, stream};
    sink->spin_ns = spin_ns;
    sp2__ready_call_init(&sink->ready_call);
    sp2__ready_handle_init(&sink->ready_handle);
    return true;
}
