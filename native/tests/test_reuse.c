/* SPDX-License-Identifier: MIT */
/* Which blocks are taken to be in the caches, and which heaps are copied accordingly. */
#include <stdlib.h>

#include "heap/heap.h"
#include "memory/copy.h"
#include "memory/recycler.h"
#include "receive/stream.h"
#include "receiver.h"

enum { BLOCK = 64 << 10, MOST_BLOCKS = 1024 };

static uint8_t memory[MOST_BLOCKS][64]; /* addresses; nobody writes to so much */

static sp2__reuse *new_reuse(void) {
    sp2__reuse *reuse = calloc(1, sizeof(*reuse));
    REQUIRE(reuse != NULL);
    return reuse;
}

static bool take(sp2__reuse *reuse, const void *block) {
    const bool is_far = sp2__reuse_take(reuse, block);
    sp2__reuse_add(reuse, BLOCK);
    return is_far;
}

/* Takes blocks in turns; returns how many of the last round are said to be out of the caches. */
static uint64_t take_in_turns(sp2__reuse *reuse, uint64_t blocks, uint64_t rounds) {
    uint64_t far = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        far = 0;
        for (uint64_t i = 0; i < blocks; i++) {
            far += take(reuse, memory[i]);
        }
    }
    return far;
}

#define SKIP_UNLESS_KNOWN()                                          \
    if (sp2__reuse_far() == UINT64_MAX) {                            \
        SKIP("this processor does not tell the size of its caches"); \
    }

SP2_TEST(Blocks_that_return_soon_are_in_the_caches) {
    SKIP_UNLESS_KNOWN();
    sp2__reuse *reuse = new_reuse();
    const uint64_t fitting = sp2__reuse_far() / BLOCK;
    REQUIRE(fitting < MOST_BLOCKS / 2);
    CHECK_EQ_U64(take_in_turns(reuse, 4, 3), 0);
    CHECK_EQ_U64(take_in_turns(reuse, fitting, 3), 0);
    /* Some entries are those of blocks that have the same place, and tell nothing. */
    CHECK_EQ_U64(take_in_turns(reuse, 2 * fitting, 3), 2 * fitting);
    CHECK_EQ_U64(take_in_turns(reuse, 4, 3), 0);
    free(reuse);
}

SP2_TEST(Block_that_is_new_is_out_of_the_caches_once_they_are_full) {
    SKIP_UNLESS_KNOWN();
    sp2__reuse *reuse = new_reuse();
    const uint64_t fitting = sp2__reuse_far() / BLOCK;
    take_in_turns(reuse, fitting + 4, 2);
    CHECK(take(reuse, memory[MOST_BLOCKS - 1]));
    CHECK(!take(reuse, memory[MOST_BLOCKS - 1]));
    free(reuse);
}

SP2_TEST(What_other_streams_write_drives_blocks_out_of_the_caches) {
    SKIP_UNLESS_KNOWN();
    sp2__reuse *reuse = new_reuse();
    sp2__reuse *other = new_reuse();
    take_in_turns(reuse, 4, 2);
    CHECK(!take(reuse, memory[0]));
    take_in_turns(other, 2 * sp2__reuse_far() / BLOCK, 1);
    CHECK(take(reuse, memory[0]));
    free(other);
    free(reuse);
}

SP2_TEST(Method_says_which_blocks_are_copied_by_nontemporal_stores) {
    SKIP_UNLESS_KNOWN();
    sp2__reuse *reuse = new_reuse();
    sp2__copier copier;
    sp2__copier_init(&copier, reuse);
    if (copier.lines == NULL) {
        SKIP("there are no non-temporal stores for this processor");
    }
    static const struct {
        int32_t method;
        bool near, far;
    } cases[] = {
        {SP2_MEMCPY_DEFAULT, false, true},
        {SP2_MEMCPY_STD, false, false},
        {SP2_MEMCPY_NONTEMPORAL, true, true},
        {SP2_MEMCPY_AUTO, false, true},
    };
    const uint64_t large = sp2__reuse_far() + 1;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(sp2__copier_set_method(&copier, cases[i].method));
        CHECK_EQ_I64(sp2__copier_chooses(&copier, false), cases[i].near);
        CHECK_EQ_I64(sp2__copier_chooses(&copier, true), cases[i].far);
        CHECK_EQ_I64(sp2__copier_take(&copier, memory[0], SP2__REUSE_LEAST - 1), cases[i].near);
        CHECK_EQ_I64(sp2__copier_take(&copier, memory[0], large), cases[i].far);
        CHECK_EQ_I64(sp2__copier_widen(&copier, large - 1), cases[i].near);
        CHECK_EQ_I64(sp2__copier_widen(&copier, large), cases[i].far);
    }
    CHECK(!sp2__copier_set_method(&copier, SP2_MEMCPY_AUTO + 1));
    CHECK(!sp2__copier_set_method(&copier, -1));
    free(reuse);
}

/* ---- heaps ---- */

/* Of so many heaps, how many of the second half are copied by non-temporal stores. */
static uint64_t count_nontemporal(int32_t method, uint64_t heaps, bool keeps, bool sized) {
    uint8_t *payload = new_payload(BLOCK, 1);
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= heaps; cnt++) {
        for (uint64_t at = 0; at < BLOCK; at += BLOCK / 8) {
            datagrams_add_part(&list, 48, cnt, sized ? BLOCK : NO_HEAP_LENGTH, payload, at,
                               BLOCK / 8);
        }
    }
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 2;
    options.max_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, method));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    uint64_t count = 0;
    heap_list kept = {0};
    kept.heaps = calloc((size_t)heaps, sizeof(sp2_heap *));
    REQUIRE(kept.heaps != NULL);
    for (uint64_t i = 0; i < heaps; i++) {
        heap_list one = pop_count(stream, 1);
        REQUIRE(one.count == 1);
        count += i >= heaps / 2 && one.heaps[0]->nontemporal;
        if (keeps) {
            kept.heaps[kept.count++] = one.heaps[0];
            one.count = 0;
        }
        heaps_free(&one);
    }
    heaps_free(&kept);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    free(payload);
    return count;
}

SP2_TEST(Heaps_that_the_consumer_keeps_are_copied_by_nontemporal_stores) {
    SKIP_UNLESS_KNOWN();
    const uint64_t heaps = 4 * sp2__reuse_far() / BLOCK;
    CHECK_EQ_U64(count_nontemporal(SP2_MEMCPY_AUTO, heaps, true, true), heaps / 2);
    CHECK_EQ_U64(count_nontemporal(SP2_MEMCPY_STD, heaps, true, true), 0);
}

SP2_TEST(Heaps_that_the_consumer_releases_are_copied_plainly) {
    SKIP_UNLESS_KNOWN();
    const uint64_t heaps = 4 * sp2__reuse_far() / BLOCK;
    /* Now and then there is a block that nobody has needed for long, and which is out of the caches. */
    CHECK(count_nontemporal(SP2_MEMCPY_AUTO, heaps, false, true) < heaps / 2 / 10);
    CHECK_EQ_U64(count_nontemporal(SP2_MEMCPY_NONTEMPORAL, heaps, false, true), heaps / 2);
}

/* Packets that announce a heap of 256 KiB each, and bring next to nothing. */
SP2_TEST(What_packets_announce_does_not_count_as_written) {
    enum { HEAPS = 256, BYTES = 64 };
    const uint8_t payload[BYTES] = {0};
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        datagrams_add_part(&list, 48, cnt, (int64_t)SP2__SMALL_BLOCK, payload, 0, BYTES);
    }
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list none = pop_all(stream);
    CHECK_EQ_U64(none.count, 0);
    CHECK_EQ_U64(stream->assembler.reuse.uncounted, (uint64_t)HEAPS * BYTES);
    heaps_free(&none);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Unsized_heaps_that_the_consumer_keeps_are_copied_by_nontemporal_stores) {
    SKIP_UNLESS_KNOWN();
    const uint64_t heaps = 4 * sp2__reuse_far() / BLOCK;
    /* Most of them: on the way they pass through blocks that come back soon, and where the entry of
     * a block is another's, the answer is that of the block before. */
    CHECK(count_nontemporal(SP2_MEMCPY_AUTO, heaps, true, false) > heaps / 2 / 2);
    CHECK(count_nontemporal(SP2_MEMCPY_AUTO, heaps, false, false) < heaps / 2 / 10);
}
