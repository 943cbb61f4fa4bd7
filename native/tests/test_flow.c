/* SPDX-License-Identifier: MIT */
/*
 * The pause machine of a stream (receive/flow.c) in all interleavings: two sources on a thread
 * each, a consumer, and whoever starts, stops or removes. The machine changes under the stream's
 * lock only, so that an interleaving is an order of what is done under it, of the looks at the
 * state without it, and of the locks of the sources taken. Each of these is one step here; the
 * machine itself is the library's own. All states that any order leads to are visited once.
 *
 * In each of them the machine must be in order, and where nobody can go on nobody may have to. The
 * same with a rule broken must be seen to go wrong.
 */
#include "receive/flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/heap.h"
#include "receive/source.h"
#include "test.h"

enum { SOURCES = 2, PACKETS_PER_HEAP = 2, MOST_PACKETS = 4, RING_HEAPS = 1, CLOSER = -1 };

/* What a source's thread does next. It holds the source's lock in all places but the first two. */
typedef enum source_place {
    RESTING,   /* in its loop */
    OUTSIDE,   /* of its lock, while it waits for room */
    LOOKING,   /* at the state, before a slice */
    POLLING,   /* about to hand a packet over */
    POLLED,    /* about to look whether anybody has yielded */
    ANSWERING, /* about to let those go on who have yielded */
    SETTLING,  /* about to look whether the stream went on for the room that there was */
    PARKING,   /* about to look under the lock whether it must wait */
    ACTING     /* about to do what the slice's answer asks for */
} source_place;

typedef enum consumer_place { TO_POP, TO_LOOK, TO_SETTLE } consumer_place;

/* Everything there is. Pointers in it point into it, as there is only one. */
static struct world {
    sp2__flow flow;
    sp2_packet_source sources[SOURCES];
    sp2_heap heap; /* the live one, in the only slot */
    uint32_t live; /* its cnt; 0: none */
    uint32_t live_packets;
    struct {
        source_place place;
        sp2__answer answer;
        bool has_room;
        uint64_t yields_before;
        uint32_t arrived;
        uint32_t taken;
        bool posted;
        bool armed;
        bool closed;
    } at[SOURCES];
    consumer_place consumer;
    uint32_t ring;
    uint32_t waiting;
    bool asks_consumer;
    uint32_t delivered;
    uint32_t popped;
    uint32_t evicted;
    bool started;
    bool stopped;
    bool removed;
} world;

/* A rule that is broken. */
typedef enum broken_rule {
    NOTHING_BROKEN,
    START_POSTS_NOBODY,
    ROOM_POSTS_NOBODY,
    SLICE_LETS_NOBODY_GO_ON,
    END_LETS_NOBODY_GO_ON,
    FEEDER_IS_NOT_POSTED,
    PARKED_BY_AN_OLD_LOOK,
    PARKED_WITHOUT_LOOKING_FOR_ROOM,
    WENT_ON_WITHOUT_ENTERING,
    CLOSED_BUT_NOT_FORGOTTEN,
    CLOSED_BEFORE_IT_ASKS_FOR_ROOM
} broken_rule;

typedef struct scenario {
    const char *name;
    bool unstarted;                       /* an explicit start comes some time */
    bool stops;                           /* the user stops the stream some time */
    bool removes;                         /* the user removes source 0 some time */
    bool arrive;                          /* packets come some time, else all are there */
    uint32_t cnts[SOURCES][MOST_PACKETS]; /* of the packets of each source */
    bool half_lost;                       /* a heap never gets its second half */
} scenario;

static const scenario *run;
static broken_rule broken;
static broken_rule posts_of; /* whose posts these would be */
static const char *wrong;

static void must(bool held, const char *text) {
    if (!held && wrong == NULL) {
        wrong = text;
    }
}

/* In the place of the event loop. */
void sp2__event_loop_post(sp2__event_loop *loop, sp2__task *task) {
    (void)loop;
    if (posts_of == broken && broken != NOTHING_BROKEN) {
        return;
    }
    for (int i = 0; i < SOURCES; i++) {
        if (task == &world.sources[i].task) {
            must(!world.at[i].closed, "a source is posted that has been closed");
            world.at[i].posted = true;
        }
    }
}

/* ---- under the stream's lock ---- */

static void settle(void) {
    while (world.waiting != 0 && world.ring < RING_HEAPS) {
        world.waiting--;
        world.ring++;
    }
    world.asks_consumer = world.waiting != 0;
    if (world.waiting == 0) {
        posts_of = ROOM_POSTS_NOBODY;
        sp2__flow_resume(&world.flow);
        posts_of = NOTHING_BROKEN;
    }
}

static void deliver(void) {
    world.delivered++;
    world.live = 0;
    if (world.waiting == 0 && world.ring < RING_HEAPS) {
        world.ring++;
    } else {
        world.waiting++;
        sp2__flow_block(&world.flow);
    }
}

/* The next packet of a source, as ingest.c takes it where there is one slot. */
static sp2__answer hand_over(int s) {
    const uint32_t cnt = run->cnts[s][world.at[s].taken];
    if (world.live != 0 && world.live != cnt) {
        const int feeder = (int)world.heap.fed_by - 1;
        if (feeder != s && !world.at[feeder].closed) {
            posts_of = FEEDER_IS_NOT_POSTED;
            const bool yields = sp2__flow_must_yield(&world.flow, &world.sources[s],
                                                     &world.sources[feeder], &world.heap);
            posts_of = NOTHING_BROKEN;
            if (yields) {
                return SP2__PARKED;
            }
        }
        world.evicted++;
        world.live = 0;
    }
    if (world.live == 0) {
        world.live = cnt;
        world.live_packets = 0;
        world.heap.received_length = 0;
        world.heap.yields = 0;
        world.heap.yield_number = 0;
        world.heap.yield_length = 0;
    }
    world.at[s].taken++;
    world.live_packets++;
    world.heap.fed_by = world.sources[s].number;
    world.heap.received_length++;
    if (world.live_packets == PACKETS_PER_HEAP) {
        deliver();
    }
    return sp2__flow_answer(&world.flow);
}

/* A blocked stream goes on if there is room. */
static sp2__answer enter(int s) {
    if (sp2__flow_state_of(&world.flow) == SP2__FLOW_BLOCKED) {
        settle();
    }
    const sp2__answer answer = sp2__flow_answer(&world.flow);
    return answer == SP2__MORE ? hand_over(s) : answer;
}

static void close_source(int s) {
    world.at[s].closed = true;
    world.at[s].armed = false;
    if (broken != CLOSED_BUT_NOT_FORGOTTEN) {
        posts_of = END_LETS_NOBODY_GO_ON;
        sp2__flow_forget(&world.flow, &world.sources[s]);
        posts_of = NOTHING_BROKEN;
    }
}

/* ---- steps ---- */

static bool may_be_locked(int s) {
    return world.at[s].place == RESTING || world.at[s].place == OUTSIDE;
}

static bool has_news(int s) {
    return world.at[s].posted || (world.at[s].armed && world.at[s].arrived > world.at[s].taken);
}

/* One step of a source's thread; false: it can do none. Each case is a step in source.c. */
static bool step_source(int s) {
    sp2_packet_source *source = &world.sources[s];
    source_place *place = &world.at[s].place;
    sp2__answer *answer = &world.at[s].answer;
    switch (*place) {
    case RESTING:
        if (!has_news(s)) {
            return false;
        }
        world.at[s].posted = false;
        *place = world.at[s].closed ? RESTING : LOOKING;
        return true;
    case LOOKING:
        *answer = sp2__flow_answer(&world.flow);
        world.at[s].yields_before = atomic_load(&world.flow.yields);
        *place = *answer == SP2__MORE      ? POLLING
                 : *answer != SP2__BLOCKED ? ACTING
                 : world.at[s].has_room    ? POLLING
                                           : OUTSIDE;
        return true;
    case POLLING:
        *answer = world.at[s].arrived > world.at[s].taken ? enter(s) : SP2__IDLE;
        *place = *answer == SP2__BLOCKED ? OUTSIDE : POLLED;
        return true;
    case POLLED:
        *place = atomic_load(&world.flow.yielding_count) != 0 ? ANSWERING
                 : world.at[s].has_room                       ? SETTLING
                                                              : ACTING;
        return true;
    case ANSWERING:
        posts_of = SLICE_LETS_NOBODY_GO_ON;
        sp2__flow_slice_done(&world.flow, source, world.at[s].yields_before);
        posts_of = NOTHING_BROKEN;
        *place = world.at[s].has_room ? SETTLING : ACTING;
        return true;
    case SETTLING:
        if (sp2__flow_state_of(&world.flow) == SP2__FLOW_BLOCKED &&
            broken != WENT_ON_WITHOUT_ENTERING) {
            settle();
        }
        world.at[s].has_room = false;
        *place = ACTING;
        return true;
    case OUTSIDE:
        world.at[s].has_room =
            sp2__flow_state_of(&world.flow) != SP2__FLOW_UNSTARTED && world.ring <= RING_HEAPS / 2;
        *place = world.at[s].has_room && !world.at[s].closed ? LOOKING : PARKING;
        return true;
    case PARKING:
        if (broken != PARKED_WITHOUT_LOOKING_FOR_ROOM &&
            (broken != CLOSED_BEFORE_IT_ASKS_FOR_ROOM || !world.at[s].closed)) {
            settle();
        }
        if (broken == PARKED_BY_AN_OLD_LOOK && !source->is_parked) {
            source->is_parked = true;
            source->next_parked = world.flow.parked;
            world.flow.parked = source;
        }
        if (world.at[s].closed || sp2__flow_park(&world.flow, source)) {
            world.at[s].armed = false;
            *place = RESTING;
        } else {
            world.at[s].has_room = false;
            *place = LOOKING;
        }
        return true;
    case ACTING:
        if (*answer == SP2__MORE) {
            world.at[s].posted = true;
        }
        world.at[s].armed = *answer == SP2__IDLE || (world.at[s].armed && *answer == SP2__MORE);
        *place = RESTING;
        return true;
    }
    return false;
}

static bool step_consumer(void) {
    switch (world.consumer) {
    case TO_POP:
        if (world.ring == 0) {
            return false;
        }
        world.ring--;
        world.popped++;
        world.consumer = TO_LOOK;
        return true;
    case TO_LOOK:
        world.consumer = world.asks_consumer ? TO_SETTLE : TO_POP;
        return true;
    case TO_SETTLE:
        settle();
        world.consumer = TO_POP;
        return true;
    }
    return false;
}

static bool step_start(void) {
    if (world.started) {
        return false;
    }
    world.started = true;
    posts_of = START_POSTS_NOBODY;
    sp2__flow_start(&world.flow);
    posts_of = NOTHING_BROKEN;
    return true;
}

static bool step_stop(void) {
    if (world.stopped || !run->stops) {
        return false;
    }
    world.stopped = true;
    sp2__flow_close(&world.flow);
    return true;
}

/* Whoever closes a stream, or finds it closed, closes its sources: when it is done is their lock's.
 */
static bool step_close(int s) {
    const bool wanted = sp2__flow_is_closed(&world.flow) || (s == 0 && world.removed);
    if (!wanted || world.at[s].closed || !may_be_locked(s)) {
        return false;
    }
    close_source(s);
    return true;
}

static bool step_remove(void) {
    if (world.removed || !run->removes) {
        return false;
    }
    world.removed = true;
    return true;
}

static bool step_arrival(int s) {
    if (world.at[s].arrived == MOST_PACKETS || run->cnts[s][world.at[s].arrived] == 0) {
        return false;
    }
    world.at[s].arrived++;
    return true;
}

enum { STEPS = 3 * SOURCES + 4 };

static bool step(int number) {
    switch (number) {
    case 0:
        return step_consumer();
    case 1:
        return step_start();
    case 2:
        return step_stop();
    case 3:
        return step_remove();
    default:
        break;
    }
    const int s = (number - 4) % SOURCES;
    switch ((number - 4) / SOURCES) {
    case 0:
        return step_source(s);
    case 1:
        return step_close(s);
    default:
        return step_arrival(s);
    }
}

/* ---- what must hold ---- */

static int count_in(const sp2_packet_source *list, int s, int *length) {
    int count = 0;
    *length = 0;
    for (; list != NULL && *length <= SOURCES; list = list->next_parked) {
        count += list == &world.sources[s];
        ++*length;
    }
    return count;
}

static void check_always(sp2__flow_state before) {
    const sp2__flow_state now = sp2__flow_state_of(&world.flow);
    must(before != SP2__FLOW_CLOSED || now == SP2__FLOW_CLOSED, "a closed stream opens again");
    must(before == SP2__FLOW_UNSTARTED || now != SP2__FLOW_UNSTARTED, "a start is undone");
    int yielding = 0;
    for (int s = 0; s < SOURCES; s++) {
        int parked;
        const int lists =
            count_in(world.flow.parked, s, &parked) + count_in(world.flow.yielding, s, &yielding);
        must(parked <= SOURCES && yielding <= SOURCES, "a list of parked sources has no end");
        must(lists == world.sources[s].is_parked, "a source is parked in no list, or in two");
        must(!world.at[s].closed || lists == 0, "a closed source is parked");
    }
    must(atomic_load(&world.flow.yielding_count) == (uint32_t)yielding, "yields are miscounted");
    must(world.evicted == 0 || run->half_lost || run->removes || run->arrive,
         "a heap is pushed out whose rest is there");
}

/* Nobody can do anything: so nobody may have to. */
static void check_end(void) {
    const bool closed = sp2__flow_is_closed(&world.flow);
    must(closed == world.stopped, "the stream is closed, and was not stopped");
    if (closed) {
        must(world.at[0].closed && world.at[1].closed, "a stopped stream has open sources");
        return;
    }
    for (int s = 0; s < SOURCES; s++) {
        must(world.at[s].closed || world.at[s].taken == world.at[s].arrived,
             "a source waits forever, and has packets");
        must(!world.sources[s].is_parked, "a source is parked forever");
    }
    must(world.waiting == 0 && world.popped == world.delivered, "a heap waits forever");
}

/* ---- exploration ---- */

enum { MOST_DEPTH = 4096, TABLE_BITS = 21 };

static uint64_t *table; /* of the hashes of the states that were visited; 0: free */
static uint64_t states;
static struct world *path;

static uint64_t hash_world(void) {
    const uint8_t *bytes = (const uint8_t *)&world;
    uint64_t hash = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i + sizeof(uint64_t) <= sizeof(world); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    return hash | 1;
}

/* The numbers of yields are only compared, so that those matter that are different. */
static void compress_yields(void) {
    uint64_t *const numbers[] = {&world.sources[0].yields_served, &world.sources[1].yields_served,
                                 &world.at[0].yields_before, &world.at[1].yields_before,
                                 &world.heap.yield_number};
    enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
    uint64_t ranks[NUMBERS];
    const uint64_t yields = atomic_load(&world.flow.yields);
    uint64_t most = 0;
    for (int i = 0; i < NUMBERS; i++) {
        ranks[i] = 0;
        for (int j = 0; j < NUMBERS; j++) {
            bool is_first = *numbers[j] < *numbers[i];
            for (int k = 0; k < j; k++) {
                is_first &= *numbers[k] != *numbers[j];
            }
            ranks[i] += is_first;
        }
    }
    for (int i = 0; i < NUMBERS; i++) {
        most = *numbers[i] == yields && ranks[i] > most ? ranks[i] : most;
    }
    bool is_above = true;
    for (int i = 0; i < NUMBERS; i++) {
        is_above &= *numbers[i] < yields;
        most = ranks[i] > most && *numbers[i] < yields ? ranks[i] : most;
    }
    for (int i = 0; i < NUMBERS; i++) {
        *numbers[i] = ranks[i];
    }
    atomic_store(&world.flow.yields, most + is_above);
}

/* Two states that differ only in what nobody will look at are one. */
static void forget_the_past(void) {
    for (int s = 0; s < SOURCES; s++) {
        world.sources[s].stats.yields = 0;
        if (!world.sources[s].is_parked) {
            world.sources[s].yields_to = 0;
            world.sources[s].next_parked = NULL;
        }
        if (world.at[s].place == RESTING || world.at[s].place == OUTSIDE) {
            world.at[s].answer = SP2__MORE;
            world.at[s].has_room = false;
            world.at[s].yields_before = 0;
        }
    }
    if (world.live == 0) {
        memset(&world.heap, 0, sizeof(world.heap));
    }
    world.heap.yields = world.heap.yields != 0;
    compress_yields();
}

static bool visit(void) {
    forget_the_past();
    const uint64_t hash = hash_world();
    uint64_t i = hash >> (64 - TABLE_BITS);
    while (table[i] != 0 && table[i] != hash) {
        i = (i + 1) & ((1u << TABLE_BITS) - 1);
    }
    if (table[i] == hash) {
        return false;
    }
    table[i] = hash;
    states++;
    return true;
}

static void explore(int depth) {
    REQUIRE(depth < MOST_DEPTH && states < ((uint64_t)1 << TABLE_BITS) / 2);
    bool any = false;
    path[depth] = world;
    for (int i = 0; i < STEPS && wrong == NULL; i++) {
        if (!step(i)) {
            continue;
        }
        any = true;
        check_always(sp2__flow_state_of(&path[depth].flow));
        if (wrong == NULL && visit()) {
            explore(depth + 1);
        }
        memcpy(&world, &path[depth], sizeof(world));
    }
    if (!any) {
        check_end();
    }
}

static void begin(void) {
    memset(&world, 0, sizeof(world));
    sp2__flow_init(&world.flow, !run->unstarted);
    world.started = !run->unstarted;
    for (int s = 0; s < SOURCES; s++) {
        world.sources[s].number = (uint32_t)s + 1;
        while (!run->arrive && step_arrival(s)) {
        }
        if (!sp2__flow_park(&world.flow, &world.sources[s])) {
            world.at[s].posted = true;
        }
    }
}

/* What goes wrong in some interleaving, or NULL. */
static const char *explore_all(const scenario *wanted, broken_rule rule) {
    run = wanted;
    broken = rule;
    posts_of = NOTHING_BROKEN;
    wrong = NULL;
    states = 0;
    table = calloc((size_t)1 << TABLE_BITS, sizeof(*table));
    path = malloc(MOST_DEPTH * sizeof(*path));
    REQUIRE(table != NULL && path != NULL);
    begin();
    visit();
    explore(0);
    free(table);
    free(path);
    return wrong;
}

static const scenario scenarios[] = {
    {.name = "a heap on each in turn", .cnts = {{1, 1, 3, 3}, {2, 2, 4, 4}}},
    {.name = "half a heap is lost", .half_lost = true, .cnts = {{1}, {2, 2, 4, 4}}},
    {.name = "a heap on both", .half_lost = true, .cnts = {{1, 3, 3, 5}, {1, 4, 4, 5}}},
    {.name = "started", .unstarted = true, .cnts = {{1, 1, 3, 3}, {2, 2, 4, 4}}},
    {.name = "stopped", .stops = true, .cnts = {{1, 1, 3, 3}, {2, 2}}},
    {.name = "started and stopped",
     .unstarted = true,
     .stops = true,
     .cnts = {{1, 1, 3, 3}, {2, 2}}},
    {.name = "one is removed", .removes = true, .cnts = {{1, 1, 3, 3}, {2, 2}}},
    {.name = "one is removed, started and stopped",
     .unstarted = true,
     .removes = true,
     .stops = true,
     .cnts = {{1, 1, 3, 3}, {2, 2}}},
    {.name = "half a heap is lost, stopped",
     .half_lost = true,
     .stops = true,
     .cnts = {{1}, {2, 2, 4, 4}}},
    {.name = "packets arrive", .arrive = true, .cnts = {{1, 1}, {2, 2}}},
    {.name = "packets arrive, started and stopped",
     .unstarted = true,
     .arrive = true,
     .stops = true,
     .cnts = {{1, 1}, {2, 2}}},
};

SP2_TEST(Pause_machine_holds_in_all_interleavings) {
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        const char *what = explore_all(&scenarios[i], NOTHING_BROKEN);
        printf("%9" PRIu64 " states: %s\n", states, scenarios[i].name);
        fflush(stdout);
        sp2_test_context("%s", scenarios[i].name);
        CHECK_STR(what == NULL ? "" : what, "");
        CHECK(states > 100);
    }
}

SP2_TEST(Broken_rules_of_the_pause_machine_are_found) {
    static const char *const names[] = {
        [START_POSTS_NOBODY] = "a start posts nobody",
        [ROOM_POSTS_NOBODY] = "room posts nobody",
        [SLICE_LETS_NOBODY_GO_ON] = "a slice lets nobody go on",
        [END_LETS_NOBODY_GO_ON] = "a source's end lets nobody go on",
        [FEEDER_IS_NOT_POSTED] = "who is yielded to is not posted",
        [PARKED_BY_AN_OLD_LOOK] = "parked because of an old look at the state",
        [PARKED_WITHOUT_LOOKING_FOR_ROOM] = "parked without looking for room",
        [WENT_ON_WITHOUT_ENTERING] = "went on for the room, but did not enter the stream",
        [CLOSED_BUT_NOT_FORGOTTEN] = "closed, but not forgotten",
        [CLOSED_BEFORE_IT_ASKS_FOR_ROOM] = "closed before it asks for room",
    };
    for (int rule = NOTHING_BROKEN + 1; rule <= CLOSED_BEFORE_IT_ASKS_FOR_ROOM; rule++) {
        const char *what = NULL;
        const char *where = "";
        for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]) && what == NULL; i++) {
            what = explore_all(&scenarios[i], (broken_rule)rule);
            where = scenarios[i].name;
        }
        printf("%s: %s (%s)\n", names[rule], what == NULL ? "not found" : what, where);
        sp2_test_context("%s", names[rule]);
        CHECK(what != NULL);
    }
}
