/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_STEERING_H
#define SP2_RECEIVE_STEERING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/thread.h"
#include "receive/flow.h"

/*
 * Sources of one port that share its heaps, each for a stream of its own: every heap belongs to one
 * of these members, by its cnt. The kernel steers as many packets as it can to the socket of their
 * member. A stray, a packet that another member got, is handed over.
 *
 * Strays wait in queues, one for each pair of members, so that each keeps the order of a socket.
 * But between sockets there is no order: what is missing of a heap may be a stray that another
 * member has not come to yet. So a heap that newer ones push out stays live until a round has
 * passed: the member asks the others, and each answers when it has handed over all that its socket
 * had when it was asked. And a packet that would move a window of chunks is held back, with what
 * comes behind it in its queue, until a round has passed after everything else was taken; then the
 * packet of the earliest chunk goes first. A member that cannot go on itself, as its sink is full
 * or as it is in a round, too, answers by moving what is its own to a queue as well.
 *
 * Threads: a member is its source's, under that one's lock, but for what is atomic.
 */
typedef struct sp2__steering sp2__steering;

/* Blocks of strays, the one that came last first: any thread pushes, one takes all. */
typedef struct sp2__stray_block sp2__stray_block;

typedef struct sp2__stray_queue {
    _Atomic(sp2__stray_block *) pushed;
    sp2__stray_block *open;  /* the giver's: not pushed yet */
    sp2__stray_block *first; /* the taker's, in order */
} sp2__stray_queue;

typedef struct sp2__steered {
    sp2__steering *steering;
    uint32_t index;
    bool wants;                /* a packet was held back since that was last looked at */
    bool has_open;             /* there are blocks that are not pushed */
    bool is_stray;             /* the packet under way comes from a queue */
    uint32_t max_size;         /* of a packet */
    bool keeps;                /* heaps that were pushed out stay live for it */
    uint64_t rounds;           /* that it has begun */
    uint64_t request;          /* of the one that is under way; 0: none is */
    uint64_t asked_ns;         /* when that began */
    uint64_t holds;            /* the round that packets are held back for; 0: none are */
    int64_t reached;           /* chunks up to this one may be begun */
    int64_t wanted;            /* the earliest chunk that a packet is held back for */
    uint64_t noted;            /* the latest request of others that it knows of */
    uint64_t noted_at;         /* bytes that its socket had brought when it noted that */
    uint64_t buffered;         /* bytes that its socket can hold */
    _Atomic uint64_t answered; /* requests up to this one */
    _Atomic uint64_t waiting;  /* bytes of blocks that wait for it */
    _Atomic uint64_t arrivals; /* of blocks */
    _Atomic bool waits;        /* for answers */
    _Atomic bool needs_room;   /* in the queue of another member */
    sp2__mutex lock;
    sp2_packet_source *source; /* under that lock; NULL: closed */
} sp2__steered;

/* A stream has no more heaps than this that stay live without a slot, nor so many bytes of several:
 * then the oldest ones are evicted. */
#define SP2__MOST_KEPT_HEAPS 4096
#define SP2__MOST_KEPT_BYTES ((uint64_t)64 << 20)

/* NULL if there is no memory. Each member has a reference. */
sp2__steering *sp2__steering_create(uint32_t count);

/* Makes the source a member. Before anything is received. */
void sp2__steering_join(sp2__steering *steering, uint32_t index, sp2_packet_source *source,
                        uint32_t max_size);

/* Gives up a member's reference. */
void sp2__steering_release(sp2__steering *steering);

/* ---- with the source's lock, on its loop ---- */

/* A slice of a member: its strays, and its socket. */
sp2__answer sp2__steered_poll(sp2_packet_source *source);

/* The same for one that may not hand packets over: does what others wait for. */
void sp2__steered_look_aside(sp2_packet_source *source);

/* Moves a datagram to the queue of its member. False: that has no room. */
bool sp2__steered_move(sp2_packet_source *source, const uint8_t *bytes, uint32_t length,
                       bool truncated, const sp2__address *sender);

/* The source is closed, with its statistics lock, too; returns the strays that waited for it. */
uint64_t sp2__steered_close(sp2_packet_source *source);

/* ---- with the stream's lock, too, while packets are handed over ---- */

/* Whether heaps with this cnt are the member's own. */
bool sp2__steered_owns(const sp2__steered *member, uint64_t cnt);

/* Hands a stray to the member that it belongs to. SP2__MORE, or SP2__PARKED: it was not used. */
sp2__answer sp2__steered_hand_over(sp2__steered *member, uint64_t cnt, const uint8_t *bytes,
                                   uint64_t length, const sp2__address *sender);

/* Whether the packet under way may move a window as far as this chunk. If not, it is held back. */
bool sp2__steered_may_reach(sp2__steered *member, int64_t chunk);

/* A stop item came: the streams of all members end when they have what was sent before it. */
void sp2__steered_end(sp2__steered *member);

#endif
