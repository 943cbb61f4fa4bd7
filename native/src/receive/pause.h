/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_PAUSE_H
#define SP2_RECEIVE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "spead2core/receive.h"
#include "spead2core/udp.h"

/*
 * Whether it is worth a warning that the sources of a stream pause, because its sink is full: when
 * the kernel drops messages meanwhile, or soon after, and when it lasts long. A pause of a moment
 * is how a stream adapts to its consumer. Under the stream's lock.
 */
typedef struct sp2__pause {
    int64_t long_ns;                /* how long is too long; SP2_NEVER_LONG */
    bool of_chunks;                 /* the sink is one of chunks */
    uint64_t began_ns;              /* of the pause that is under way; 0: there is none */
    uint64_t ended_ns;              /* of the latest one; 0: there was none */
    uint64_t looked_ns;             /* when the kernel's drops were counted last */
    uint64_t dropped;               /* as of then */
    bool knows_causes;              /* the system tells why messages are dropped */
    sp2_kernel_udp_counters causes; /* as of the drops that were seen last */
    bool is_told;                   /* it was said that the pause that is under way is long */
} sp2__pause;

void sp2__pause_init(sp2__pause *pause, int64_t long_ns, bool of_chunks);

/* Packets may be lost from now on. Without any lock. */
void sp2__pause_watch(sp2_receive_stream *stream);

/* A heap waits for room in the ring, which was not so before. */
void sp2__pause_begin(sp2_receive_stream *stream);

/* No heap waits any more; a pause is under way. */
void sp2__pause_end(sp2_receive_stream *stream);

/* Says that the pause that is under way is long, once it is. Returns when to call this, a time of
 * sp2__clock_ns; 0: not in this pause. */
uint64_t sp2__pause_check(sp2_receive_stream *stream);

/* The stream has been stopped. */
void sp2__pause_finish(sp2_receive_stream *stream);

#endif
