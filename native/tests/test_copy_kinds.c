/* SPDX-License-Identifier: MIT */
/* Every kind of non-temporal copy that this processor has, byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "memory/copy.h"
#include "test.h"

enum { ALIGNMENTS = 64, LONGEST = 4096, GUARD = 128 };
enum { SOURCE_BYTES = LONGEST + 2 * ALIGNMENTS, TARGET_BYTES = LONGEST + ALIGNMENTS + 2 * GUARD };

/* Lengths up to this are all tried for every pair of alignments; longer ones in steps, odd so that
 * every remainder of a line comes up, unless SPEAD2_TEST_EXHAUSTIVE is set, which takes a minute.
 */
enum { ALL_UP_TO = 4 * SP2__COPY_LINE, STEP = 61 };

/* Nothing in the source has this value. */
enum { UNTOUCHED = 0xa5 };

static void fill_source(uint8_t *source, size_t length) {
    sp2_test_rng rng = sp2_test_random();
    for (size_t i = 0; i < length; i++) {
        const uint8_t byte = (uint8_t)sp2_test_next(&rng);
        source[i] = byte == UNTOUCHED ? 0 : byte;
    }
}

/* Whether the GUARD bytes are. */
static bool is_untouched(const uint8_t *bytes) {
    static uint8_t untouched[GUARD];
    memset(untouched, UNTOUCHED, sizeof(untouched));
    return memcmp(bytes, untouched, sizeof(untouched)) == 0;
}

/* `target` begins at a line; all of it is untouched, and is left so. */
static bool check_copy(const sp2__copy_kind *kind, uint8_t *target, size_t to, const uint8_t *from,
                       size_t length) {
    uint8_t *place = target + GUARD + to;
    sp2__copy_nontemporal(kind->lines, place, from, length);
    const bool good = memcmp(place, from, length) == 0 && is_untouched(place - GUARD) &&
                      is_untouched(place + length);
    memset(place, UNTOUCHED, length);
    return good;
}

static bool check_lengths(const sp2__copy_kind *kind, uint8_t *target, size_t to,
                          const uint8_t *source, size_t from) {
    const size_t step = getenv("SPEAD2_TEST_EXHAUSTIVE") != NULL ? 1 : STEP;
    for (size_t length = 0; length <= LONGEST; length += length < ALL_UP_TO ? 1 : step) {
        if (!check_copy(kind, target, to, source + from, length)) {
            sp2_test_context("%s, to +%zu, from +%zu, %zu bytes", kind->name, to, from, length);
            return CHECK(false);
        }
    }
    return true;
}

SP2_TEST(Every_kind_copies_every_length_between_all_alignments) {
    sp2__copy_kind kinds[SP2__MOST_COPY_KINDS];
    const size_t count = sp2__copy_kinds(kinds);
    if (count == 0) {
        SKIP("there are no non-temporal stores for this processor");
    }
    static _Alignas(ALIGNMENTS) uint8_t source[SOURCE_BYTES];
    static _Alignas(ALIGNMENTS) uint8_t target[TARGET_BYTES];
    fill_source(source, SOURCE_BYTES);
    memset(target, UNTOUCHED, TARGET_BYTES);
    for (size_t kind = 0; kind < count; kind++) {
        bool good = true;
        for (size_t pair = 0; good && pair < ALIGNMENTS * ALIGNMENTS; pair++) {
            good =
                check_lengths(&kinds[kind], target, pair / ALIGNMENTS, source, pair % ALIGNMENTS);
        }
    }
    CHECK(is_untouched(target));
}

SP2_TEST(Plain_copy_is_right_at_every_distance_within_a_page) {
    enum { PAGE = 4096, FURTHEST = 40 };
    static const size_t lengths[] = {0, 1, 63, 64, 2047, 2048, 2049, 2111, LONGEST};
    static _Alignas(PAGE) uint8_t source[3 * PAGE];
    static _Alignas(PAGE) uint8_t target[3 * PAGE];
    fill_source(source, 3 * PAGE);
    memset(target, UNTOUCHED, 3 * PAGE);
    for (size_t distance = 0; distance < 2 * FURTHEST; distance++) {
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            /* From `FURTHEST` bytes behind to as many before, within the page. */
            uint8_t *to = target + FURTHEST + GUARD;
            const uint8_t *from = source + GUARD + distance;
            sp2_test_context("from %zu, %zu bytes", distance, lengths[i]);
            sp2__copy_plain(to, from, lengths[i]);
            CHECK_MEM(to, from, lengths[i]);
            CHECK(is_untouched(to - GUARD) && is_untouched(to + lengths[i]));
            memset(to, UNTOUCHED, lengths[i]);
        }
    }
}

SP2_TEST(Kinds_are_those_that_this_processor_has) {
    sp2__copy_kind kinds[SP2__MOST_COPY_KINDS];
    const size_t count = sp2__copy_kinds(kinds);
    REQUIRE(count <= SP2__MOST_COPY_KINDS);
#if defined(__x86_64__)
    CHECK_STR(kinds[0].name, "sse2");
#if !defined(_WIN32) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx")) {
        REQUIRE(count >= 2);
        CHECK_STR(kinds[1].name, "avx");
    }
#endif
#elif defined(__aarch64__)
    CHECK_EQ_U64(count, 1);
    CHECK_STR(kinds[0].name, "neon");
#else
    CHECK_EQ_U64(count, 0);
#endif
    for (size_t i = 0; i < count; i++) {
        CHECK(kinds[i].lines != NULL);
        CHECK(kinds[i].name[0] != '\0');
    }
}

SP2_TEST(A_fence_is_due_after_a_nontemporal_copy_only) {
    uint8_t source[200] = {1};
    uint8_t target[200];
    sp2__copier copier;
    sp2__copier_init(&copier, NULL);
    if (copier.lines == NULL) {
        SKIP("there are no non-temporal stores for this processor");
    }
    sp2__copier_copy(&copier, false, target, source, sizeof(source));
    CHECK(!copier.fence_due);
    CHECK_MEM(target, source, sizeof(source));
    memset(target, 0, sizeof(target));
    sp2__copier_copy(&copier, true, target, source, sizeof(source));
    CHECK(copier.fence_due);
    CHECK_MEM(target, source, sizeof(source));
    sp2__copier_fence(&copier);
    CHECK(!copier.fence_due);
}
