/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_SINK_H
#define SP2_RECEIVE_SINK_H

#include <stdbool.h>

#include "spead2core/heap.h"
#include "spead2core/receive.h"

/* Where a stream's finished heaps go. */
typedef struct sp2__sink sp2__sink;

/* What a kind of sink implements. */
typedef struct sp2__sink_ops {
    /* ---- under the stream's lock ---- */

    /* Takes a finished heap, always. False if the sink is full: then the stream blocks. */
    bool (*deliver)(sp2__sink *sink, sp2_heap *heap);
    /* Makes room if that is possible. False if the sink is still full: then it sees to it that
     * sp2__stream_settle is called once it has room. */
    bool (*settle)(sp2__sink *sink);
    /* When a full sink has to be settled by itself, a time of sp2__clock_ns; 0: never. NULL: it
     * never has to. */
    uint64_t (*look_at)(sp2__sink *sink);
    /* No heap will be delivered any more. */
    void (*end)(sp2__sink *sink);
    /* The lock is about to be released: others may see what was delivered. Returns whether
     * `announce` is to be called. */
    bool (*publish)(sp2__sink *sink);

    /* ---- without any lock ---- */

    /* Tells waiters that there is something new. */
    void (*announce)(sp2__sink *sink);
    /* Calls the user's function if it is due. Without locks of sources, too. */
    void (*serve)(sp2__sink *sink);
    /* The sink is full: gives its consumer a chance to make room. As `serve`. Returns whether there
     * is room: then the next source that enters the stream settles. */
    bool (*wait_for_room)(sp2__sink *sink);
    /* Frees what is left. No source is left, and no other call is running. */
    void (*destroy)(sp2__sink *sink);
    /* Closes a forked child's copy of the descriptors, and nothing else. */
    void (*close_copy)(sp2__sink *sink);
} sp2__sink_ops;

struct sp2__sink {
    const sp2__sink_ops *ops;
    sp2_receive_stream *stream;
};

#endif
