/* SPDX-License-Identifier: MIT */
#include "runtime/ring.h"

#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fence.h"

/* The smallest power of two that is at least `capacity`. */
static uint64_t slots_for(uint64_t capacity) {
    return capacity <= 1 ? 1 : UINT64_C(1) << sp2__bit_width_of_nonzero(capacity - 1);
}

bool sp2__ring_init(sp2__ring *ring, uint64_t capacity) {
    if (capacity > SIZE_MAX / (2 * sizeof(*ring->slots))) {
        return false;
    }
    const uint64_t slots = slots_for(capacity);
    ring->slots = sp2__calloc_array((size_t)slots, sizeof(*ring->slots));
    ring->slot_mask = slots - 1;
    ring->capacity = capacity;
    return ring->slots != NULL;
}

void sp2__ring_destroy(sp2__ring *ring) {
    sp2__free(ring->slots);
}

bool sp2__ring_announce(sp2__ring *ring) {
    /* What was pushed must be visible before looking for waiters, which do it the other way
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
    atomic_store_explicit(&ring->slots[ring->placed & ring->slot_mask], pointer,
                          memory_order_relaxed);
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

/* The producer may meanwhile fill slots again that another consumer has emptied: then the head has
 * moved, and what was read does not count. */
uint32_t sp2__ring_pop(sp2__ring *ring, void *pointers, uint32_t capacity) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint32_t count;
    do {
        const uint64_t waiting = atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
        count = waiting < capacity ? (uint32_t)waiting : capacity;
        for (uint32_t i = 0; i < count; i++) {
            void *const pointer = atomic_load_explicit(&ring->slots[(head + i) & ring->slot_mask],
                                                       memory_order_relaxed);
            /* The array's pointers may be of any type. */
            memcpy((unsigned char *)pointers + i * sizeof(pointer), &pointer, sizeof(pointer));
        }
    } while (count != 0 && !atomic_compare_exchange_strong(&ring->head, &head, head + count));
    return count;
}

static uint64_t waiting(sp2__ring *ring) {
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
}

uint64_t sp2__ring_count(sp2__ring *ring) {
    uint64_t head;
    uint64_t count;
    do {
        head = atomic_load_explicit(&ring->head, memory_order_acquire);
        count = atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
    } while (atomic_load_explicit(&ring->head, memory_order_acquire) != head);
    return count;
}

bool sp2__ring_has_room(sp2__ring *ring) {
    return waiting(ring) <= ring->capacity / 2;
}

bool sp2__ring_is_empty(sp2__ring *ring) {
    return waiting(ring) == 0;
}
