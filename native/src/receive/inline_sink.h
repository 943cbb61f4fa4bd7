/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_INLINE_SINK_H
#define SP2_RECEIVE_INLINE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "receive/sink.h"

/*
 * Finished heaps are handed to a user-supplied function, on the thread that has received them, when
 * that has released the stream's lock. One thread at a time does that, also for heaps that others
 * add meanwhile.
 */
typedef struct sp2__inline_sink {
    sp2__sink base;
    sp2_heap_fn on_heap;
    void *context;
    /* Under the stream's lock: */
    sp2_heap *first; /* heaps that have not been handed over, in order */
    sp2_heap *last;
    uint32_t count; /* of these heaps */
    uint64_t bytes; /* of their payload */
    bool serving;   /* a thread is handing heaps over */
    bool ended;     /* no heap will be delivered any more */
    bool told_end;  /* and the function was called to say so */
} sp2__inline_sink;

void sp2__inline_sink_init(sp2__inline_sink *sink, sp2_receive_stream *stream, sp2_heap_fn on_heap,
                           void *context);

#endif
