/* SPDX-License-Identifier: MIT */
/*
 * What a TCP connection brings, cut into packets: the first bytes say how large a packet may be and
 * in which pieces the rest arrives. However it arrives, what is cut is the same as if it had come
 * at once, every byte is in one piece, and what is called a packet has the length of one.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "packet/header.h"
#include "packet/packet.h"
#include "packet/splitter.h"

enum { LEAST_SIZE = 1, MOST_SIZE = 4096 };

/* What has been cut: sums, in which every piece shows. */
typedef struct cuts {
    uint64_t packets;
    uint64_t packet_bytes;
    uint64_t lost;
    uint64_t skipped_bytes;
    uint64_t too_large;
    uint64_t too_large_bytes;
    uint64_t places; /* of packets and losses */
} cuts;

static void add(cuts *all, const sp2__piece *piece, uint64_t position) {
    switch (piece->kind) {
    case SP2__PIECE_PACKET:
        all->packets++;
        all->packet_bytes += piece->length;
        all->places = all->places * 31 + position;
        break;
    case SP2__PIECE_LOST:
        all->lost++;
        all->skipped_bytes += piece->length;
        all->places = all->places * 37 + position + (uint64_t)piece->fault;
        break;
    case SP2__PIECE_SKIPPED:
        all->skipped_bytes += piece->length;
        break;
    case SP2__PIECE_TOO_LARGE:
        all->too_large++;
        all->too_large_bytes += piece->length;
        break;
    case SP2__PIECE_REST:
        all->too_large_bytes += piece->length;
        break;
    default:
        break;
    }
}

/* The bytes from `start` to `end`, in a block of exactly their number. */
static sp2__piece look(sp2__splitter *splitter, const uint8_t *data, size_t start, size_t end) {
    const size_t length = end - start;
    uint8_t *copy = fuzz_alloc(length + (length == 0));
    memcpy(copy, data + start, length);
    const sp2__piece piece = sp2__splitter_next(splitter, copy, length);
    free(copy);
    FUZZ_CHECK(piece.length <= length && (piece.length != 0) == (piece.kind != SP2__PIECE_UNKNOWN));
    return piece;
}

static cuts cut(const uint8_t *data, size_t size, uint64_t max_size, size_t step) {
    sp2__splitter splitter = {.max_size = max_size};
    cuts all = {0};
    size_t start = 0;
    for (size_t end = step < size ? step : size;;) {
        const sp2__piece piece = look(&splitter, data, start, end);
        if (piece.kind == SP2__PIECE_UNKNOWN) {
            /* What waits for more is no more than a packet. */
            FUZZ_CHECK(end - start < max_size || end - start < SP2__HEADER_SIZE);
            if (end == size) {
                break;
            }
            end = size - end < step ? size : end + step;
            continue;
        }
        if (piece.kind == SP2__PIECE_PACKET) {
            FUZZ_CHECK(piece.length <= max_size);
            sp2__splitter_taken(&splitter);
        }
        add(&all, &piece, start);
        start += (size_t)piece.length;
    }
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    const uint64_t max_size = LEAST_SIZE + fuzz_take_u16(&input) % MOST_SIZE;
    const size_t step = 1 + fuzz_take_u8(&input);
    const cuts whole = cut(input.bytes, input.length, max_size, input.length + 1);
    const cuts pieces = cut(input.bytes, input.length, max_size, step);
    FUZZ_CHECK(memcmp(&whole, &pieces, sizeof(whole)) == 0);
    return 0;
}
