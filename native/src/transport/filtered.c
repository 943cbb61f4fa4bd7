/* SPDX-License-Identifier: MIT */
#include "transport/filtered.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/thread.h"
#include "transport/udp_socket.h"

/* Attempts to find a moment in which nothing arrives. */
#define MOST_ATTEMPTS 16

typedef struct filtered_socket {
    _Atomic uint64_t received; /* messages */
    _Atomic uint64_t changes;  /* odd: it is being received from */
    /* Under the lock: */
    intptr_t socket;
    uint32_t seen;            /* the kernel's counter */
    uint64_t drops;           /* what it has counted, without wrapping */
    uint64_t drops_before;    /* when counting began */
    uint64_t messages_before; /* that had come to it then */
} filtered_socket;

struct sp2__filtered {
    _Atomic uint32_t references;
    uint32_t count;
    sp2__mutex lock;
    /* Under the lock: */
    uint32_t open;
    bool has_begun;
    bool has_ended;
    uint64_t earlier; /* lost before counting began this time */
    uint64_t lost;
    filtered_socket sockets[];
};

sp2__filtered *sp2__filtered_create(uint32_t count) {
    sp2__filtered *filtered =
        sp2__calloc_array(1, sizeof(*filtered) + count * sizeof(filtered->sockets[0]));
    if (filtered != NULL) {
        filtered->references = 1;
        filtered->count = count;
        sp2__mutex_init(&filtered->lock);
    }
    return filtered;
}

void sp2__filtered_release(sp2__filtered *filtered) {
    if (atomic_fetch_sub(&filtered->references, 1) == 1) {
        sp2__mutex_destroy(&filtered->lock);
        sp2__free(filtered);
    }
}

/* False: it is not known whether something waits in the socket. */
static bool look(filtered_socket *socket, bool *empty) {
    uint32_t drops;
    if (!sp2__udp_look(socket->socket, &drops, empty)) {
        return false;
    }
    socket->drops += drops - socket->seen;
    socket->seen = drops;
    return true;
}

/* Messages that came to the socket, if none waits in it or is being received. */
static bool count_messages(filtered_socket *socket, uint64_t *messages) {
    bool empty;
    const uint64_t changes = atomic_load(&socket->changes);
    if (changes % 2 != 0 || !look(socket, &empty) || !empty) {
        return false;
    }
    *messages = socket->drops + atomic_load(&socket->received);
    return atomic_load(&socket->changes) == changes;
}

/* Counting begins at a moment in which nothing arrives: each socket is looked at twice. */
static bool begin(sp2__filtered *filtered) {
    for (uint32_t i = 0; i < filtered->count; i++) {
        filtered_socket *socket = &filtered->sockets[i];
        if (!count_messages(socket, &socket->messages_before)) {
            return false;
        }
        socket->drops_before = socket->drops;
    }
    for (uint32_t i = 0; i < filtered->count; i++) {
        uint64_t messages;
        if (!count_messages(&filtered->sockets[i], &messages) ||
            messages != filtered->sockets[i].messages_before) {
            return false;
        }
    }
    return true;
}

/* The drops are looked at first: what is lost afterwards is counted next time. */
static void measure(sp2__filtered *filtered) {
    uint64_t drops = 0;
    for (uint32_t i = 0; i < filtered->count; i++) {
        filtered_socket *socket = &filtered->sockets[i];
        bool empty;
        if (!look(socket, &empty)) {
            return;
        }
        drops += socket->drops - socket->drops_before;
    }
    for (uint32_t i = 0; i < filtered->count; i++) {
        uint64_t messages;
        if (count_messages(&filtered->sockets[i], &messages)) {
            const uint64_t came = messages - filtered->sockets[i].messages_before;
            const uint64_t rejected = (filtered->count - 1) * came;
            if (drops > rejected && filtered->earlier + drops - rejected > filtered->lost) {
                filtered->lost = filtered->earlier + drops - rejected;
            }
        }
    }
}

static void count(sp2__filtered *filtered) {
    if (filtered->has_ended || filtered->open != filtered->count) {
        return;
    }
    for (int i = 0; i < MOST_ATTEMPTS && !filtered->has_begun; i++) {
        filtered->has_begun = begin(filtered);
    }
    if (filtered->has_begun) {
        measure(filtered);
    }
}

void sp2__filtered_open(sp2__filtered *filtered, uint32_t index, intptr_t socket) {
    atomic_fetch_add(&filtered->references, 1);
    sp2__mutex_lock(&filtered->lock);
    filtered->sockets[index].socket = socket;
    filtered->open++;
    sp2__mutex_unlock(&filtered->lock);
}

void sp2__filtered_replace(sp2__filtered *filtered, uint32_t index, intptr_t socket) {
    sp2__mutex_lock(&filtered->lock);
    count(filtered);
    filtered->sockets[index].socket = socket;
    filtered->sockets[index].seen = 0;
    filtered->earlier = filtered->lost;
    filtered->has_begun = false;
    sp2__mutex_unlock(&filtered->lock);
}

void sp2__filtered_begin(sp2__filtered *filtered, uint32_t index) {
    atomic_fetch_add(&filtered->sockets[index].changes, 1);
}

void sp2__filtered_end(sp2__filtered *filtered, uint32_t index, uint32_t messages) {
    atomic_fetch_add(&filtered->sockets[index].received, messages);
    atomic_fetch_add(&filtered->sockets[index].changes, 1);
}

uint64_t sp2__filtered_count(sp2__filtered *filtered) {
    sp2__mutex_lock(&filtered->lock);
    count(filtered);
    const uint64_t lost = filtered->lost;
    sp2__mutex_unlock(&filtered->lock);
    return lost;
}

void sp2__filtered_close(sp2__filtered *filtered) {
    sp2__mutex_lock(&filtered->lock);
    count(filtered);
    filtered->has_ended = true;
    sp2__mutex_unlock(&filtered->lock);
}
