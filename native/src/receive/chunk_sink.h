/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_CHUNK_SINK_H
#define SP2_RECEIVE_CHUNK_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "heap/heap.h"
#include "receive/chunk_group.h"
#include "receive/chunk_layout.h"
#include "receive/sink.h"

/* Chunks of the window that a slice remembers, by the last bits of their identifiers. */
#define SP2__KNOWN_CHUNKS 4

/*
 * Heaps are placed into the chunks of a group when their first packet is accepted; what is copied
 * is copied there. When a heap is finished nothing is left to be done but to note its presence.
 */
typedef struct sp2__chunk_sink {
    sp2__sink base;
    sp2__chunk_member *member; /* NULL: this sink is not used */
    sp2_chunk_place_fn place;
    void *place_context;
    sp2__chunk_layout layout;
    uint64_t *items; /* that the place function wants */
    uint64_t item_count;
    int64_t *values; /* of these items, or those of the layout */
    uint8_t *extra;
    uint64_t max_heap_extra;
    uint64_t packet_size; /* presence is of packets with so much payload; 0: of heaps */

    /* Under the stream's lock: */
    int64_t head;                        /* of both windows as it was seen last */
    sp2_chunk *known[SP2__KNOWN_CHUNKS]; /* in a slice: of the window as it was seen last */
    uint64_t packets;                    /* the stream's when the slice began */
    uint64_t origin;                     /* of the layout's first axis; or SP2__NO_ORIGIN */
    int64_t needed;                      /* the chunk that a packet waits for; -1: none does */
    /* Where the heap of that packet belongs, so that the place function need not be asked again;
     * `asked_source` 0: there is none. */
    uint32_t asked_source;
    uint64_t asked_cnt;
    sp2__chunk_spot asked;
} sp2__chunk_sink;

/* Reads the options, and makes the stream a member; returns an sp2_status. On failure nothing need
 * be destroyed. The sink is zeroed. */
int32_t sp2__chunk_sink_init(sp2__chunk_sink *sink, sp2_receive_stream *stream,
                             const sp2_chunk_options *caller);

/* Where the payload of a heap goes; all zero: nowhere. */
typedef struct sp2__heap_place {
    int64_t chunk_id;
    uint8_t *payload;
    uint8_t *present; /* its entries of presence */
    bool nontemporal; /* how it is copied */
} sp2__heap_place;

/* Finds the place of a heap by its first packet, and counts it if there is none. Under the stream's
 * lock. SP2__ACCEPTED, or SP2__NO_CHUNK. */
sp2__verdict sp2__chunk_sink_find(sp2__chunk_sink *sink, const sp2__packet *packet,
                                  sp2__heap_place *at);

/* A slice begins. Under the stream's lock. False if the stream has to end. */
bool sp2__chunk_sink_begin_slice(sp2__chunk_sink *sink);

/* A packet became part of a heap, whose payload begins there. Where presence is of packets. */
static inline void sp2__chunk_sink_note_packet(const sp2__chunk_sink *sink, const sp2_heap *heap,
                                               uint64_t offset, uint64_t length) {
    if (heap->present != NULL && length != 0) {
        sp2__note_present(heap->present + offset / sink->packet_size);
    }
}

#endif
