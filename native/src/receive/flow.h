/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_FLOW_H
#define SP2_RECEIVE_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "spead2core/heap.h"
#include "spead2core/source.h"

/*
 * Whether the sources of a stream may hand packets over: one state for all of them, changed under
 * the stream's lock. Nothing else says that a source has to pause.
 *
 *     unstarted -> running <-> blocked -> closed        (closed follows each of the others, too)
 *
 * Blocked is a stream whose sink is full. A source that comes upon a state that does not let it go
 * on is parked: its loop does not look at it any more. It goes on when the state is running again.
 */
typedef enum sp2__flow_state {
    SP2__FLOW_UNSTARTED,
    SP2__FLOW_RUNNING,
    SP2__FLOW_BLOCKED,
    SP2__FLOW_CLOSED
} sp2__flow_state;

/* What a source is told when it hands over a packet, and what it tells of a slice. */
typedef enum sp2__answer {
    SP2__MORE,    /* go on; of a slice: others first, then this source again */
    SP2__IDLE,    /* of a slice: nothing has arrived; the source waits for its socket */
    SP2__LATER,   /* of a slice: nothing can be done now, and nobody will call; a timer does */
    SP2__BLOCKED, /* not before the state is running again */
    SP2__YIELD,   /* others first, the packet was not used: it is to be handed over again */
    SP2__PARKED,  /* the same, but not before another source has had a slice */
    SP2__ENDED    /* never */
} sp2__answer;

/*
 * A heap is pushed out when its substream has started many newer ones. But the rest of it may wait
 * in another source, which has not had its turn. So a source passes over the heaps that others
 * feed, each so many times at most. Where there is no other slot it yields to the source that the
 * heap's latest packet came from: it is parked until that one has had a slice, and again as long as
 * that brings the heap more payload, but not forever. No packet looks at more slots than it takes
 * to find a free one where each source feeds a heap or two.
 */
#define SP2__MOST_PASSES 256
#define SP2__MOST_PASSES_OF_A_PACKET 32
#define SP2__MOST_YIELDS 256

typedef struct sp2__flow {
    _Atomic uint32_t state;  /* an sp2__flow_state; changed under the stream's lock */
    _Atomic uint64_t yields; /* ever; changed under the stream's lock */
    _Atomic uint32_t yielding_count;
    /* Under the stream's lock: */
    sp2_packet_source *parked;   /* until the state is running again */
    sp2_packet_source *yielding; /* until another source has had a slice */
} sp2__flow;

void sp2__flow_init(sp2__flow *flow, bool started);

/* Any thread, without the lock: then it may have changed already. */
static inline sp2__flow_state sp2__flow_state_of(sp2__flow *flow) {
    return (sp2__flow_state)atomic_load_explicit(&flow->state, memory_order_acquire);
}

static inline bool sp2__flow_is_closed(sp2__flow *flow) {
    return sp2__flow_state_of(flow) == SP2__FLOW_CLOSED;
}

/* Whether the packet that was handed over was used. */
static inline bool sp2__answer_used(sp2__answer answer) {
    return SP2__LIKELY(answer != SP2__YIELD && answer != SP2__PARKED);
}

/* What a source is told in the state of now. */
static inline sp2__answer sp2__flow_answer(sp2__flow *flow) {
    const sp2__flow_state state = sp2__flow_state_of(flow);
    return SP2__LIKELY(state == SP2__FLOW_RUNNING) ? SP2__MORE
           : state == SP2__FLOW_CLOSED             ? SP2__ENDED
                                                   : SP2__BLOCKED;
}

/* ---- under the stream's lock ---- */

/* The user starts the stream: from unstarted to running. */
void sp2__flow_start(sp2__flow *flow);

/* The sink is full: from running to blocked. */
void sp2__flow_block(sp2__flow *flow);

/* The sink has room: from blocked to running. */
void sp2__flow_resume(sp2__flow *flow);

/* The stream ends: to closed. False if it is already. Parked sources stay where they are, until
 * they are closed. */
bool sp2__flow_close(sp2__flow *flow);

/* Lets parked sources see on their own loops when to look again. They stay parked. */
void sp2__flow_look(sp2__flow *flow);

/* Parks a source unless the state lets it go on; returns whether it is parked. */
bool sp2__flow_park(sp2__flow *flow, sp2_packet_source *source);

/* Whether `source`, which is about to push out `heap`, must let the one that fed it go first: then
 * it is parked, and the other gets a slice. */
bool sp2__flow_must_yield(sp2__flow *flow, sp2_packet_source *source, sp2_packet_source *feeder,
                          sp2_heap *heap);

/* A source has had a slice that began after so many yields: sources that yielded look again. */
void sp2__flow_slice_done(sp2__flow *flow, sp2_packet_source *source, uint64_t yields_before);

/* The source is closed: it will not go on, and nobody waits for it. */
void sp2__flow_forget(sp2__flow *flow, sp2_packet_source *source);

#endif
