/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_SOURCE_H
#define SP2_RECEIVE_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"
#include "runtime/event_loop.h"
#include "spead2core/source.h"

/* How a source's turn ended. */
typedef enum sp2__turn {
    SP2__TURN_WAIT,    /* its source has nothing more now: its socket will call */
    SP2__TURN_MORE,    /* there is more: others first, then this source again */
    SP2__TURN_BLOCKED, /* the ring is full: go on when the consumer has made room */
    SP2__TURN_END      /* the source has ended, or the stream has stopped */
} sp2__turn;

/* What a transport implements. */
typedef struct sp2__source_ops {
    /* Hands packets to the stream, for a limited time. With the source's lock, on its loop. */
    sp2__turn (*turn)(sp2_packet_source *source);
    /* Keeps the source from calling until the source's next turn. As `turn`. May be NULL. */
    void (*pause)(sp2_packet_source *source);
    /* Closes the source for good, and sets `unused`. With the source's lock and source lock, any
     * thread. May be NULL. */
    void (*close)(sp2_packet_source *source);
    /* Closes a forked child's copy of the descriptors, and nothing else. May be NULL. */
    void (*close_copy)(sp2_packet_source *source);
    /* Updates `dropped`. With the source's source lock, any thread. May be NULL. */
    void (*count_drops)(sp2_packet_source *source);
    /* Gives up what belongs to the stream or its threads, when the source is closed and no turn can
     * begin any more. May be NULL. */
    void (*detach)(sp2_packet_source *source);
    void (*free)(sp2_packet_source *source);
    bool lossy; /* packets are lost while the source does not read */
} sp2__source_ops;

/*
 * One source of packets of a stream; the first member of each transport's own struct. The stream
 * holds a reference until it is destroyed, and a handle holds one: after the stream's end only
 * `info`, the statistics and the locks are used.
 */
struct sp2_packet_source {
    const sp2__source_ops *ops;
    sp2_receive_stream *stream;
    uint32_t process; /* that made the source; base/process.h */
    _Atomic uint32_t references;
    _Atomic uint32_t state;      /* an sp2_source_state */
    sp2_packet_source_info info; /* what does not change: all but `state` */
    sp2__event_loop *loop;
    uint32_t loop_index;
    sp2__task task;
    sp2__mutex lock;        /* held during a turn */
    sp2__mutex source_lock; /* inside `lock`: keeps the source open while drops are counted */
    bool closed;            /* changed under both locks */
    bool paused;            /* under the stream's lock */
    sp2_packet_source_stats stats;     /* under `lock`: of the slice that is under way, too */
    sp2_packet_source_stats published; /* under `source_lock`: as of the latest slice's end */
    uint64_t batch_packets;            /* packets of the batch that is under way */
    _Atomic uint64_t dropped;          /* packets that the kernel has dropped so far */
    _Atomic uint64_t unused; /* packets taken from the source, but not used when it was closed */
    sp2_packet_source *next; /* the stream's list */
};

/* How much a source may do in one turn, so that the other sources of its thread get theirs: well
 * under a millisecond. The end of a turn costs some microseconds. */
#define SP2__TURN_PACKETS 4096
#define SP2__TURN_BYTES ((uint64_t)16 << 20)

/* Prepares the common part, on the pool's thread with the fewest sources. It has one reference. */
void sp2__source_init(sp2_packet_source *source, const sp2__source_ops *ops, uint32_t kind,
                      sp2_receive_stream *stream);

/* Gives up the stream's reference. No turn may be running or waiting, and the source is closed. */
void sp2__source_detach(sp2_packet_source *source);

/* Makes a handle for the caller who wants one; NULL: does not. */
void sp2__source_hand_out(sp2_packet_source *source, sp2_packet_source **handle);

/* Notes what the source does; one that is closed stays so. */
void sp2__source_set_state(sp2_packet_source *source, sp2_source_state state);

/* Closes the source, if it is open. Waits for a turn that is running on another thread. */
void sp2__source_close(sp2_packet_source *source);

/* Brings `dropped` up to date, if the source is open. */
void sp2__source_count_drops(sp2_packet_source *source);

#endif
