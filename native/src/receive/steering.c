/* SPDX-License-Identifier: MIT */
#include "receive/steering.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/steer.h"
#include "packet/dialect.h"
#include "packet/packet.h"
#include "receive/stream.h"

/* Strays are pushed in blocks of this size, so that a packet costs no allocation. */
#define BLOCK_BYTES 65536

/* A member that has so many bytes of strays to take gets no more: then others pause, too. */
#define MOST_WAITING ((uint64_t)16 << 20)

/* A member that has waited for the others so long goes on without them: one of them is stuck in a
 * function of its user, or gets more than it can take. For a while nobody waits then. */
#define PATIENCE_NS (3 * (uint64_t)SP2__NS_PER_SECOND)
#define IMPATIENCE_NS ((uint64_t)SP2__NS_PER_SECOND)

/* Answer of a member that is closed. */
#define CLOSED UINT64_MAX

/* Head of a datagram in a block; the bytes follow. */
typedef struct stray {
    uint32_t length;
    uint32_t truncated;
    sp2__address sender; /* of length 0: not known */
} stray;

struct sp2__stray_block {
    sp2__stray_block *next;
    uint32_t capacity;
    uint32_t size;     /* bytes of datagrams and their heads */
    uint32_t position; /* of the one that is to be taken next */
    uint8_t bytes[];
};

struct sp2__steering {
    _Atomic uint32_t references;
    uint32_t count;
    _Atomic uint64_t requests;        /* made so far */
    _Atomic uint64_t ending;          /* the request of a stop item; 0: none came */
    _Atomic uint64_t impatient_until; /* a time of sp2__clock_ns */
    sp2__stray_queue *queues;         /* by giver, then by taker */
    sp2__steered members[];
};

static sp2__stray_queue *queue_of(const sp2__steering *steering, uint32_t giver, uint32_t taker) {
    return &steering->queues[(size_t)giver * steering->count + taker];
}

/* ---- life ---- */

sp2__steering *sp2__steering_create(uint32_t count) {
    sp2__steering *steering =
        sp2__calloc_array(1, sizeof(*steering) + count * sizeof(steering->members[0]));
    if (steering == NULL) {
        return NULL;
    }
    steering->queues = sp2__calloc_array((size_t)count * count, sizeof(*steering->queues));
    if (steering->queues == NULL) {
        sp2__free(steering);
        return NULL;
    }
    steering->references = count;
    steering->count = count;
    for (uint32_t i = 0; i < count; i++) {
        steering->members[i].steering = steering;
        steering->members[i].index = i;
        steering->members[i].reached = -1;
        sp2__mutex_init(&steering->members[i].lock);
    }
    return steering;
}

void sp2__steering_join(sp2__steering *steering, uint32_t index, sp2_packet_source *source,
                        uint32_t max_size) {
    source->steered = &steering->members[index];
    source->steered->max_size = max_size;
    source->steered->source = source;
}

static void free_blocks(sp2__stray_block *block) {
    while (block != NULL) {
        sp2__stray_block *next = block->next;
        sp2__free(block);
        block = next;
    }
}

void sp2__steering_release(sp2__steering *steering) {
    if (atomic_fetch_sub(&steering->references, 1) != 1) {
        return;
    }
    for (uint32_t i = 0; i < steering->count; i++) {
        sp2__mutex_destroy(&steering->members[i].lock);
    }
    for (size_t i = 0; i < (size_t)steering->count * steering->count; i++) {
        free_blocks(atomic_load(&steering->queues[i].pushed));
        free_blocks(steering->queues[i].first);
        free_blocks(steering->queues[i].open);
    }
    sp2__free(steering->queues);
    sp2__free(steering);
}

/* Has the member's source look at what there is. */
static void wake(sp2__steered *member) {
    sp2__mutex_lock(&member->lock);
    if (member->source != NULL) {
        sp2__event_loop_post(member->source->loop, &member->source->task);
    }
    sp2__mutex_unlock(&member->lock);
}

static void wake_all(sp2__steering *steering) {
    for (uint32_t i = 0; i < steering->count; i++) {
        wake(&steering->members[i]);
    }
}

/* The member has answered, or is closed. */
static void wake_askers(sp2__steering *steering) {
    for (uint32_t i = 0; i < steering->count; i++) {
        if (atomic_exchange(&steering->members[i].waits, false)) {
            wake(&steering->members[i]);
        }
    }
}

/* There is room for more strays. */
static void wake_givers(sp2__steering *steering) {
    for (uint32_t i = 0; i < steering->count; i++) {
        if (atomic_exchange(&steering->members[i].needs_room, false)) {
            wake(&steering->members[i]);
        }
    }
}

static bool is_closed(sp2__steered *member) {
    return atomic_load(&member->answered) == CLOSED;
}

bool sp2__steered_may_reach(sp2__steered *member, int64_t chunk) {
    if (chunk <= member->reached) {
        return true;
    }
    member->wants = true;
    member->wanted = chunk < member->wanted ? chunk : member->wanted;
    return false;
}

/* ---- the giver ---- */

static void push(sp2__steering *steering, uint32_t giver, uint32_t taker) {
    sp2__stray_queue *queue = queue_of(steering, giver, taker);
    sp2__steered *member = &steering->members[taker];
    sp2__stray_block *block = queue->open;
    queue->open = NULL;
    atomic_fetch_add(&member->waiting, block->capacity);
    /* Once it is pushed, the block is the taker's. */
    sp2__stray_block *latest = atomic_load(&queue->pushed);
    do {
        block->next = latest;
    } while (!atomic_compare_exchange_weak(&queue->pushed, &latest, block));
    atomic_fetch_add(&member->arrivals, 1);
    if (latest == NULL && giver != taker) {
        wake(member);
    }
}

static void push_open(sp2__steered *me) {
    if (SP2__LIKELY(!me->has_open)) {
        return;
    }
    me->has_open = false;
    for (uint32_t i = 0; i < me->steering->count; i++) {
        if (queue_of(me->steering, me->index, i)->open != NULL) {
            push(me->steering, me->index, i);
        }
    }
}

/* A block with room for so many bytes; NULL: there is none, for now. */
static sp2__stray_block *block_for(sp2__steered *me, uint32_t taker, uint32_t size) {
    sp2__stray_queue *queue = queue_of(me->steering, me->index, taker);
    if (queue->open != NULL && queue->open->capacity - queue->open->size < size) {
        push(me->steering, me->index, taker);
    }
    if (queue->open == NULL) {
        const uint32_t capacity = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        sp2__steered *member = &me->steering->members[taker];
        if (atomic_load(&member->waiting) >= MOST_WAITING) {
            atomic_store(&me->needs_room, true);
            if (atomic_load(&member->waiting) >= MOST_WAITING) {
                return NULL;
            }
        }
        queue->open = sp2__alloc(sizeof(*queue->open) + capacity);
        if (queue->open == NULL) {
            return NULL;
        }
        *queue->open = (sp2__stray_block){.capacity = capacity};
        me->has_open = true;
    }
    return queue->open;
}

/* Each begins where a head may. */
static uint32_t padded(uint32_t length) {
    return (length + 7u) & ~7u;
}

static bool give(sp2__steered *me, uint32_t taker, const uint8_t *bytes, uint32_t length,
                 bool truncated, const sp2__address *sender) {
    sp2__stray_block *block = block_for(me, taker, (uint32_t)sizeof(stray) + padded(length));
    if (block == NULL) {
        return false;
    }
    const stray head = {
        .length = length,
        .truncated = truncated,
        .sender = sender != NULL ? *sender : (sp2__address){0},
    };
    memcpy(block->bytes + block->size, &head, sizeof(head));
    memcpy(block->bytes + block->size + sizeof(head), bytes, length);
    block->size += (uint32_t)sizeof(head) + padded(length);
    return true;
}

bool sp2__steered_owns(const sp2__steered *member, uint64_t cnt) {
    return sp2__steer(cnt, member->steering->count) == member->index;
}

sp2__answer sp2__steered_hand_over(sp2__steered *me, uint64_t cnt, const uint8_t *bytes,
                                   uint64_t length, const sp2__address *sender) {
    const uint32_t taker = sp2__steer(cnt, me->steering->count);
    if (SP2__UNLIKELY(is_closed(&me->steering->members[taker]))) {
        atomic_fetch_add(&me->source->unused, 1);
        return SP2__MORE;
    }
    return give(me, taker, bytes, (uint32_t)length, false, sender) ? SP2__MORE : SP2__PARKED;
}

bool sp2__steered_move(sp2_packet_source *source, const uint8_t *bytes, uint32_t length,
                       bool truncated, const sp2__address *sender) {
    sp2__steered *me = source->steered;
    sp2__packet packet;
    uint32_t taker = me->index;
    if (!truncated && length != 0 &&
        (source->dialect.flags != 0
             ? sp2__packet_decode_dialect(bytes, length, &source->dialect, &packet)
             : sp2__packet_decode(bytes, length, &packet)) == SP2__PACKET_OK) {
        taker = sp2__steer(packet.cnt, me->steering->count);
    }
    return give(me, taker, bytes, length, truncated, sender);
}

/* ---- the taker ---- */

/* The block that comes next in a queue, or NULL. */
static sp2__stray_block *next_block(sp2__stray_queue *queue) {
    if (queue->first == NULL && atomic_load_explicit(&queue->pushed, memory_order_relaxed)) {
        sp2__stray_block *block = atomic_exchange(&queue->pushed, NULL);
        while (block != NULL) {
            sp2__stray_block *next = block->next;
            block->next = queue->first;
            queue->first = block;
            block = next;
        }
    }
    return queue->first;
}

static sp2__answer add_stray(sp2_receive_stream *stream, const sp2__steered *me,
                             sp2__stray_block *block) {
    stray head;
    memcpy(&head, block->bytes + block->position, sizeof(head));
    const uint8_t *bytes = block->bytes + block->position + sizeof(head);
    sp2__answer answer = SP2__MORE;
    if (sp2__stream_wants_senders(stream)) {
        sp2__assembler_set_sender(&stream->assembler, &head.sender);
    }
    if (head.truncated) {
        sp2__stream_add_truncated(stream, bytes, head.length, me->max_size);
    } else {
        answer = sp2__stream_add_datagram(stream, bytes, head.length);
    }
    if (sp2__answer_used(answer)) {
        block->position += (uint32_t)sizeof(head) + padded(head.length);
    }
    return answer;
}

/* Takes from one queue until it is empty, or its next packet is held back, which is true. */
static bool take_queue(sp2_packet_source *source, sp2__stray_queue *queue, sp2__answer *answer,
                       uint64_t *packets) {
    sp2__steered *me = source->steered;
    sp2__stray_block *block;
    while (*answer == SP2__MORE && *packets < SP2__SLICE_PACKETS &&
           (block = next_block(queue)) != NULL) {
        while (*answer == SP2__MORE && block->position != block->size) {
            *answer = add_stray(source->stream, me, block);
            ++*packets;
        }
        if (block->position == block->size) {
            queue->first = block->next;
            atomic_fetch_sub(&me->waiting, block->capacity);
            sp2__free(block);
        }
    }
    if (*answer == SP2__PARKED && me->wants) {
        me->wants = false;
        *answer = SP2__MORE;
        return true;
    }
    return false;
}

/* Takes what may be taken of all queues. *held: a packet was held back. SP2__MORE: nothing else is
 * left. */
static sp2__answer take_strays(sp2_packet_source *source, bool *held) {
    sp2__steered *me = source->steered;
    sp2__steering *steering = me->steering;
    *held = false;
    if (SP2__LIKELY(atomic_load_explicit(&me->waiting, memory_order_relaxed) == 0)) {
        return SP2__MORE;
    }
    uint64_t packets = 0;
    sp2__answer answer = sp2__source_enter(source);
    me->is_stray = true;
    for (uint32_t i = 0; i < steering->count && answer == SP2__MORE; i++) {
        *held |= take_queue(source, queue_of(steering, i, me->index), &answer, &packets);
    }
    me->is_stray = false;
    sp2__source_leave(source);
    if (atomic_load(&me->waiting) < MOST_WAITING / 2) {
        wake_givers(steering);
    }
    return answer == SP2__MORE && packets >= SP2__SLICE_PACKETS ? SP2__YIELD : answer;
}

/* ---- requests ---- */

static void note_requests(sp2_packet_source *source) {
    sp2__steered *me = source->steered;
    if (SP2__LIKELY(me->noted == atomic_load_explicit(&me->answered, memory_order_relaxed))) {
        me->noted = atomic_load(&me->steering->requests);
        me->noted_at = source->stats.bytes;
    }
}

static bool is_asked(const sp2__steered *me) {
    return me->noted != atomic_load_explicit(&me->answered, memory_order_relaxed);
}

static void answer_others(sp2__steered *me) {
    push_open(me);
    atomic_store(&me->answered, me->noted);
    wake_askers(me->steering);
}

static bool have_answered(const sp2__steered *me, uint64_t request) {
    for (uint32_t i = 0; i < me->steering->count; i++) {
        if (atomic_load(&me->steering->members[i].answered) < request) {
            return false;
        }
    }
    return true;
}

static void begin_round(sp2__steered *me, uint64_t now) {
    me->rounds++;
    me->request = atomic_fetch_add(&me->steering->requests, 1) + 1;
    me->asked_ns = now;
    for (uint32_t i = 0; i < me->steering->count; i++) {
        if (i != me->index) {
            wake(&me->steering->members[i]);
        }
    }
}

/* Whether the round under way has passed, as all answers are there or come too late. */
static bool has_passed(sp2__steered *me, uint64_t now) {
    sp2__steering *steering = me->steering;
    if (have_answered(me, me->request)) {
        return true;
    }
    if (now < atomic_load(&steering->impatient_until)) {
        return true;
    }
    if (now - me->asked_ns < PATIENCE_NS) {
        return false;
    }
    atomic_store(&steering->impatient_until, now + IMPATIENCE_NS);
    return true;
}

/* All that a round was for can be done: everything that was handed over has been taken. */
static void end_round(sp2_packet_source *source, bool held) {
    sp2__steered *me = source->steered;
    me->request = 0;
    if (held && me->holds <= me->rounds) {
        me->reached = me->wanted;
    }
    me->holds = 0;
    if (me->keeps) {
        sp2__source_enter(source);
        sp2__stream_end_round(source->stream, me);
        sp2__source_leave(source);
    }
}

/* Whether heaps that were pushed out wait for the next round. */
static bool needs_round(sp2_packet_source *source) {
    sp2_receive_stream *stream = source->stream;
    sp2__mutex_lock(&stream->lock);
    const bool needs = sp2__stream_needs_round(stream, source->steered);
    sp2__mutex_unlock(&stream->lock);
    return needs;
}

/* Goes on with the rounds. `taken`: all strays were taken, or are held back. `held`: so is what is
 * left of everything. `arrivals`: as of when the member began to take strays. Returns what the
 * slice's answer becomes. */
static sp2__answer go_round(sp2_packet_source *source, sp2__answer answer, bool taken, bool held,
                            uint64_t arrivals) {
    sp2__steered *me = source->steered;
    if (SP2__LIKELY(me->request == 0 && !me->keeps && !held)) {
        return answer;
    }
    const uint64_t now = sp2__clock_ns();
    if (held && me->holds == 0) {
        me->holds = me->rounds + 1;
    }
    if (me->request == 0) {
        if (me->holds == 0 && !needs_round(source)) {
            return answer;
        }
        begin_round(me, now);
    }
    atomic_store(&me->waits, true);
    const bool passed = has_passed(me, now);
    if (atomic_load(&me->arrivals) != arrivals) {
        return answer == SP2__IDLE || held ? SP2__MORE : answer;
    }
    if (passed && taken) {
        end_round(source, held);
        return SP2__MORE;
    }
    return held ? SP2__LATER : answer;
}

void sp2__steered_end(sp2__steered *me) {
    sp2__steering *steering = me->steering;
    uint64_t none = 0;
    atomic_compare_exchange_strong(&steering->ending, &none,
                                   atomic_fetch_add(&steering->requests, 1) + 1);
    wake_all(steering);
}

/* Nothing is left. */
static sp2__answer end_or_wait(sp2_packet_source *source, sp2__answer answer, uint64_t arrivals) {
    sp2__steered *me = source->steered;
    const uint64_t ending = atomic_load(&me->steering->ending);
    if (SP2__LIKELY(ending == 0)) {
        return answer;
    }
    atomic_store(&me->waits, true);
    if (me->noted < ending || !have_answered(me, ending) ||
        atomic_load(&me->arrivals) != arrivals) {
        return me->noted < ending || atomic_load(&me->arrivals) != arrivals ? SP2__MORE : answer;
    }
    sp2__source_enter(source);
    sp2__stream_end_source(source->stream);
    sp2__source_leave(source);
    return SP2__ENDED;
}

/* ---- slices ---- */

sp2__answer sp2__steered_poll(sp2_packet_source *source) {
    sp2__steered *me = source->steered;
    bool held;
    note_requests(source);
    const uint64_t arrivals = atomic_load(&me->arrivals);
    me->wanted = INT64_MAX;
    sp2__answer answer = take_strays(source, &held);
    const bool taken = answer == SP2__MORE;
    bool exhausted = taken;
    bool empty = false;
    me->wants = false;
    if (exhausted && next_block(queue_of(me->steering, me->index, me->index)) == NULL) {
        source->found_empty = false;
        answer = source->ops->poll(source);
        empty = source->found_empty;
        exhausted = empty || me->wants;
        held |= me->wants;
    }
    push_open(me);
    if (SP2__UNLIKELY(is_asked(me))) {
        const bool pauses = answer != SP2__MORE && answer != SP2__IDLE;
        if (empty || source->stats.bytes - me->noted_at > me->buffered ||
            ((pauses || exhausted) && source->ops->move(source))) {
            answer_others(me);
        } else if (answer == SP2__IDLE) {
            answer = SP2__MORE;
        }
    }
    if (answer == SP2__ENDED || answer == SP2__BLOCKED) {
        return answer;
    }
    if (SP2__UNLIKELY(held) && !exhausted) {
        answer = answer == SP2__IDLE ? SP2__MORE : answer;
    }
    answer = go_round(source, answer, taken, held && exhausted, arrivals);
    if (empty && !held) {
        answer = end_or_wait(source, answer, arrivals);
    } else if (answer == SP2__IDLE && atomic_load(&me->steering->ending) != 0) {
        answer = SP2__MORE; /* until nothing is left */
    }
    return answer == SP2__PARKED && !source->is_parked ? SP2__LATER : answer;
}

void sp2__steered_look_aside(sp2_packet_source *source) {
    note_requests(source);
    if (is_asked(source->steered) && source->ops->move(source)) {
        answer_others(source->steered);
    }
    push_open(source->steered);
}

uint64_t sp2__steered_close(sp2_packet_source *source) {
    sp2__steered *me = source->steered;
    uint64_t left = 0;
    sp2__mutex_lock(&me->lock);
    me->source = NULL;
    sp2__mutex_unlock(&me->lock);
    atomic_store(&me->answered, CLOSED);
    for (uint32_t i = 0; i < me->steering->count; i++) {
        sp2__stray_queue *queue = queue_of(me->steering, i, me->index);
        sp2__stray_block *block;
        while ((block = next_block(queue)) != NULL) {
            for (; block->position != block->size; left++) {
                stray head;
                memcpy(&head, block->bytes + block->position, sizeof(head));
                block->position += (uint32_t)sizeof(head) + padded(head.length);
            }
            queue->first = block->next;
            sp2__free(block);
        }
    }
    wake_askers(me->steering);
    wake_givers(me->steering);
    return left;
}
