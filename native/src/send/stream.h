/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_STREAM_H
#define SP2_SEND_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/logger.h"
#include "base/process.h"
#include "base/thread.h"
#include "runtime/event_loop.h"
#include "runtime/wake.h"
#include "send/packetizer.h"
#include "send/rate_limiter.h"
#include "send/writer.h"
#include "spead2core/send.h"

/* Packets cut, and handed to a writer, at a time: what one system call takes. */
#define SP2__BATCH_PACKETS 64

/* A place in the queue: one heap, and if it is the first of its group, the group. */
typedef struct sp2__queued_heap {
    sp2__packetizer packetizer;
    uint64_t substream;
    double ns_per_byte;
    /* Of the group: */
    uint32_t heaps; /* 0: not the first */
    int32_t mode;
    uint32_t unfinished;   /* heaps that have further packets */
    uint32_t turn;         /* whose packet is next, counted from the first */
    uint64_t on_their_way; /* packets that were cut but not dealt with yet */
    sp2_send_result result;
    sp2_send_complete_fn complete;
    void *context;
} sp2__queued_heap;

/* Packets that were cut, in order; the room for their heads and pieces is allocated once. */
typedef struct sp2__batch {
    sp2__packet_out *packets; /* what writers see */
    sp2__packet_writer **writers;
    sp2__queued_heap **groups;
    uint8_t *room;
    sp2__piece *pieces; /* of all packets, one after the other */
    uint32_t piece_count;
    uint32_t count;
    uint32_t done; /* dealt with */
} sp2__batch;

/*
 * A send stream. Users queue heaps under the lock; everything else is done by one task on the loop
 * of the stream, which needs the lock only to see what was queued and to free places.
 */
struct sp2_send_stream {
    uint32_t process; /* that made the stream; base/process.h */
    sp2_thread_pool *pool;
    sp2__event_loop *loop;
    uint32_t loop_index;
    sp2__task task;
    sp2__timer timer;
    sp2__logger logger;
    uint32_t max_packet_size;
    uint64_t max_heaps;

    sp2__mutex lock;
    sp2__wake completed; /* a group was completed, or the task has seen the stop */
    /* Under the lock: */
    sp2__queued_heap *queue; /* a circle of max_heaps places */
    uint64_t queued;         /* heaps ever queued */
    uint64_t freed;          /* heaps ever taken out: completed, or about to be */
    uint64_t told;           /* heaps whose completion has returned */
    uint64_t next_cnt;
    uint64_t cnt_step;
    bool idle;    /* the task waits for heaps, and is to be posted */
    bool stopped; /* nothing is queued any more */
    bool ended;   /* the task has seen the stop */
    sp2_send_stats stats;
    sp2__packet_writer *writers; /* a list that does not change once a heap was queued */
    uint64_t substreams;

    /* The task's: */
    uint64_t cut; /* heaps that all packets were cut of, ever: up to the group that is being cut */
    sp2__batch batch;
    sp2__rate_limiter limiter;
    uint64_t late_max; /* nanoseconds by which a burst was late */
};

#endif
