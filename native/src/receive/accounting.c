/* SPDX-License-Identifier: MIT */
#include "receive/accounting.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

/* Heaps that are known one by one, and words of a bit each. */
#define WINDOW SP2_RECEIVE_REORDER_HEAPS
enum { WORD_BITS = 64, WORDS = WINDOW / WORD_BITS };

/* Heaps that a step is learned from: the first time, and the last. Of the differences between their
 * cnts one in LEAST_SHARE must be the step, and LEAST_EQUAL of them, unless it is 1. */
enum { FIRST_LESSON = 16, LAST_LESSON = 64, LEAST_SHARE = 4, LEAST_EQUAL = 3 };

/* Heaps in a row that make a sequence of what is far from the one so far: more than a sender may
 * hand over at once; and those that make one of repetitions. */
enum { RUN = 64, REPEATED_RUN = 8 };

/* Heaps of a set with which it is held to its group in any case: fewer may be no sender's. And
 * heaps after which sets are held to it: sooner than the others are a window ahead of a silent one.
 */
enum { LEAST_OF_SET = 8, EXPECT_AFTER = WINDOW / 2 };

/* Steps that a sequence may be ahead of the one before, as its continuation. */
#define MOST_AHEAD (INT64_C(1) << 24)

enum { BUCKETS_LOG2 = 10, BUCKETS = 1 << BUCKETS_LOG2 };

/* A stretch of a sequence. */
typedef struct stretch {
    uint64_t top;         /* the foremost cnt */
    uint64_t span;        /* cnts from the first to the top; 0: there are none */
    uint64_t received;    /* of those */
    uint64_t missing;     /* of those, counted already: they are out of the window */
    uint64_t shared;      /* of a candidate: further heaps with cnts of those that arrived */
    uint64_t sender;      /* of the latest heap; 0: not known */
    uint64_t others;      /* heaps before those that have come from this sender in a row */
    uint64_t bits[WORDS]; /* which arrived, from the top on backwards */
} stretch;

/* A heap of a sequence whose step is not known yet. */
typedef struct lesson {
    uint64_t cnt;
    uint64_t sender;
} lesson;

/* What tells sequences apart. */
typedef struct sequence_key {
    uint64_t substream;
    uint64_t set;    /* value of set_item */
    uint64_t sender; /* as a number */
    uint64_t source;
} sequence_key;

struct sp2__sequence {
    sequence_key key;
    uint64_t step;         /* 0: not known yet */
    uint64_t sender;       /* of the latest heap; 0: not known */
    uint32_t address_bits; /* likewise */
    bool shares;           /* likewise: other heaps may have its cnt */
    sp2__sequence *next;   /* in its bucket */
    sp2__sequence *newer;
    stretch main;
    stretch candidate;      /* heaps in a row that have no place in `main` */
    uint64_t replaced;      /* senders before and after the latest restart with another one; 0: */
    uint64_t successor;     /* there was none */
    uint64_t last_repeated; /* cnt of the latest heap, if it was a repetition */
    uint32_t repeated;      /* heaps in a row that repeat, each the successor of the one before */
    uint32_t repeated_of_others; /* those of them that another sender had sent */
    uint32_t lesson_count;
    uint32_t group;  /* number of the one that it belongs to; 0: none */
    bool was_member; /* of a group */
    bool has_before;
    uint64_t before; /* number of the latest heap of other sets when its first one came */
    uint64_t late; /* heaps that its group had before its first one, if they are not counted yet */
    uint64_t lesson_shared; /* further heaps with these cnts */
    lesson lessons[LAST_LESSON];
};

static uint64_t count_bits(const stretch *s) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        for (uint64_t word = s->bits[i]; word != 0; word &= word - 1) {
            sum++;
        }
    }
    return sum;
}

/* Moves the window forward by 1 to WINDOW heaps. */
static void shift(stretch *s, uint64_t by) {
    const unsigned words = (unsigned)(by / WORD_BITS);
    const unsigned bits = (unsigned)(by % WORD_BITS);
    for (unsigned i = WORDS; i-- > 0;) {
        const uint64_t high = i >= words ? s->bits[i - words] : 0;
        const uint64_t low = i >= words + 1 ? s->bits[i - words - 1] : 0;
        s->bits[i] = bits == 0 ? high : high << bits | low >> (WORD_BITS - bits);
    }
}

static void begin(stretch *s, uint64_t cnt, uint64_t sender) {
    *s = (stretch){.top = cnt, .span = 1, .received = 1, .sender = sender, .bits = {1}};
}

/* A heap has its place. */
static void receive(stretch *s, uint64_t sender) {
    if (SP2__UNLIKELY(s->sender != sender)) {
        s->sender = sender;
        s->others = s->received;
    }
    s->received++;
}

/* The sender of all heaps, or of so many that those of others before do not matter; 0: none. */
static uint64_t only_sender(const stretch *s) {
    return s->others == 0 || s->received - s->others >= RUN ? s->sender : 0;
}

/* The top is `by` cnts further. */
static void advance(stretch *s, uint64_t cnt, uint64_t by) {
    uint64_t lost;
    if (SP2__LIKELY(by == 1)) {
        lost = s->span >= WINDOW && !(s->bits[WORDS - 1] >> (WORD_BITS - 1));
        shift(s, 1);
    } else {
        const uint64_t known = sp2__min_u64(s->span, WINDOW);
        const uint64_t leaving = known > WINDOW - by ? known - (WINDOW - by) : 0;
        const uint64_t before = count_bits(s);
        shift(s, by);
        lost = leaving - (before - count_bits(s));
    }
    s->bits[0] |= 1;
    s->top = cnt;
    s->span += by;
    s->missing += lost;
}

/* The top is `by` cnts of step `step` further, of which none has arrived. */
static SP2__COLD void pass_over(stretch *s, uint64_t by, uint64_t step) {
    shift(s, sp2__min_u64(by, WINDOW));
    s->top += by * step;
    s->span += by;
    if (s->span > WINDOW) {
        s->missing = s->span - WINDOW - (s->received - count_bits(s));
    }
}

static uint64_t holes(const stretch *s) {
    return s->span - s->received - s->missing;
}

/* How far `cnt` is ahead of `other`, where cnts wrap. */
static int64_t ahead(const sp2__sequence *sequence, uint64_t cnt, uint64_t other) {
    const unsigned unused = 64 - sequence->address_bits;
    const uint64_t difference = (cnt - other) << unused;
    const uint64_t magnitude = difference >> 63 ? 0 - difference : difference;
    const int64_t distance = (int64_t)(magnitude >> unused);
    return difference >> 63 ? -distance : distance;
}

/* The same in steps; false if it is not a number of them. */
static bool steps_ahead(const sp2__sequence *sequence, uint64_t cnt, uint64_t other,
                        int64_t *steps) {
    const int64_t distance = ahead(sequence, cnt, other);
    *steps = distance / (int64_t)sequence->step;
    return distance % (int64_t)sequence->step == 0;
}

typedef enum placing { PLACED, REPEATED, OUTSIDE } placing;

/* Puts a heap where it belongs in a stretch, if that is in its window. */
static placing place(const sp2__sequence *sequence, stretch *s, uint64_t cnt) {
    int64_t steps;
    if (!steps_ahead(sequence, cnt, s->top, &steps) || steps > WINDOW || steps <= -WINDOW) {
        return OUTSIDE;
    }
    if (steps > 0) {
        advance(s, cnt, (uint64_t)steps);
        receive(s, sequence->sender);
        return PLACED;
    }
    const uint64_t back = (uint64_t)-steps;
    uint64_t *word = &s->bits[back / WORD_BITS];
    const uint64_t bit = UINT64_C(1) << back % WORD_BITS;
    if (*word & bit) {
        return REPEATED;
    }
    *word |= bit;
    s->span = sp2__max_u64(s->span, back + 1);
    receive(s, sequence->sender);
    return PLACED;
}

/* Whether both are known, and are not the same. */
static bool are_different(uint64_t sender, uint64_t other) {
    return sender != 0 && other != 0 && sender != other;
}

/* How far the candidate is ahead of what was so far, if that goes on there, or else 0. */
static uint64_t continues_after(const sp2__sequence *sequence) {
    const stretch *candidate = &sequence->candidate;
    if (are_different(only_sender(&sequence->main), only_sender(candidate))) {
        return 0; /* a sender that has restarted has another port */
    }
    const uint64_t first = candidate->top - (candidate->span - 1) * sequence->step;
    int64_t steps;
    const bool fits = steps_ahead(sequence, first, sequence->main.top, &steps);
    return fits && steps > 0 && steps < MOST_AHEAD ? (uint64_t)steps : 0;
}

/* The sequence begins again, with the latest heap's sender. Where the same two have taken turns
 * before, both send. */
static SP2__COLD void count_restart(sp2__accounting *accounting, sp2__sequence *sequence) {
    const uint64_t before = sequence->main.sender;
    const uint64_t now = sequence->sender;
    if (!are_different(before, now)) {
        accounting->stats->sender_restarts++;
        return;
    }
    accounting->stats->sender_restarts += now != sequence->replaced && now != sequence->successor;
    sequence->replaced = before;
    sequence->successor = now;
}

/* The candidate takes the place of what was so far: the sequence goes on there, or begins again. */
static SP2__COLD void promote(sp2__accounting *accounting, sp2__sequence *sequence) {
    sp2_receive_stats *stats = accounting->stats;
    const uint64_t steps = continues_after(sequence);
    if (steps != 0) {
        stats->heaps_missing += steps - 1;
    } else {
        count_restart(accounting, sequence);
    }
    stats->heaps_missing += holes(&sequence->main) + sequence->candidate.missing;
    stats->heaps_accounted += sequence->candidate.received + sequence->candidate.shared;
    sequence->main = sequence->candidate;
    sequence->candidate.span = 0;
}

/* The candidate's heaps were stray ones. */
static SP2__COLD void drop_candidate(sp2__accounting *accounting, sp2__sequence *sequence) {
    stretch *candidate = &sequence->candidate;
    int64_t steps;
    const bool late =
        steps_ahead(sequence, candidate->top, sequence->main.top, &steps) && steps < 0;
    *(late ? &accounting->stats->heaps_late : &accounting->stats->heaps_unplaced) +=
        candidate->received + candidate->shared;
    candidate->span = 0;
}

/* A heap far from the sequence, or off its step. True if it has come before. */
static SP2__COLD bool take_stray(sp2__accounting *accounting, sp2__sequence *sequence,
                                 uint64_t cnt) {
    stretch *candidate = &sequence->candidate;
    if (candidate->span == 0) {
        begin(candidate, cnt, sequence->sender);
        return false;
    }
    const placing where = place(sequence, candidate, cnt);
    if (where == REPEATED) {
        *(sequence->shares ? &candidate->shared : &accounting->stats->heaps_duplicate) += 1;
    } else if (where == OUTSIDE) {
        drop_candidate(accounting, sequence);
        begin(candidate, cnt, sequence->sender);
    } else if (candidate->received == RUN) {
        promote(accounting, sequence);
    }
    return where == REPEATED && !sequence->shares;
}

static void end_repetition(sp2__accounting *accounting, sp2__sequence *sequence) {
    accounting->stats->heaps_duplicate += sequence->repeated;
    accounting->stats->heaps_mixed += sequence->repeated_of_others;
    sequence->repeated = 0;
    sequence->repeated_of_others = 0;
}

/* The repetitions in a row are a sequence that has begun again. */
static SP2__COLD void restart(sp2__accounting *accounting, sp2__sequence *sequence) {
    const uint32_t run = sequence->repeated;
    accounting->stats->heaps_missing += holes(&sequence->main);
    accounting->stats->heaps_accounted += run;
    count_restart(accounting, sequence);
    begin(&sequence->main, sequence->last_repeated, sequence->sender);
    sequence->main.span = run;
    sequence->main.received = run;
    sequence->main.bits[0] = UINT64_MAX >> (WORD_BITS - run);
    sequence->repeated = 0;
    sequence->repeated_of_others = 0;
}

/* A heap that has come before: the network's doing, another sender's, or that of the sender, which
 * has restarted: then it is false. Another sender may have begun while the first one goes on, so
 * that more of its heaps are waited for. */
static SP2__COLD bool take_repeated(sp2__accounting *accounting, sp2__sequence *sequence,
                                    uint64_t cnt) {
    int64_t steps;
    if (sequence->repeated != 0 &&
        !(steps_ahead(sequence, cnt, sequence->last_repeated, &steps) && steps == 1)) {
        end_repetition(accounting, sequence);
    }
    sequence->last_repeated = cnt;
    sequence->repeated++;
    sequence->repeated_of_others += are_different(sequence->sender, sequence->main.sender);
    if (sequence->repeated < (sequence->repeated_of_others == 0 ? REPEATED_RUN : RUN)) {
        return true;
    }
    restart(accounting, sequence);
    return false;
}

/* Whether the latest heap goes on with repetitions of another sender, in which case it is not the
 * first one's. What that has not sent yet tells that it does not send any more: a restart. */
static SP2__COLD bool goes_on(sp2__accounting *accounting, sp2__sequence *sequence, uint64_t cnt) {
    int64_t steps;
    if (!are_different(sequence->sender, sequence->main.sender) ||
        !steps_ahead(sequence, cnt, sequence->last_repeated, &steps) || steps != 1) {
        return false;
    }
    const bool is_new = steps_ahead(sequence, cnt, sequence->main.top, &steps) && steps > 0;
    if (is_new) {
        restart(accounting, sequence);
    }
    return !is_new;
}

/* True if a heap with this cnt has come before. */
static bool take(sp2__accounting *accounting, sp2__sequence *sequence, uint64_t cnt) {
    if (SP2__UNLIKELY(sequence->main.span == 0)) {
        accounting->stats->heaps_accounted++;
        begin(&sequence->main, cnt, sequence->sender);
        return false;
    }
    if (SP2__UNLIKELY(sequence->repeated >= REPEATED_RUN) && goes_on(accounting, sequence, cnt)) {
        return take_repeated(accounting, sequence, cnt);
    }
    const uint64_t missing = sequence->main.missing;
    const placing where = place(sequence, &sequence->main, cnt);
    accounting->stats->heaps_missing += sequence->main.missing - missing;
    if (SP2__UNLIKELY(sequence->candidate.span != 0) && where != OUTSIDE) {
        drop_candidate(accounting, sequence);
    }
    if (SP2__UNLIKELY(where == REPEATED && !sequence->shares)) {
        return take_repeated(accounting, sequence, cnt);
    }
    if (SP2__UNLIKELY(sequence->repeated != 0)) {
        end_repetition(accounting, sequence);
    }
    if (SP2__LIKELY(where != OUTSIDE)) {
        accounting->stats->heaps_accounted++;
        return false;
    }
    return take_stray(accounting, sequence, cnt);
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The step that the lesson teaches, or 0. */
static uint64_t learned_step(const sp2__sequence *sequence) {
    int64_t places[LAST_LESSON];
    for (uint32_t i = 0; i < sequence->lesson_count; i++) {
        places[i] = ahead(sequence, sequence->lessons[i].cnt, sequence->lessons[0].cnt);
    }
    qsort(places, sequence->lesson_count, sizeof(places[0]), compare);
    uint64_t step = 0;
    for (uint32_t i = 1; i < sequence->lesson_count; i++) {
        step = common_divisor(step, (uint64_t)(places[i] - places[i - 1]));
    }
    uint32_t differences = 0;
    uint32_t equal = 0;
    for (uint32_t i = 1; i < sequence->lesson_count; i++) {
        differences += places[i] != places[i - 1];
        equal += step != 0 && (uint64_t)(places[i] - places[i - 1]) == step;
    }
    const bool often = equal * LEAST_SHARE >= differences && equal != 0;
    return often && (step == 1 || equal >= LEAST_EQUAL) && step <= SP2_RECEIVE_MAX_CNT_STEP ? step
                                                                                            : 0;
}

/* The step is known now: the heaps so far get their places. */
static void end_lesson(sp2__accounting *accounting, sp2__sequence *sequence, uint64_t step) {
    sequence->step = step;
    for (uint32_t i = 0; i < sequence->lesson_count; i++) {
        sequence->sender = sequence->lessons[i].sender;
        take(accounting, sequence, sequence->lessons[i].cnt);
    }
    accounting->stats->heaps_accounted += sequence->lesson_shared;
    sequence->lesson_count = 0;
    sequence->lesson_shared = 0;
}

/* True if the step is known now. */
static bool learn(sp2__accounting *accounting, sp2__sequence *sequence) {
    const uint64_t step = learned_step(sequence);
    if (step != 0) {
        end_lesson(accounting, sequence, step);
    }
    return step != 0;
}

/* No lesson comes of these heaps. */
static void forget_lesson(sp2__accounting *accounting, sp2__sequence *sequence) {
    accounting->stats->heaps_unplaced += sequence->lesson_count + sequence->lesson_shared;
    sequence->lesson_count = 0;
    sequence->lesson_shared = 0;
}

static bool is_in_lesson(const sp2__sequence *sequence, uint64_t cnt) {
    bool is_in = false;
    for (uint32_t i = sequence->lesson_count; i-- > 0 && !is_in;) {
        is_in = sequence->lessons[i].cnt == cnt;
    }
    return is_in;
}

/* True if a heap with this cnt has come before. */
static SP2__COLD bool take_lesson(sp2__accounting *accounting, sp2__sequence *sequence,
                                  uint64_t cnt) {
    const bool is_in = is_in_lesson(sequence, cnt);
    if (sequence->shares && is_in) {
        sequence->lesson_shared++;
        return false;
    }
    sequence->lessons[sequence->lesson_count++] = (lesson){cnt, sequence->sender};
    const uint32_t count = sequence->lesson_count;
    const bool is_lesson = count >= FIRST_LESSON && (count & (count - 1)) == 0;
    if (is_lesson && !learn(accounting, sequence) && count == LAST_LESSON) {
        forget_lesson(accounting, sequence);
    }
    return is_in;
}

/* Who does not know the multiplier cannot choose values that fall into one bucket. */
static sp2__sequence **bucket_of(const sp2__accounting *accounting, const sequence_key *key) {
    uint64_t number = (key->substream ^ key->source << 32) * accounting->multiplier;
    number = (number ^ number >> 32 ^ key->set) * accounting->multiplier;
    number = (number ^ number >> 32 ^ key->sender) * accounting->multiplier;
    return &accounting->buckets[number >> (64 - BUCKETS_LOG2)];
}

static bool is_key(const sequence_key *a, const sequence_key *b) {
    return a->substream == b->substream && a->set == b->set && a->sender == b->sender &&
           a->source == b->source;
}

/* The sequence of a key, new if need be; NULL if there is no memory, or there are too many. */
static SP2__COLD sp2__sequence *find(sp2__accounting *accounting, const sequence_key *key) {
    if (accounting->buckets == NULL) {
        accounting->buckets = sp2__calloc_array(BUCKETS, sizeof(*accounting->buckets));
        if (accounting->buckets == NULL) {
            return NULL;
        }
    }
    sp2__sequence **bucket = bucket_of(accounting, key);
    for (sp2__sequence *sequence = *bucket; sequence != NULL; sequence = sequence->next) {
        if (is_key(&sequence->key, key)) {
            return sequence;
        }
    }
    sp2__sequence *sequence = accounting->count < SP2_RECEIVE_MAX_SEQUENCES
                                  ? sp2__calloc_array(1, sizeof(*sequence))
                                  : NULL;
    if (sequence != NULL) {
        accounting->count++;
        sequence->key = *key;
        sequence->step = accounting->step;
        sequence->has_before = accounting->has_latest;
        sequence->before = accounting->latest;
        sequence->next = *bucket;
        *bucket = sequence;
        *(accounting->newest != NULL ? &accounting->newest->newer : &accounting->oldest) = sequence;
        accounting->newest = sequence;
    }
    return sequence;
}

void sp2__accounting_init(sp2__accounting *accounting, const sp2_receive_options *options,
                          uint64_t multiplier, sp2_receive_stats *stats) {
    *accounting = (sp2__accounting){
        .is_on = options->flags & (SP2_RECEIVE_ACCOUNT_HEAPS | SP2_RECEIVE_ACCOUNT_BY_SOURCE),
        .by_source = options->flags & SP2_RECEIVE_ACCOUNT_BY_SOURCE,
        .by_sender = options->flags & SP2_RECEIVE_SEPARATE_SENDERS,
        .count_item = options->count_item,
        .set_item = options->set_item,
        .substreams = options->substreams,
        .step = options->cnt_step,
        .multiplier = multiplier,
        .stats = stats,
    };
    accounting->expects_sets = options->set_item != 0 && options->substreams == 1 &&
                               !accounting->by_source && !accounting->by_sender;
    accounting->by_item = accounting->is_on && (options->count_item | options->set_item) != 0;
}

void sp2__accounting_destroy(sp2__accounting *accounting) {
    while (accounting->oldest != NULL) {
        sp2__sequence *sequence = accounting->oldest;
        accounting->oldest = sequence->newer;
        sp2__free(sequence);
    }
    sp2__free(accounting->buckets);
}

static bool is_member(const sp2__accounting *accounting, const sp2__sequence *sequence) {
    return sequence->group != 0 && sequence->group == accounting->group.number;
}

/* No set of the group has gone on for so long that all of them could have. */
static bool has_ended(const sp2__accounting *accounting) {
    const uint64_t since = accounting->takes - accounting->group.moved;
    return since > EXPECT_AFTER && since > accounting->count;
}

/* How many heaps the group had before a number; -1 where it has no place. */
static int64_t place_in(const sp2__group *group, const sp2__sequence *sequence, uint64_t number) {
    int64_t distance;
    const bool has_place = steps_ahead(sequence, number, group->top, &distance);
    return has_place ? (int64_t)group->span - 1 + distance : -1;
}

static int64_t place_of_first(const sp2__group *group, const sp2__sequence *sequence) {
    const uint64_t length = (sequence->main.span - 1) * sequence->step;
    return place_in(group, sequence, sequence->main.top - length);
}

/* The heaps that the group had before the first one of a set. What it had got to when that came is
 * known: a set may be ahead of others, and late all the same. */
static uint64_t heaps_before(const sp2__group *group, const sp2__sequence *sequence) {
    const int64_t first = place_of_first(group, sequence);
    const int64_t before = place_in(group, sequence, sequence->before);
    if (!sequence->has_before || first <= 0 || before < 0) {
        return 0;
    }
    return (uint64_t)(first <= before ? first : before + 1);
}

/* A set that is of no group begins one, or joins the one that there is if it fits. */
static SP2__COLD void join(sp2__accounting *accounting, sp2__sequence *sequence) {
    sp2__group *group = &accounting->group;
    int64_t distance;
    if (group->number == 0 || has_ended(accounting)) {
        *group = (sp2__group){
            .number = group->number + 1,
            .address_bits = sequence->address_bits,
            .step = sequence->step,
            .top = sequence->main.top,
            .span = sequence->main.span,
            .moved = accounting->takes,
        };
    } else if (sequence->step != group->step || sequence->address_bits != group->address_bits ||
               !steps_ahead(sequence, sequence->main.top, group->top, &distance) ||
               distance > WINDOW || distance < -WINDOW) {
        return;
    } else if (!sequence->was_member) {
        sequence->late = heaps_before(group, sequence);
        group->is_cut |= sequence->late == 1;
    }
    sequence->group = group->number;
    sequence->was_member = true;
}

/* What a set lacks at its beginning is missing, but the first heap: others may have begun with it
 * as all came in the middle of what belongs together. */
static SP2__COLD void count_late(sp2__accounting *accounting, sp2__sequence *sequence) {
    const int64_t first = place_of_first(&accounting->group, sequence);
    if (first > 0) { /* what was overtaken may have come since */
        accounting->stats->heaps_missing += sp2__min_u64(sequence->late, (uint64_t)first) - 1;
        accounting->group.late++;
    }
    sequence->late = 0;
}

/* A heap of a set has its place, which is the foremost one if the set has moved. */
static SP2__COLD void follow(sp2__accounting *accounting, sp2__sequence *sequence, bool has_moved,
                             uint64_t restarts) {
    sp2__group *group = &accounting->group;
    int64_t lead;
    if (accounting->stats->sender_restarts != restarts) {
        sequence->group = 0;
        sequence->late = 0;
    }
    if (!is_member(accounting, sequence)) {
        join(accounting, sequence);
    }
    if (!is_member(accounting, sequence)) {
        return;
    }
    if (sequence->address_bits != group->address_bits ||
        !steps_ahead(sequence, sequence->main.top, group->top, &lead) || lead > WINDOW) {
        sequence->group = 0;
        sequence->late = 0;
        return;
    }
    if (lead > 0) {
        group->top = sequence->main.top;
        group->span += (uint64_t)lead;
    }
    group->moved = has_moved ? accounting->takes : group->moved;
    if (SP2__UNLIKELY(sequence->late != 0) && sequence->main.received >= LEAST_OF_SET) {
        count_late(accounting, sequence);
    }
}

/* How far a set is behind its group. */
static uint64_t lag_of(const sp2__accounting *accounting, const sp2__sequence *sequence) {
    int64_t lag;
    const bool fits = steps_ahead(sequence, accounting->group.top, sequence->main.top, &lag);
    return fits && lag > 0 ? (uint64_t)lag : 0;
}

/* What a set lacks at its end counts, but for so many heaps. */
static void expect(sp2__accounting *accounting, sp2__sequence *sequence, uint64_t open) {
    stretch *s = &sequence->main;
    const uint64_t lag = lag_of(accounting, sequence);
    if (lag > open) {
        const uint64_t missing = s->missing;
        pass_over(s, lag - open, sequence->step);
        accounting->stats->heaps_missing += s->missing - missing;
    }
}

/* A set that has fallen silent before it had heaps enough to learn a step goes by its group's. */
static SP2__COLD void adopt(sp2__accounting *accounting, sp2__sequence *sequence) {
    const uint64_t restarts = accounting->stats->sender_restarts;
    end_lesson(accounting, sequence, accounting->group.step);
    follow(accounting, sequence, true, restarts);
}

static bool is_silent(const sp2__accounting *accounting, const sp2__sequence *sequence) {
    const sp2__group *group = &accounting->group;
    const uint64_t latest = sequence->lessons[sequence->lesson_count - 1].cnt;
    return sequence->address_bits == group->address_bits &&
           ahead(sequence, group->top, latest) / (int64_t)group->step > WINDOW / 2;
}

/* Now and then all sets are held to their group. */
static void expect_sets(sp2__accounting *accounting) {
    uint64_t lags = 0;
    accounting->unexpected = 0;
    for (sp2__sequence *s = accounting->oldest; s != NULL; s = s->newer) {
        const uint64_t before = holes(&s->main);
        if (s->lesson_count != 0 && accounting->group.number != 0 && is_silent(accounting, s)) {
            adopt(accounting, s);
        }
        if (is_member(accounting, s) && s->main.received >= LEAST_OF_SET &&
            s->candidate.span == 0) {
            expect(accounting, s, WINDOW);
            const uint64_t lag = lag_of(accounting, s);
            lags += lag - (lag != 0);
        }
        accounting->stats->heaps_uncertain += holes(&s->main) - before;
    }
    accounting->stats->heaps_uncertain += lags - accounting->lags;
    accounting->lags = lags;
}

static void take_set(sp2__accounting *accounting, sp2__sequence *sequence, uint64_t number,
                     bool has_moved, uint64_t restarts) {
    accounting->latest = number;
    accounting->has_latest = true;
    accounting->takes++;
    accounting->unexpected++;
    if (sequence->main.span != 0) {
        follow(accounting, sequence, has_moved, restarts);
    }
    if (accounting->unexpected >= EXPECT_AFTER && accounting->unexpected >= accounting->count) {
        expect_sets(accounting);
    }
}

/* Places a heap by its number, which is the cnt or the value of an item. */
static void take_number(sp2__accounting *accounting, sp2_heap *heap, uint64_t set, uint64_t number,
                        bool shares) {
    const sequence_key key = {
        .substream = accounting->substreams == 1 ? 0 : heap->cnt % accounting->substreams,
        .set = set,
        .sender = accounting->by_sender ? heap->sender : 0,
        .source = accounting->by_source ? heap->fed_by : 0,
    };
    sp2__sequence *sequence = accounting->recent;
    if (SP2__UNLIKELY(sequence == NULL || !is_key(&sequence->key, &key))) {
        sequence = find(accounting, &key);
        if (sequence == NULL) {
            accounting->stats->heaps_unplaced++;
            return;
        }
        accounting->recent = sequence;
    }
    sequence->sender = heap->sender;
    sequence->address_bits = heap->address_bits;
    sequence->shares = shares;
    const uint64_t restarts = accounting->stats->sender_restarts;
    const uint64_t before = holes(&sequence->main);
    const uint64_t top = sequence->main.top;
    const bool had_none = sequence->main.span == 0;
    heap->is_repeat = SP2__UNLIKELY(sequence->step == 0) ? take_lesson(accounting, sequence, number)
                                                         : take(accounting, sequence, number);
    accounting->stats->heaps_uncertain += holes(&sequence->main) - before;
    if (SP2__UNLIKELY(accounting->expects_sets)) {
        const bool has_moved = sequence->main.top != top || had_none;
        take_set(accounting, sequence, number, has_moved, restarts);
    }
}

/* What is left of a heap that was evicted: its place is taken, and tells nothing of the sender. */
static bool take_rest(sp2__accounting *accounting, const sp2_heap *heap) {
    if (SP2__LIKELY(!heap->has_returned)) {
        return false;
    }
    accounting->stats->heaps_duplicate++;
    return true;
}

void sp2__accounting_take(sp2__accounting *accounting, sp2_heap *heap, bool shares) {
    if (!take_rest(accounting, heap)) {
        take_number(accounting, heap, 0, heap->cnt, shares);
    }
}

/* The value of a heap's first immediate of an identifier. */
static bool find_value(const sp2_heap *heap, uint64_t id, uint64_t *value) {
    for (uint32_t i = 0; i < heap->pointers.count; i++) {
        const uint64_t pointer = heap->pointers.all[i];
        if (pointer & SP2__IMMEDIATE_BIT && sp2__pointer_id(pointer, heap->address_bits) == id) {
            *value = sp2__pointer_value(pointer, heap->address_bits);
            return true;
        }
    }
    return false;
}

void sp2__accounting_take_items(sp2__accounting *accounting, sp2_heap *heap) {
    uint64_t number = heap->cnt;
    uint64_t set = 0;
    if (take_rest(accounting, heap)) {
        return;
    }
    if ((accounting->count_item != 0 && !find_value(heap, accounting->count_item, &number)) ||
        (accounting->set_item != 0 && !find_value(heap, accounting->set_item, &set))) {
        accounting->stats->heaps_unplaced++;
        return;
    }
    take_number(accounting, heap, set, number, false);
}

/* Heaps get their places that wait for others. False: there is no telling. */
static bool settle(sp2__accounting *accounting, sp2__sequence *sequence) {
    if (sequence->step == 0 && !learn(accounting, sequence)) {
        return false;
    }
    if (sequence->repeated >= REPEATED_RUN) {
        restart(accounting, sequence); /* nobody else goes on */
    }
    end_repetition(accounting, sequence);
    if (sequence->candidate.span != 0) {
        if (continues_after(sequence) != 0 || sequence->candidate.received >= REPEATED_RUN) {
            promote(accounting, sequence);
        } else {
            drop_candidate(accounting, sequence);
        }
    }
    return true;
}

/* The same for a set, which then has its place in a group. */
static void settle_set(sp2__accounting *accounting, sp2__sequence *sequence) {
    const uint64_t restarts = accounting->stats->sender_restarts;
    if (settle(accounting, sequence)) {
        follow(accounting, sequence, true, restarts);
    }
}

/* What is known of a group at the end. */
typedef struct group_end {
    uint64_t sets;
    uint64_t received; /* by all of them */
    bool is_cut;       /* one lacks the last heap alone: perhaps the sender ended in its middle */
} group_end;

static group_end end_of(const sp2__accounting *accounting) {
    group_end end = {0};
    for (const sp2__sequence *s = accounting->oldest; s != NULL; s = s->newer) {
        if (is_member(accounting, s)) {
            end.sets++;
            end.received += s->main.received;
            end.is_cut |= lag_of(accounting, s) == 1;
        }
    }
    return end;
}

/* Heaps of a single moment do not tell how many sets there are. */
static void take_back(sp2__accounting *accounting, const sp2__sequence *sequence) {
    accounting->stats->heaps_accounted -= sequence->main.received;
    accounting->stats->heaps_unplaced += sequence->main.received;
}

/* What sets lack at their ends is missing, as far as that is sure: of a set with a few heaps only
 * where most heaps have come that its group has to have. */
static SP2__COLD void end_group(sp2__accounting *accounting) {
    const group_end end = end_of(accounting);
    const bool is_full = end.received >= end.sets * accounting->group.span / 2;
    for (sp2__sequence *s = accounting->oldest; s != NULL; s = s->newer) {
        if (!is_member(accounting, s)) {
            continue;
        }
        if (accounting->group.span == 1) {
            take_back(accounting, s);
        }
        const uint64_t lag = lag_of(accounting, s);
        if (!is_full && s->main.received < LEAST_OF_SET) {
            accounting->stats->heaps_uncertain += s->late + lag;
            continue;
        }
        if (s->late != 0) {
            count_late(accounting, s);
        }
        if (lag != 0) {
            expect(accounting, s, end.is_cut);
            accounting->stats->heaps_uncertain += end.is_cut;
        }
    }
    *(accounting->group.is_cut ? &accounting->stats->heaps_uncertain
                               : &accounting->stats->heaps_missing) += accounting->group.late;
}

void sp2__accounting_settle(sp2__accounting *accounting) {
    for (sp2__sequence *s = accounting->oldest; s != NULL; s = s->newer) {
        if (accounting->expects_sets) {
            settle_set(accounting, s);
        } else {
            settle(accounting, s);
        }
    }
    accounting->stats->heaps_uncertain = 0;
    for (sp2__sequence *s = accounting->oldest; s != NULL; s = s->newer) {
        if (s->lesson_count != 0 && accounting->group.number != 0) {
            adopt(accounting, s);
        }
        if (s->lesson_count != 0) {
            forget_lesson(accounting, s);
        }
    }
    if (accounting->group.number != 0) {
        end_group(accounting);
    }
    for (sp2__sequence *s = accounting->oldest; s != NULL; s = s->newer) {
        accounting->stats->heaps_missing += holes(&s->main);
        s->main.missing += holes(&s->main);
    }
}
