/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_SPLITTER_H
#define SP2_PACKET_SPLITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

/*
 * Cuts a stream of bytes into packets (spec sections 3.2 and A5.5). Each byte is looked at a few
 * times, whatever it is: item pointers once they are complete, and never again; what was no
 * packet's item pointers is passed over as a whole.
 */
typedef struct sp2__splitter {
    uint64_t max_size;    /* of a packet */
    uint64_t packet_size; /* of the packet at the start of the bytes, if that is known; else 0 */
    uint64_t rest;        /* bytes to come of a packet that was larger than max_size */
    bool lost;            /* no packet has been found since bytes that were none */
} sp2__splitter;

/* What stands at the start of the bytes. */
typedef enum sp2__piece_kind {
    SP2__PIECE_UNKNOWN,   /* more bytes must come first */
    SP2__PIECE_PACKET,    /* as many bytes as a packet says that it has; sp2__splitter_taken follows
                             once they have been used */
    SP2__PIECE_LOST,      /* bytes that are no packet: the first since one */
    SP2__PIECE_SKIPPED,   /* more of them */
    SP2__PIECE_TOO_LARGE, /* the first bytes of a packet larger than max_size */
    SP2__PIECE_REST       /* more of them */
} sp2__piece_kind;

typedef struct sp2__piece {
    sp2__piece_kind kind;
    sp2__packet_fault fault; /* SP2__PIECE_LOST: why */
    uint64_t length;         /* bytes, at least 1 unless the kind is unknown */
} sp2__piece;

/* Says what the bytes start with. The next call begins behind that, but for a piece that is unknown
 * or a packet that was not taken: then with the same bytes, and perhaps more. */
sp2__piece sp2__splitter_next(sp2__splitter *splitter, const uint8_t *bytes, uint64_t length);

/* The packet has been used. */
static inline void sp2__splitter_taken(sp2__splitter *splitter) {
    splitter->packet_size = 0;
}

#endif
