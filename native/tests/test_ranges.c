/* SPDX-License-Identifier: MIT */
/* The received ranges of a heap, against the plainest implementation of spec section 4.4. */
#include "heap/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Few enough positions that everything touches sooner or later, many enough for dozens of leaves.
 */
enum { POSITIONS = 20000, LONGEST = 4 };

/* The model: a sorted array, searched from the front. */
typedef struct model {
    sp2_range ranges[POSITIONS];
    size_t count;
} model;

static size_t model_next(const model *naive, uint64_t start) {
    size_t next = 0;
    while (next < naive->count && naive->ranges[next].start <= start) {
        next++;
    }
    return next;
}

static sp2__ranges_verdict model_check(const model *naive, uint64_t start, uint64_t end) {
    const size_t next = model_next(naive, start);
    if (next < naive->count && naive->ranges[next].start < end) {
        return SP2__RANGES_OVERLAP;
    }
    if (next > 0 && naive->ranges[next - 1].end > start) {
        return SP2__RANGES_DUPLICATE;
    }
    const bool touches = (next > 0 && naive->ranges[next - 1].end == start) ||
                         (next < naive->count && naive->ranges[next].start == end);
    return touches ? SP2__RANGES_ADJACENT : SP2__RANGES_NEW;
}

static void model_remove(model *naive, size_t index) {
    naive->count--;
    memmove(&naive->ranges[index], &naive->ranges[index + 1],
            (naive->count - index) * sizeof(naive->ranges[0]));
}

static void model_add(model *naive, uint64_t start, uint64_t end) {
    size_t at = model_next(naive, start);
    if (at > 0 && naive->ranges[at - 1].end == start) {
        at--;
        naive->ranges[at].end = end;
    } else {
        memmove(&naive->ranges[at + 1], &naive->ranges[at],
                (naive->count - at) * sizeof(naive->ranges[0]));
        naive->ranges[at] = (sp2_range){start, end};
        naive->count++;
    }
    if (at + 1 < naive->count && naive->ranges[at + 1].start == end) {
        naive->ranges[at].end = naive->ranges[at + 1].end;
        model_remove(naive, at + 1);
    }
}

static void check_same(const sp2__ranges *ranges, const model *naive) {
    if (CHECK_EQ_U64(ranges->count, naive->count)) {
        sp2_range *copies = calloc(naive->count + 1, sizeof(*copies));
        sp2__ranges_copy(ranges, copies);
        CHECK_MEM(copies, naive->ranges, naive->count * sizeof(*copies));
        free(copies);
        uint64_t from = 0;
        sp2_range range;
        for (size_t i = 0; i < naive->count && sp2__ranges_next(ranges, &from, &range); i++) {
            CHECK_EQ_U64(range.start, naive->ranges[i].start);
            CHECK_EQ_U64(range.end, naive->ranges[i].end);
        }
        CHECK(!sp2__ranges_next(ranges, &from, &range));
        const bool at_start = naive->count != 0 && naive->ranges[0].start == 0;
        CHECK_EQ_U64(sp2__ranges_prefix(ranges), at_start ? naive->ranges[0].end : 0);
    }
}

static bool add_to_both(sp2__ranges *ranges, model *naive, uint64_t start, uint64_t end) {
    sp2__range_place place;
    const sp2__ranges_verdict verdict = sp2__ranges_check(ranges, start, end, &place);
    if (!CHECK_EQ_U64(verdict, model_check(naive, start, end))) {
        return false;
    }
    if (verdict == SP2__RANGES_NEW || verdict == SP2__RANGES_ADJACENT) {
        model_add(naive, start, end);
        return CHECK(sp2__ranges_add(ranges, &place, start, end));
    }
    return true;
}

static sp2__ranges_verdict check(const sp2__ranges *ranges, uint64_t start, uint64_t end) {
    sp2__range_place place;
    return sp2__ranges_check(ranges, start, end, &place);
}

/* Adds a range that nothing received speaks against. */
static void add(sp2__ranges *ranges, uint64_t start, uint64_t end) {
    sp2__range_place place;
    const sp2__ranges_verdict verdict = sp2__ranges_check(ranges, start, end, &place);
    REQUIRE(verdict == SP2__RANGES_NEW || verdict == SP2__RANGES_ADJACENT);
    REQUIRE(sp2__ranges_add(ranges, &place, start, end));
}

SP2_TEST(Random_ranges_agree_with_the_model) {
    sp2_test_rng rng = sp2_test_random();
    model *naive = calloc(1, sizeof(*naive));
    for (int round = 0; round < 5; round++) {
        sp2__ranges ranges;
        sp2__ranges_init(&ranges);
        naive->count = 0;
        for (int i = 0; i < 3 * POSITIONS / LONGEST; i++) {
            const uint64_t start = sp2_test_below(&rng, POSITIONS);
            if (!add_to_both(&ranges, naive, start, start + sp2_test_below(&rng, LONGEST + 1))) {
                break;
            }
        }
        check_same(&ranges, naive);
        sp2__ranges_destroy(&ranges);
    }
    free(naive);
}

SP2_TEST(Every_other_position_and_then_the_rest_makes_one_range) {
    for (int backwards = 0; backwards < 2; backwards++) {
        sp2__ranges ranges;
        sp2__ranges_init(&ranges);
        for (uint64_t half = 0; half < 2; half++) {
            for (uint64_t i = 0; i < POSITIONS / 2; i++) {
                const uint64_t at = 2 * (backwards ? POSITIONS / 2 - 1 - i : i) + half;
                add(&ranges, at, at + 1);
            }
            CHECK_EQ_U64(ranges.count, half == 0 ? POSITIONS / 2 : 1);
        }
        sp2_range all;
        sp2__ranges_copy(&ranges, &all);
        CHECK_EQ_U64(all.start, 0);
        CHECK_EQ_U64(all.end, POSITIONS);
        sp2__ranges_destroy(&ranges);
    }
}

SP2_TEST(Empty_range_in_a_gap_is_kept_and_blocks_what_covers_it) {
    sp2__ranges ranges;
    sp2__ranges_init(&ranges);
    add(&ranges, 8, 8);
    CHECK_EQ_U64(ranges.count, 1);
    CHECK_EQ_U64(check(&ranges, 0, 16), SP2__RANGES_OVERLAP);
    CHECK_EQ_U64(check(&ranges, 8, 16), SP2__RANGES_ADJACENT);
    CHECK_EQ_U64(check(&ranges, 0, 8), SP2__RANGES_ADJACENT);
    CHECK_EQ_U64(check(&ranges, 0, 7), SP2__RANGES_NEW);
    add(&ranges, 8, 16);
    add(&ranges, 0, 8);
    CHECK_EQ_U64(ranges.count, 1);
    sp2__ranges_destroy(&ranges);
}
