/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_CHUNK_GROUP_H
#define SP2_RECEIVE_CHUNK_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "receive/chunk.h"
#include "spead2core/chunk.h"

/*
 * The sequence of chunks, its members and its consumers: all of it under one short lock, inside of
 * streams' locks. No user code runs and no payload is copied with it.
 *
 *     free chunks -> window [head, tail) -> data ring -> consumer -> free chunks
 *
 * A member copies without the lock. What it may write to while its slice lasts are the chunks from
 * its `pin` on, which is the group's head when the slice begins. No consumer gets these before the
 * slice ends. So a member refers to no chunk between its slices, and one that is silent holds none.
 */
typedef struct sp2__chunk_member sp2__chunk_member;

/* Where a chunk is that a member asks for. */
typedef enum sp2__reach {
    SP2__REACH_OK,
    SP2__REACH_TOO_OLD,
    SP2__REACH_WAIT, /* the member is settled when there may be more */
    SP2__REACH_ENDED /* the group has ended */
} sp2__reach;

/* Origin of a group without one yet. */
#define SP2__NO_ORIGIN UINT64_MAX

/* SP2_OK and a member with a reference to the group, if that can have one more. */
int32_t sp2__chunk_group_join(sp2_chunk_group *group, sp2_receive_stream *stream,
                              const sp2_chunk_options *options, sp2__chunk_member **member);

/* The member's stream is about to be freed. Without any lock; waits for threads that settle it. */
void sp2__chunk_group_part(sp2__chunk_member *member);

/* ---- under the stream's lock ---- */

/* A slice begins. *head is the first chunk of both the group's window and the member's own. False
 * if the group has ended. */
bool sp2__chunk_group_begin_slice(sp2__chunk_member *member, int64_t *head);

/* It ends, or there was none. `active`: a packet was handed over in it. Returns whether
 * sp2__chunk_group_announce is due. */
bool sp2__chunk_group_end_slice(sp2__chunk_member *member, bool active);

/* Moves the window as far as a heap of chunk `id` needs it. *head as above. *chunk is set if
 * the answer is OK. `first`: this begins a wait if it is one, which counts. */
sp2__reach sp2__chunk_group_reach(sp2__chunk_member *member, int64_t id, bool first, int64_t *head,
                                  sp2_chunk **chunk);

/* Chunks of the member's own window. Any thread. */
int64_t sp2__chunk_group_window(const sp2__chunk_member *member);

/* When a member that waits has to look again by itself, a time of sp2__clock_ns; 0: never. */
uint64_t sp2__chunk_group_look_at(sp2__chunk_member *member);

/* The member places no heap any more. */
void sp2__chunk_group_end_member(sp2__chunk_member *member);

/* The origin of time: `proposed` if there was none. */
uint64_t sp2__chunk_group_origin(sp2__chunk_member *member, uint64_t proposed);

/* ---- without a stream's lock ---- */

/* Lets members go on whose wait may be over, and wakes consumers. */
void sp2__chunk_group_announce(sp2__chunk_member *member);

/* Calls the ready callback if it is due. Without any lock. */
void sp2__chunk_group_serve(sp2__chunk_member *member);

#endif
