/* SPDX-License-Identifier: MIT */
#include "runtime/ring.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fence.h"

bool sp2__ring_init(sp2__ring *ring, uint64_t capacity) {
    ring->slots = sp2__calloc_array((size_t)capacity, sizeof(*ring->slots));
    ring->capacity = capacity;
    if (ring->slots == NULL) {
        return false;
    }
    sp2__mutex_init(&ring->consumer_lock);
    return true;
}

void sp2__ring_destroy(sp2__ring *ring) {
    sp2__mutex_destroy(&ring->consumer_lock);
    sp2__free(ring->slots);
}

bool sp2__ring_announce(sp2__ring *ring) {
    /* What was pushed must be visible before looking for those who wait, who do it the other way
     * round. */
    sp2__full_fence();
    sp2__wake_all(&ring->wake);
    return atomic_load_explicit(&ring->request, memory_order_relaxed) &&
           atomic_exchange(&ring->request, false);
}

bool sp2__ring_push(sp2__ring *ring, void *pointer) {
    if (ring->placed - ring->known_head == ring->capacity) {
        ring->known_head = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (ring->placed - ring->known_head == ring->capacity) {
            return false;
        }
    }
    ring->slots[ring->tail_slot] = pointer;
    ring->tail_slot = ring->tail_slot + 1 == ring->capacity ? 0 : ring->tail_slot + 1;
    ring->placed++;
    ring->news = true;
    return true;
}

void sp2__ring_publish(sp2__ring *ring) {
    if (atomic_load_explicit(&ring->tail, memory_order_relaxed) != ring->placed) {
        atomic_store_explicit(&ring->tail, ring->placed, memory_order_release);
    }
}

void sp2__ring_stop(sp2__ring *ring) {
    atomic_store_explicit(&ring->stopped, true, memory_order_release);
    ring->news = true;
}

uint32_t sp2__ring_pop(sp2__ring *ring, void *pointers, uint32_t capacity) {
    sp2__mutex_lock(&ring->consumer_lock);
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    const uint64_t waiting = atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
    const uint32_t count = waiting < capacity ? (uint32_t)waiting : capacity;
    for (uint32_t i = 0; i < count; i++) {
        /* The array's pointers may be of any type. */
        memcpy((unsigned char *)pointers + i * sizeof(void *), &ring->slots[ring->head_slot],
               sizeof(void *));
        ring->head_slot = ring->head_slot + 1 == ring->capacity ? 0 : ring->head_slot + 1;
    }
    if (count != 0) {
        atomic_store_explicit(&ring->head, head + count, memory_order_release);
    }
    sp2__mutex_unlock(&ring->consumer_lock);
    return count;
}

static uint64_t waiting(sp2__ring *ring) {
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
}

uint64_t sp2__ring_count(sp2__ring *ring) {
    sp2__mutex_lock(&ring->consumer_lock);
    const uint64_t count = waiting(ring);
    sp2__mutex_unlock(&ring->consumer_lock);
    return count;
}

bool sp2__ring_has_room(sp2__ring *ring) {
    return waiting(ring) <= ring->capacity / 2;
}

bool sp2__ring_is_empty(sp2__ring *ring) {
    return waiting(ring) == 0;
}
