/* SPDX-License-Identifier: MIT */
#ifndef SP2_STREAM_RING_H
#define SP2_STREAM_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/thread.h"
#include "base/wake.h"
#include "spead2core/heap.h"

/*
 * Finished heaps on their way to the consumer. One producer at a time (the stream's lock), any
 * number of consumers. Neither side ever waits here for the other.
 */
typedef struct sp2__ring {
    sp2_heap **slots;
    uint64_t capacity;
    _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t tail; /* heaps pushed, ever */
    uint64_t tail_slot;                                   /* the producer's: tail % capacity */
    uint64_t known_head;                                  /* the producer's latest look at head */
    _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t head; /* heaps popped, ever */
    uint64_t head_slot;                                   /* the consumers': head % capacity */
    sp2__mutex consumer_lock;
    _Alignas(SP2__CACHE_ISOLATION) sp2__wake wake; /* consumers that wait in a blocking pop */
    atomic_bool request;                           /* somebody wants the ready callback */
    atomic_bool stopped;                           /* nothing will be pushed any more */
} sp2__ring;

/* False if there is no memory. The ring must be zeroed and isolated. */
bool sp2__ring_init(sp2__ring *ring, uint64_t capacity);

/* Frees the heaps that nobody has taken. */
void sp2__ring_destroy(sp2__ring *ring);

/* Producer. False if the ring is full. Wakes blocking consumers; *ready is set, and never cleared,
 * if the ready callback is now due. */
bool sp2__ring_push(sp2__ring *ring, sp2_heap *heap, atomic_bool *ready);

/* Producer. Ends the ring: what is in it can still be popped. *ready as above. */
void sp2__ring_stop(sp2__ring *ring, atomic_bool *ready);

/* Consumer. Takes up to `capacity` heaps; returns how many. */
uint32_t sp2__ring_pop(sp2__ring *ring, sp2_heap **heaps, uint32_t capacity);

/* Whether the ring is at most half full: time for a paused reader to go on. */
bool sp2__ring_has_room(sp2__ring *ring);

bool sp2__ring_is_empty(sp2__ring *ring);

static inline bool sp2__ring_is_stopped(sp2__ring *ring) {
    return atomic_load_explicit(&ring->stopped, memory_order_acquire);
}

#endif
