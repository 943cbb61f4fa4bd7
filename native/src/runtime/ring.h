/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_RING_H
#define SP2_RUNTIME_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "runtime/wake.h"

/*
 * Pointers on their way from a producer to consumers. One producer at a time (it has a lock for
 * that), any number of consumers. Nobody ever waits here for anybody. What the pointers point to is
 * not the ring's.
 */
typedef struct sp2__ring {
    void *_Atomic *slots; /* a power of two of them, at least `capacity` */
    uint64_t slot_mask;
    uint64_t capacity;
    _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t tail; /* pointers to be seen, ever */
    uint64_t placed;     /* the producer's: pointers put into slots */
    uint64_t known_head; /* the producer's latest look at head */
    bool news;           /* the producer's: not announced yet */
    _Alignas(SP2__CACHE_ISOLATION) _Atomic uint64_t head; /* pointers popped, ever */
    _Alignas(SP2__CACHE_ISOLATION) sp2__wake wake; /* consumers that wait in a blocking pop */
    atomic_bool request;                           /* somebody wants the ready callback */
    atomic_bool stopped;                           /* nothing will be pushed any more */
} sp2__ring;

/* False if there is no memory. The ring must be zeroed and isolated. */
bool sp2__ring_init(sp2__ring *ring, uint64_t capacity);

/* There is nothing left in the ring. */
void sp2__ring_destroy(sp2__ring *ring);

/* Producer. False if the ring is full. Consumers do not see the pointer before it is published. */
bool sp2__ring_push(sp2__ring *ring, void *pointer);

/* Producer. Consumers that look see all that was pushed, and what was stored to it before; those
 * who wait are told by sp2__ring_announce. Stores that need a fence for that have had it. */
void sp2__ring_publish(sp2__ring *ring);

/* Producer. Ends the ring: what was published can still be popped. To be announced, too. */
void sp2__ring_stop(sp2__ring *ring);

/* Whether something happened that was not announced yet; it then counts as announced. Producer. */
static inline bool sp2__ring_take_news(sp2__ring *ring) {
    const bool news = ring->news;
    ring->news = false;
    return news;
}

/* Wakes consumers that wait. Returns whether the ready callback is due, which it then is no more.
 * Any thread. One announcement serves all that was pushed before it: it costs as much as a heap. */
bool sp2__ring_announce(sp2__ring *ring);

/* Consumer. Takes up to `capacity` pointers into an array of pointers; returns how many. To take
 * some is a sequentially consistent change: of a consumer that then loads something so, and a
 * producer that stores it, has a full fence and then looks for room, at least one sees the other.
 */
uint32_t sp2__ring_pop(sp2__ring *ring, void *pointers, uint32_t capacity);

/* How many pointers a pop would take at this moment. */
uint64_t sp2__ring_count(sp2__ring *ring);

/* Whether the ring is at most half full: time for a producer that paused to go on. */
bool sp2__ring_has_room(sp2__ring *ring);

bool sp2__ring_is_empty(sp2__ring *ring);

static inline bool sp2__ring_is_stopped(sp2__ring *ring) {
    return atomic_load_explicit(&ring->stopped, memory_order_acquire);
}

#endif
