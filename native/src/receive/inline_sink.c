/* SPDX-License-Identifier: MIT */
#include "receive/inline_sink.h"

#include "base/compiler.h"
#include "heap/heap.h"
#include "receive/stream.h"

/* So many heaps, or bytes of payload, may wait to be handed over: a source that has added more lets
 * the function have them first. */
#define MOST_HEAPS 64
#define MOST_BYTES 1048576

static sp2__inline_sink *from_base(sp2__sink *base) {
    return SP2__CONTAINER(base, sp2__inline_sink, base);
}

static bool has_room(const sp2__inline_sink *sink) {
    return sink->count < MOST_HEAPS && sink->bytes < MOST_BYTES;
}

static bool deliver(sp2__sink *base, sp2_heap *heap) {
    sp2__inline_sink *sink = from_base(base);
    heap->next = NULL;
    if (sink->first == NULL) {
        sink->first = heap;
    } else {
        sink->last->next = heap;
    }
    sink->last = heap;
    sink->count++;
    sink->bytes += heap->received_length;
    return has_room(sink);
}

/* The thread that hands the heaps over settles then. */
static bool settle(sp2__sink *base) {
    return has_room(from_base(base));
}

static void end(sp2__sink *base) {
    from_base(base)->ended = true;
}

static bool publish(sp2__sink *base) {
    sp2__copier_fence(&base->stream->assembler.copier);
    return false;
}

static void announce(sp2__sink *base) {
    (void)base; /* nobody waits */
}

static void hand_over(sp2__inline_sink *sink, sp2_heap *heap) {
    while (heap != NULL) {
        sp2_heap *next = heap->next;
        sp2__heap_freeze(heap);
        sink->on_heap(sink->context, heap);
        heap = next;
    }
}

/* Takes what is to be handed over; false if there is nothing. *heaps is NULL at the end. */
static bool take(sp2__inline_sink *sink, sp2_heap **heaps) {
    *heaps = sink->first;
    sink->first = NULL;
    sink->count = 0;
    sink->bytes = 0;
    if (*heaps == NULL && sink->ended && !sink->told_end) {
        sink->told_end = true;
        return true;
    }
    return *heaps != NULL;
}

static void serve(sp2__sink *base) {
    sp2__inline_sink *sink = from_base(base);
    sp2_receive_stream *stream = base->stream;
    sp2_heap *heaps;
    sp2__mutex_lock(&stream->lock);
    if (sink->serving) {
        sp2__mutex_unlock(&stream->lock);
        return;
    }
    sink->serving = true;
    while (take(sink, &heaps)) {
        /* Other threads may add heaps meanwhile. */
        sp2__stream_settle(stream);
        sp2__stream_unlock(stream);
        if (heaps != NULL) {
            hand_over(sink, heaps);
        } else {
            sink->on_heap(sink->context, NULL);
        }
        sp2__mutex_lock(&stream->lock);
    }
    sink->serving = false;
    sp2__mutex_unlock(&stream->lock);
}

/* The thread that hands the heaps over has settled. */
static bool wait_for_room(sp2__sink *base) {
    serve(base);
    return false;
}

static void destroy(sp2__sink *base) {
    (void)base; /* the end was told, so that nothing is left */
}

static void close_copy(sp2__sink *base) {
    (void)base; /* it has no descriptors */
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

void sp2__inline_sink_init(sp2__inline_sink *sink, sp2_receive_stream *stream, sp2_heap_fn on_heap,
                           void *context) {
    *sink = (sp2__inline_sink){
        .base = {&ops, stream},
        .on_heap = on_heap,
        .context = context,
    };
}
