/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_SOURCE_H
#define SP2_RECEIVE_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/thread.h"
#include "packet/dialect.h"
#include "receive/flow.h"
#include "receive/steering.h"
#include "runtime/event_loop.h"
#include "spead2core/source.h"

/* What a transport implements. */
typedef struct sp2__source_ops {
    /* Hands packets to the stream, for one slice; what is told of the slice is an answer. With the
     * source's lock, on its loop, in the state running. */
    sp2__answer (*poll)(sp2_packet_source *source);
    /* From then on the source's loop runs it when something has arrived: after SP2__IDLE. With the
     * source's lock. Returns 0 or an error number. NULL: the source never answers that. */
    int32_t (*arm)(sp2_packet_source *source);
    /* Undoes that. As `arm`. */
    int32_t (*disarm)(sp2_packet_source *source);
    /* Closes the source for good, and sets `unused`. With the source's lock and statistics lock,
     * any thread. May be NULL. */
    void (*close)(sp2_packet_source *source);
    /* Closes a forked child's copy of the descriptors, and nothing else. May be NULL. */
    void (*close_copy)(sp2_packet_source *source);
    /* Updates `dropped`. With the source's statistics lock, any thread. May be NULL. */
    void (*count_drops)(sp2_packet_source *source);
    /* Gives up what the loop may have used until now, once the source is closed. On the loop.
     * False: something is still in use; ask again. May be NULL. */
    bool (*detach)(sp2_packet_source *source);
    void (*free)(sp2_packet_source *source);
    /* Says who sent the datagram that is being handed over; leaves *sender alone if that is not
     * known. With the stream's lock, during a slice. NULL: nobody did. */
    void (*tell_sender)(sp2_packet_source *source, sp2__address *sender);
    /* Moves all that has arrived to the queues of the members that share the port; whether nothing
     * is left. With the source's lock. NULL: the source is never a member. */
    bool (*move)(sp2_packet_source *source);
    const char *piece; /* what messages call what it hands over; NULL: a datagram */
    bool lossy;        /* packets are lost while the source does not read */
} sp2__source_ops;

/*
 * One source of packets of a stream; the first member of each transport's own struct. The stream
 * holds a reference from its creation until its loop has let go of it, and a handle holds one:
 * after the stream's end only `info`, the statistics and the locks are used.
 */
struct sp2_packet_source {
    const sp2__source_ops *ops;
    sp2_receive_stream *stream;
    uint32_t process; /* that made the source; base/process.h */
    _Atomic uint32_t references;
    sp2_packet_source_info info; /* what does not change: all but `state` */
    sp2__event_loop *loop;
    uint32_t loop_index;
    sp2__dialect dialect;  /* of its packets */
    sp2__task task;        /* a slice */
    sp2__timer timer;      /* a slice later; the loop's */
    sp2__task retire;      /* after the end */
    sp2__steered *steered; /* where it shares its port with other sources, or NULL */

    sp2__mutex lock; /* held during a slice */
    /* Under the lock: */
    bool armed;
    bool found_empty;       /* the latest look, of a member that shares its port, found nothing */
    uint64_t slice_packets; /* handed over in the slice that is under way, where it counts */
    uint64_t slice_bytes;
    uint64_t batch_packets;        /* packets of the batch that is under way */
    sp2_packet_source_stats stats; /* of the slice that is under way, too */

    sp2__mutex stats_lock; /* inside `lock`: keeps the source open while drops are counted */
    bool closed;           /* changed under both locks */
    bool removed;          /* by its user; as `closed` */
    sp2_packet_source_stats published; /* under the statistics lock: as of the latest slice's end */
    _Atomic uint64_t dropped;          /* packets that the kernel has dropped so far */
    _Atomic uint64_t unused; /* packets taken from the source, but not used when it was closed */
    _Atomic(const char *) suggested; /* name of a dialect that takes what was refused, or NULL */

    /* Under the stream's lock: */
    sp2_packet_source *next;        /* in the stream's list, whose lock changes it, too */
    bool is_listed;                 /* in that list */
    uint32_t number;                /* of the stream's sources, from 1 */
    uint32_t refused;               /* datagrams that were looked at for `suggested` */
    sp2_packet_source *next_parked; /* these four are the flow's */
    bool is_parked;
    uint32_t yields_to;     /* number of the source that this one waits for */
    uint64_t yields_served; /* yields before the latest slice that others waited for */
};

/* How much a source may do in one slice, so that the other sources of its thread get theirs: well
 * under a millisecond. The end of a slice costs some microseconds. */
#define SP2__SLICE_PACKETS 4096
#define SP2__SLICE_BYTES ((uint64_t)16 << 20)

/* Prepares the common part, on the pool's thread with the fewest sources. It has one reference, and
 * counts as attached to the stream until it has been closed. */
void sp2__source_init(sp2_packet_source *source, const sp2__source_ops *ops, uint32_t kind,
                      sp2_receive_stream *stream);

/* Makes a handle for the caller who wants one; NULL: does not. */
void sp2__source_hand_out(sp2_packet_source *source, sp2_packet_source **handle);

/* Gives up a reference. */
void sp2__source_release(sp2_packet_source *source);

/* Closes the source, if it is open, and lets the loop give up the stream's reference. Waits for a
 * slice that is running on another thread. */
void sp2__source_close(sp2_packet_source *source);

/* Makes visible what was counted outside of a slice. With the source's lock. */
void sp2__source_publish(sp2_packet_source *source);

/* Brings `dropped` up to date, if the source is open. */
void sp2__source_count_drops(sp2_packet_source *source);

#endif
