/* SPDX-License-Identifier: MIT */
/* What a stream of bytes is cut into does not depend on how the bytes come. */
#include <string.h>

#include "packet/splitter.h"
#include "test.h"

enum {
    STREAMS = 3000,
    FRAGMENTS = 40,
    MOST_BYTES = 8192,
    MAX_SIZE = 256,
    MOST_PIECES = MOST_BYTES
};

static uint64_t random_state = 1;

static uint32_t below(uint32_t end) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % end;
}

/* A header, perhaps with all of its item pointers and its payload. */
static size_t add_fragment(uint8_t *bytes) {
    static const uint8_t lengths[] = {0, 1, 16, 100, 240};
    const uint8_t count = (uint8_t)below(4);
    const uint8_t length = lengths[below(sizeof(lengths))];
    size_t end = 8;
    memcpy(bytes, (const uint8_t[]){0x53, 4, 3, 5, 0, 0, 0, count}, 8);
    for (int i = 0; i < count; i++, end += 8) {
        const uint8_t id = (uint8_t)(below(3) != 0 ? 4 : 1);
        memcpy(bytes + end, (const uint8_t[]){0x80, 0, id, 0, 0, 0, 0, length}, 8);
    }
    for (size_t i = 0; i < length; i++, end++) {
        bytes[end] = (uint8_t)below(256);
    }
    return below(2) == 0 ? end : below((uint32_t)end);
}

/* Fragments, and between them bytes of which many may begin a header. */
static size_t make_stream(uint8_t *bytes) {
    static const uint8_t garbage[] = {0x53, 0x53, 4, 3, 5, 0, 0xff};
    size_t length = 0;
    for (uint32_t i = below(FRAGMENTS); i != 0; i--) {
        for (uint32_t j = below(3) == 0 ? below(12) : 0; j != 0; j--) {
            bytes[length++] = garbage[below(sizeof(garbage))];
        }
        /* What is left out at a fragment's end is overwritten by the next one. */
        length += add_fragment(bytes + length);
        if (length > MOST_BYTES - 400) {
            break;
        }
    }
    return length;
}

typedef struct cutting {
    uint64_t packets[MOST_PIECES]; /* where they begin */
    uint64_t sizes[MOST_PIECES];
    uint32_t packet_count;
    uint64_t losses;
    uint64_t faults; /* a sum over the losses that depends on their order */
    uint64_t skipped;
    uint64_t large;
    uint64_t rest;
    uint64_t end; /* what was used */
} cutting;

/* Cuts the bytes up as they come: at most `most` at a time. */
static void cut(const uint8_t *bytes, size_t length, uint32_t most, cutting *result) {
    sp2__splitter splitter = {.max_size = MAX_SIZE};
    size_t arrived = 0;
    uint64_t calls = 0;
    memset(result, 0, sizeof(*result));
    while (arrived < length) {
        const size_t more = 1 + below(most);
        arrived = more < length - arrived ? arrived + more : length;
        for (;;) {
            const sp2__piece piece =
                sp2__splitter_next(&splitter, bytes + result->end, arrived - result->end);
            calls++;
            if (piece.kind == SP2__PIECE_UNKNOWN) {
                break;
            }
            REQUIRE(piece.length != 0 && piece.length <= arrived - result->end);
            if (piece.kind == SP2__PIECE_PACKET) {
                REQUIRE(piece.length <= MAX_SIZE);
                result->packets[result->packet_count] = result->end;
                result->sizes[result->packet_count++] = piece.length;
                sp2__splitter_taken(&splitter);
            } else if (piece.kind == SP2__PIECE_LOST) {
                REQUIRE(piece.fault != SP2__PACKET_OK);
                result->losses++;
                result->faults = result->faults * 31 + piece.fault;
            }
            result->skipped += piece.kind == SP2__PIECE_LOST || piece.kind == SP2__PIECE_SKIPPED
                                   ? piece.length
                                   : 0;
            result->large += piece.kind == SP2__PIECE_TOO_LARGE;
            result->rest += piece.kind == SP2__PIECE_REST ? piece.length : 0;
            result->end += piece.length;
        }
    }
    CHECK(calls <= 3 * (uint64_t)length + 1);
}

SP2_TEST(Pieces_of_a_stream_do_not_depend_on_its_segments) {
    static uint8_t bytes[MOST_BYTES + 400];
    static cutting whole;
    static cutting parts;
    uint64_t packets = 0;
    uint64_t losses = 0;
    uint64_t large = 0;
    for (int i = 0; i < STREAMS; i++) {
        sp2_test_context("stream %d", i);
        const size_t length = make_stream(bytes);
        cut(bytes, length, MOST_BYTES, &whole);
        cut(bytes, length, 1 + below(20), &parts);
        CHECK_EQ_U64(parts.packet_count, whole.packet_count);
        CHECK_MEM(parts.packets, whole.packets, whole.packet_count * sizeof(uint64_t));
        CHECK_MEM(parts.sizes, whole.sizes, whole.packet_count * sizeof(uint64_t));
        CHECK_EQ_U64(parts.losses, whole.losses);
        CHECK_EQ_U64(parts.faults, whole.faults);
        CHECK_EQ_U64(parts.skipped, whole.skipped);
        CHECK_EQ_U64(parts.large, whole.large);
        CHECK_EQ_U64(parts.rest, whole.rest);
        CHECK_EQ_U64(parts.end, whole.end);
        packets += whole.packet_count;
        losses += whole.losses;
        large += whole.large;
    }
    sp2_test_context("%s", "");
    CHECK(packets > STREAMS && losses > STREAMS && large > STREAMS / 10);
}
