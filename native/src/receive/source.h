/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_SOURCE_H
#define SP2_RECEIVE_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"
#include "runtime/event_loop.h"
#include "spead2core/receive.h"

typedef struct sp2__reader sp2__reader;

/* How a reader's turn ended. */
typedef enum sp2__turn {
    SP2__TURN_WAIT,    /* its source has nothing more now: its socket will call */
    SP2__TURN_MORE,    /* there is more: others first, then this reader again */
    SP2__TURN_BLOCKED, /* the ring is full: go on when the consumer has made room */
    SP2__TURN_END      /* the source has ended, or the stream has stopped */
} sp2__turn;

/* What a transport implements. */
typedef struct sp2__reader_ops {
    /* Hands packets to the stream, for a limited time. With the reader's lock, on its loop. */
    sp2__turn (*turn)(sp2__reader *reader);
    /* Keeps the source from calling until the reader's next turn. As `turn`. May be NULL. */
    void (*pause)(sp2__reader *reader);
    /* Closes the source for good, and sets `unused`. With the reader's lock and source lock, any
     * thread. May be NULL. */
    void (*close)(sp2__reader *reader);
    /* Closes a forked child's copy of the descriptors, and nothing else. May be NULL. */
    void (*close_copy)(sp2__reader *reader);
    /* Updates `dropped`. With the reader's source lock, any thread. May be NULL. */
    void (*count_drops)(sp2__reader *reader);
    void (*free)(sp2__reader *reader);
    bool lossy; /* packets are lost while the reader does not read */
} sp2__reader_ops;

/*
 * One source of packets of a stream; the first member of each transport's own struct. It lives as
 * long as the stream.
 */
struct sp2__reader {
    const sp2__reader_ops *ops;
    sp2_receive_stream *stream;
    sp2__event_loop *loop;
    uint32_t loop_index;
    sp2__task task;
    sp2__mutex lock;          /* held during a turn */
    sp2__mutex source_lock;   /* inside `lock`: keeps the source open while drops are counted */
    bool closed;              /* changed under both locks */
    bool paused;              /* under the stream's lock */
    uint64_t batch_packets;   /* packets of the batch that is under way */
    _Atomic uint64_t dropped; /* packets that the kernel has dropped so far */
    _Atomic uint64_t unused;  /* packets taken from the source, but not used when it was closed */
    sp2__reader *next;        /* the stream's list */
};

/* How much a reader may do in one turn, so that the other readers of its thread get theirs: well
 * under a millisecond. The end of a turn costs some microseconds. */
#define SP2__TURN_PACKETS 4096
#define SP2__TURN_BYTES ((uint64_t)16 << 20)

/* Prepares the common part, on the pool's thread with the fewest readers. */
void sp2__reader_init(sp2__reader *reader, const sp2__reader_ops *ops, sp2_receive_stream *stream);

/* Undoes sp2__reader_init. No turn may be running or waiting. */
void sp2__reader_fini(sp2__reader *reader);

/* Closes the source, if it is open. Waits for a turn that is running on another thread. */
void sp2__reader_close(sp2__reader *reader);

/* Brings `dropped` up to date, if the source is open. */
void sp2__reader_count_drops(sp2__reader *reader);

#endif
