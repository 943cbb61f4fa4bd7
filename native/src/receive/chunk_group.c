/* SPDX-License-Identifier: MIT */
#include "receive/chunk_group.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/sized.h"
#include "base/thread.h"
#include "receive/ready_call.h"
#include "receive/stream.h"
#include "runtime/wake.h"

/* Pin of a member outside of its slices, and head of one that holds up nobody. */
#define NOWHERE INT64_MAX

struct sp2__chunk_member {
    sp2_chunk_group *group;
    sp2_receive_stream *stream; /* NULL: not made yet, or freed */
    uint64_t stream_id;
    int64_t max_chunks;
    /* Under the group's lock: */
    int64_t head;     /* of its own window */
    int64_t pin;      /* it may write to chunks from here on */
    uint64_t last_ns; /* the end of its latest slice with packets, if another member waited then */
    uint64_t look_at_ns; /* of one that waits for members: when the first of them is silent */
    bool waits;          /* a packet of it was not used */
    bool due;            /* and it may be now */
    bool silent;
    bool ended;
    uint32_t users; /* threads that settle its stream */
};

struct sp2_chunk_group {
    _Atomic uint32_t references;
    uint32_t process; /* that made the group; base/process.h */
    bool lossless;
    int64_t max_chunks;
    uint64_t ring_chunks;
    int64_t member_timeout_ns;
    uint64_t member_count;
    sp2__wake wake; /* consumers that wait in a blocking pop */
    sp2__ready_call ready_call;

    sp2__mutex lock;
    sp2__condition settled; /* a member has one user less */
    /* Under the lock: */
    int64_t head;
    int64_t tail;
    sp2_chunk **window; /* by id modulo max_chunks */
    sp2_chunk *free;    /* the one that came last is the first to be used */
    sp2__reuse reuse;   /* of the chunks' data */
    sp2_chunk *first;   /* the data ring, in order */
    sp2_chunk *last;
    uint64_t skipped;    /* identifiers since the latest chunk began */
    uint64_t waiting_ns; /* since when a member has waited for others at this head; 0: none does */
    uint64_t origin;
    uint64_t members_made;
    uint64_t members_ended;
    bool has_begun; /* a chunk has */
    bool ended;
    bool any_due;         /* a member is due */
    bool ready_requested; /* the ready callback is wanted */
    sp2__chunk_member *members;
    sp2_chunk_group_stats stats; /* free_chunks and ready_chunks are right at all times */
};

static int64_t max_i64(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void retain(sp2_chunk_group *group) {
    atomic_fetch_add(&group->references, 1);
}

static void free_list(sp2_chunk *chunk) {
    while (chunk != NULL) {
        sp2_chunk *next = chunk->next;
        sp2__chunk_free(chunk);
        chunk = next;
    }
}

/* Without any lock. A group that nobody refers to has ended: its window is empty. */
static void release(sp2_chunk_group *group) {
    if (atomic_fetch_sub(&group->references, 1) != 1) {
        return;
    }
    free_list(group->first);
    free_list(group->free);
    sp2__free(group->members);
    sp2__free(group->window);
    sp2__ready_call_destroy(&group->ready_call);
    sp2__condition_destroy(&group->settled);
    sp2__mutex_destroy(&group->lock);
    sp2__free(group);
}

/* ---- under the lock ---- */

/* Whether no slice may write to the chunk any more. */
static bool is_out_of_reach(const sp2_chunk_group *group, const sp2_chunk *chunk) {
    for (uint64_t i = 0; i < group->members_made; i++) {
        if (group->members[i].pin <= chunk->id) {
            return false;
        }
    }
    return true;
}

static void put_free(sp2_chunk_group *group, sp2_chunk *chunk) {
    chunk->next = group->free;
    group->free = chunk;
    group->stats.free_chunks++;
}

static sp2_chunk *take_first(sp2_chunk_group *group) {
    sp2_chunk *chunk = group->first;
    group->first = chunk->next;
    group->last = group->first == NULL ? NULL : group->last;
    group->stats.ready_chunks--;
    return chunk;
}

/* Whether a consumer would get a chunk, or be told of the end. */
static bool has_something(sp2_chunk_group *group) {
    while (group->first != NULL && is_out_of_reach(group, group->first)) {
        if (!group->first->is_dropped) {
            return true;
        }
        put_free(group, take_first(group));
    }
    return group->ended && group->first == NULL;
}

static void wake_members(sp2_chunk_group *group) {
    for (uint64_t i = 0; i < group->members_made; i++) {
        sp2__chunk_member *member = &group->members[i];
        member->due |= member->waits;
        group->any_due |= member->waits;
    }
}

static sp2_chunk **place_of(sp2_chunk_group *group, int64_t id) {
    return &group->window[id % group->max_chunks];
}

/* The chunk at the head leaves the window. */
static void leave_window(sp2_chunk_group *group, bool dropped) {
    sp2_chunk *chunk = *place_of(group, group->head);
    group->head++;
    group->waiting_ns = 0;
    chunk->is_dropped = dropped;
    chunk->next = NULL;
    if (group->first == NULL) {
        group->first = chunk;
    } else {
        group->last->next = chunk;
    }
    group->last = chunk;
    group->stats.ready_chunks++;
    group->stats.chunks_emitted += !dropped;
    group->stats.chunks_dropped += dropped;
}

static void enter_window(sp2_chunk_group *group, sp2__chunk_member *member) {
    sp2_chunk *chunk = group->free;
    group->free = chunk->next;
    chunk->is_far = sp2__reuse_take(&group->reuse, chunk->data.bytes);
    sp2__reuse_add(&group->reuse, chunk->data.size);
    group->stats.free_chunks--;
    chunk->id = group->tail;
    chunk->stream_id = member->stream_id;
    chunk->ids_skipped = group->skipped;
    group->skipped = 0;
    group->has_begun = true;
    *place_of(group, group->tail) = chunk;
    group->tail++;
}

/* The window is empty and starts again further ahead. */
static void restart_window(sp2_chunk_group *group, int64_t head) {
    if (group->has_begun) {
        group->skipped += (uint64_t)(head - group->head);
        group->stats.ids_skipped += (uint64_t)(head - group->head);
    }
    group->head = head;
    group->tail = head;
    group->waiting_ns = 0;
}

/* How far the window may move: to the least head of the members that are waited for. */
static int64_t least_head(const sp2_chunk_group *group) {
    int64_t least = NOWHERE;
    for (uint64_t i = 0; i < group->member_count; i++) {
        const sp2__chunk_member *member = &group->members[i];
        if (!member->ended && !member->silent && member->head < least) {
            least = member->head;
        }
    }
    return least;
}

/* Of the members that hold up one that waits, those that have been silent for too long do not from
 * now on; false if there are none. Sets when the next one is. */
static bool look_for_silence(sp2_chunk_group *group, sp2__chunk_member *waiting) {
    bool found = false;
    waiting->look_at_ns = 0;
    if (group->member_timeout_ns < 0) {
        return false;
    }
    const uint64_t now = sp2__clock_ns();
    group->waiting_ns = group->waiting_ns != 0 ? group->waiting_ns : now;
    for (uint64_t i = 0; i < group->member_count; i++) {
        sp2__chunk_member *member = &group->members[i];
        if (member->ended || member->silent || member->head > group->head) {
            continue;
        }
        const uint64_t since = sp2__max_u64(group->waiting_ns, member->last_ns);
        const uint64_t silent_at = since + (uint64_t)group->member_timeout_ns;
        if (now >= silent_at) {
            found = true;
            member->silent = true;
            group->stats.member_timeouts++;
        } else if (waiting->look_at_ns == 0 || silent_at < waiting->look_at_ns) {
            waiting->look_at_ns = silent_at;
        }
    }
    return found;
}

/* Moves the head; false, and *waits counts, if it cannot get as far. */
static bool move_head(sp2_chunk_group *group, sp2__chunk_member *member, int64_t head,
                      uint64_t **waits) {
    do {
        const int64_t limit = group->lossless ? least_head(group) : NOWHERE;
        const int64_t end = limit < head ? limit : head;
        while (group->head < end && group->head < group->tail) {
            if (group->stats.ready_chunks >= group->ring_chunks) {
                *waits = &group->stats.waits_for_room;
                return false;
            }
            leave_window(group, false);
        }
        if (group->head < end) {
            restart_window(group, end);
        }
        if (group->head >= head) {
            return true;
        }
    } while (look_for_silence(group, member));
    *waits = &group->stats.waits_for_members;
    return false;
}

static bool move_window(sp2_chunk_group *group, sp2__chunk_member *member, int64_t id,
                        uint64_t **waits) {
    if (!move_head(group, member, max_i64(group->head, id - group->max_chunks + 1), waits)) {
        return false;
    }
    *waits = &group->stats.waits_for_free;
    while (group->tail <= id && group->free != NULL) {
        enter_window(group, member);
    }
    return group->tail > id;
}

static void end_group(sp2_chunk_group *group, bool drop) {
    if (group->ended) {
        return;
    }
    group->ended = true;
    while (group->head < group->tail) {
        leave_window(group, drop);
    }
    wake_members(group);
}

/* Something has changed: whether others are to be told when the lock is released. */
static bool has_news(sp2_chunk_group *group) {
    const bool something = has_something(group);
    if (something && group->ready_requested) {
        group->ready_requested = false;
        sp2__ready_call_request(&group->ready_call);
    }
    return something || group->any_due;
}

/* ---- without the lock ---- */

/* A member whose wait may be over, and its stream, which stays until the member is handed in here
 * as `before`; or NULL. */
static sp2__chunk_member *next_due(sp2_chunk_group *group, sp2__chunk_member *before,
                                   sp2_receive_stream **stream) {
    sp2__chunk_member *next = NULL;
    sp2__mutex_lock(&group->lock);
    if (before != NULL) {
        before->users--;
        sp2__condition_broadcast(&group->settled);
        has_news(group);
    }
    for (uint64_t i = 0; i < group->members_made && group->any_due && next == NULL; i++) {
        sp2__chunk_member *member = &group->members[i];
        if (member->due && member->stream != NULL) {
            next = member;
            next->users++;
            *stream = next->stream;
        }
        member->due = false;
    }
    group->any_due = next != NULL;
    sp2__mutex_unlock(&group->lock);
    return next;
}

/* With the stream's lock. One that has waited for something else, and waits for members now, has to
 * look by itself when they are silent. */
static void settle_member(sp2_receive_stream *stream, sp2__chunk_member *member) {
    const bool looks = sp2__chunk_group_look_at(member) != 0;
    sp2__stream_settle(stream);
    if (!looks && sp2__chunk_group_look_at(member) != 0) {
        sp2__flow_look(&stream->flow);
    }
}

/* Lets members go on whose wait may be over; and wakes consumers. */
static void announce(sp2_chunk_group *group) {
    sp2__chunk_member *member = NULL;
    sp2_receive_stream *stream;
    while ((member = next_due(group, member, &stream)) != NULL) {
        sp2__mutex_lock(&stream->lock);
        settle_member(stream, member);
        sp2__mutex_unlock(&stream->lock);
    }
    /* Who waits has looked under the lock after saying so. */
    sp2__wake_all(&group->wake);
}

/* Releases the lock after a change. */
static void unlock(sp2_chunk_group *group) {
    const bool news = has_news(group);
    sp2__mutex_unlock(&group->lock);
    if (news) {
        announce(group);
    }
    sp2__ready_call_serve(&group->ready_call);
}

/* ---- for members ---- */

int32_t sp2__chunk_group_join(sp2_chunk_group *group, sp2_receive_stream *stream,
                              const sp2_chunk_options *options, sp2__chunk_member **joined) {
    *joined = NULL;
    if (sp2__is_inherited(group->process)) {
        return sp2__fail_forked("sp2_receive_stream_create", "the chunk group");
    }
    if (options->max_chunks > (uint64_t)group->max_chunks) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_options.max_chunks is %" PRIu64
                         ", but the group's window has only %" PRId64 " chunks",
                         options->max_chunks, group->max_chunks);
    }
    sp2__mutex_lock(&group->lock);
    const bool ended = group->ended;
    const bool full = group->members_made == group->member_count;
    if (!ended && !full) {
        sp2__chunk_member *member = &group->members[group->members_made++];
        member->stream = stream;
        member->stream_id = options->stream_id;
        member->max_chunks =
            options->max_chunks != 0 ? (int64_t)options->max_chunks : group->max_chunks;
        retain(group);
        *joined = member;
    }
    sp2__mutex_unlock(&group->lock);
    if (ended) {
        return sp2__fail(SP2_E_STATE, 0,
                         "sp2_receive_stream_create: the chunk group has ended; make a new one");
    }
    if (full) {
        return sp2__fail(SP2_E_STATE, 0,
                         "sp2_receive_stream_create: the chunk group has all of its %" PRIu64
                         " members (sp2_chunk_group_options.members)",
                         group->member_count);
    }
    return SP2_OK;
}

void sp2__chunk_group_part(sp2__chunk_member *member) {
    sp2_chunk_group *group = member->group;
    sp2__mutex_lock(&group->lock);
    member->stream = NULL;
    while (member->users != 0) {
        sp2__condition_wait(&group->settled, &group->lock);
    }
    sp2__mutex_unlock(&group->lock);
    release(group);
}

bool sp2__chunk_group_begin_slice(sp2__chunk_member *member, int64_t *head) {
    sp2_chunk_group *group = member->group;
    sp2__mutex_lock(&group->lock);
    *head = max_i64(group->head, member->head);
    member->pin = group->head;
    const bool ended = group->ended;
    sp2__mutex_unlock(&group->lock);
    return !ended;
}

bool sp2__chunk_group_end_slice(sp2__chunk_member *member, bool active) {
    sp2_chunk_group *group = member->group;
    sp2__mutex_lock(&group->lock);
    member->pin = NOWHERE;
    if (active) {
        member->silent = false;
        member->last_ns = group->waiting_ns != 0 ? sp2__clock_ns() : member->last_ns;
    }
    const bool news = has_news(group);
    sp2__mutex_unlock(&group->lock);
    return news;
}

sp2__reach sp2__chunk_group_reach(sp2__chunk_member *member, int64_t id, bool first, int64_t *head,
                                  sp2_chunk **chunk) {
    sp2_chunk_group *group = member->group;
    sp2__reach reach = SP2__REACH_OK;
    uint64_t *waits = NULL;
    sp2__mutex_lock(&group->lock);
    const int64_t head_before = group->head;
    const int64_t own_before = member->head;
    member->waits = false;
    member->look_at_ns = 0;
    if (group->ended) {
        reach = SP2__REACH_ENDED;
    } else if (id < group->head || id < member->head) {
        reach = SP2__REACH_TOO_OLD;
    } else {
        member->head = max_i64(member->head, id - member->max_chunks + 1);
        if (id >= group->tail && !move_window(group, member, id, &waits)) {
            reach = SP2__REACH_WAIT;
            member->waits = true;
            *waits += first;
        }
    }
    if (group->head != head_before || (group->lossless && member->head != own_before)) {
        wake_members(group);
        member->due = false;
    }
    *head = max_i64(group->head, member->head);
    *chunk = reach == SP2__REACH_OK ? *place_of(group, id) : NULL;
    sp2__mutex_unlock(&group->lock);
    return reach;
}

int64_t sp2__chunk_group_window(const sp2__chunk_member *member) {
    return member->max_chunks;
}

uint64_t sp2__chunk_group_look_at(sp2__chunk_member *member) {
    sp2__mutex_lock(&member->group->lock);
    const uint64_t look_at = member->waits ? member->look_at_ns : 0;
    sp2__mutex_unlock(&member->group->lock);
    return look_at;
}

void sp2__chunk_group_end_member(sp2__chunk_member *member) {
    sp2_chunk_group *group = member->group;
    sp2__mutex_lock(&group->lock);
    member->ended = true;
    member->waits = false;
    group->members_ended++;
    if (group->members_ended == group->member_count) {
        end_group(group, false);
    }
    wake_members(group);
    sp2__mutex_unlock(&group->lock);
}

uint64_t sp2__chunk_group_origin(sp2__chunk_member *member, uint64_t proposed) {
    sp2_chunk_group *group = member->group;
    sp2__mutex_lock(&group->lock);
    group->origin = group->origin == SP2__NO_ORIGIN ? proposed : group->origin;
    const uint64_t origin = group->origin;
    sp2__mutex_unlock(&group->lock);
    return origin;
}

void sp2__chunk_group_announce(sp2__chunk_member *member) {
    announce(member->group);
}

void sp2__chunk_group_serve(sp2__chunk_member *member) {
    sp2__ready_call_serve(&member->group->ready_call);
}

/* ---- for users ---- */

static int32_t check_options(const sp2_chunk_group_options *options) {
    if (options->flags & ~(uint32_t)SP2_CHUNK_GROUP_LOSSLESS) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_chunk_group_options.flags has 0x%x, which this library does not know "
                         "yet",
                         (unsigned)options->flags);
    }
    if (options->max_chunks > SP2_CHUNK_MAX_CHUNKS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_group_options.max_chunks is %" PRIu64
                         ", but at most %d are allowed",
                         options->max_chunks, SP2_CHUNK_MAX_CHUNKS);
    }
    if (options->members > SP2_CHUNK_MAX_MEMBERS) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_group_options.members is %" PRIu64
                         ", but at most %d are allowed",
                         options->members, SP2_CHUNK_MAX_MEMBERS);
    }
    if (options->member_timeout_ns < SP2_CHUNK_NO_TIMEOUT) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_group_options.member_timeout_ns is %" PRId64
                         ", but it must be a time in nanoseconds, 0 for the default, or "
                         "SP2_CHUNK_NO_TIMEOUT (-1)",
                         options->member_timeout_ns);
    }
    return SP2_OK;
}

static int32_t read_options(const sp2_chunk_group_options *caller,
                            sp2_chunk_group_options *options) {
    *options = (sp2_chunk_group_options){0};
    if (caller != NULL) {
        const int32_t status = sp2__sized_read(caller, options, sizeof(*options), sizeof(*options),
                                               "sp2_chunk_group_options");
        if (status != SP2_OK) {
            return status;
        }
    }
    if (options->max_chunks == 0) {
        options->max_chunks = SP2_CHUNK_DEFAULT_MAX_CHUNKS;
    }
    if (options->ring_chunks == 0) {
        options->ring_chunks = UINT64_MAX;
    }
    if (options->members == 0) {
        options->members = SP2_CHUNK_DEFAULT_MEMBERS;
    }
    if (options->member_timeout_ns == 0) {
        options->member_timeout_ns = SP2_CHUNK_DEFAULT_MEMBER_TIMEOUT_NS;
    }
    return check_options(options);
}

static void init(sp2_chunk_group *group, const sp2_chunk_group_options *options) {
    group->references = 1;
    group->process = sp2__process();
    group->lossless = options->flags & SP2_CHUNK_GROUP_LOSSLESS;
    group->max_chunks = (int64_t)options->max_chunks;
    group->ring_chunks = options->ring_chunks;
    group->member_timeout_ns = options->member_timeout_ns;
    group->member_count = options->members;
    group->origin = SP2__NO_ORIGIN;
    for (uint64_t i = 0; i < options->members; i++) {
        group->members[i].group = group;
        group->members[i].pin = NOWHERE;
    }
    sp2__ready_call_init(&group->ready_call);
    sp2__mutex_init(&group->lock);
    sp2__condition_init(&group->settled);
}

int32_t sp2_chunk_group_create(const sp2_chunk_group_options *caller, sp2_chunk_group **created) {
    if (created == NULL) {
        return sp2__fail_null("sp2_chunk_group_create", "group");
    }
    *created = NULL;
    sp2_chunk_group_options options;
    const int32_t status = read_options(caller, &options);
    if (status != SP2_OK) {
        return status;
    }
    sp2_chunk_group *group = sp2__calloc_array(1, sizeof(*group));
    sp2_chunk **window = sp2__calloc_array((size_t)options.max_chunks, sizeof(sp2_chunk *));
    sp2__chunk_member *members = sp2__calloc_array((size_t)options.members, sizeof(*members));
    if (group == NULL || window == NULL || members == NULL) {
        sp2__free(group);
        sp2__free(window);
        sp2__free(members);
        return sp2__fail_memory("a chunk group");
    }
    group->window = window;
    group->members = members;
    init(group, &options);
    *created = group;
    return SP2_OK;
}

/* SP2_OK if a group can be used, and `other`, an argument of this name, is there. */
static int32_t check(const char *function, const sp2_chunk_group *group, const void *other,
                     const char *name) {
    if (group == NULL || other == NULL) {
        return sp2__fail_null(function, group == NULL ? "group" : name);
    }
    return sp2__is_inherited(group->process) ? sp2__fail_forked(function, "the chunk group")
                                             : SP2_OK;
}

/* The chunk is no group's any more. */
static void detach(sp2_chunk *chunk) {
    if (chunk->group != NULL) {
        release(chunk->group);
        chunk->group = NULL;
    }
}

/* False if the group has ended and takes no chunk then. */
static bool add_free(sp2_chunk_group *group, sp2_chunk *chunk, bool even_ended) {
    sp2__chunk_clear(chunk);
    sp2__mutex_lock(&group->lock);
    const bool added = even_ended || !group->ended;
    if (added) {
        put_free(group, chunk);
        wake_members(group);
    }
    unlock(group);
    return added;
}

int32_t sp2_chunk_group_add_free(sp2_chunk_group *group, sp2_chunk *chunk) {
    const int32_t status = check("sp2_chunk_group_add_free", group, chunk, "chunk");
    if (status != SP2_OK) {
        return status;
    }
    if (atomic_exchange(&chunk->is_lent, true)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_group_add_free: the chunk belongs to a group already");
    }
    detach(chunk);
    add_free(group, chunk, true);
    return SP2_OK;
}

void sp2_chunk_release(sp2_chunk *chunk) {
    if (chunk == NULL) {
        return;
    }
    sp2_chunk_group *group = chunk->group;
    if (group == NULL) {
        sp2__chunk_free(chunk);
    } else if (!sp2__is_inherited(group->process)) {
        chunk->group = NULL;
        atomic_store(&chunk->is_lent, true);
        if (!add_free(group, chunk, false)) {
            sp2__chunk_free(chunk);
        }
        release(group);
    }
}

void sp2_chunk_destroy(sp2_chunk *chunk) {
    if (chunk != NULL && (chunk->group == NULL || !sp2__is_inherited(chunk->group->process))) {
        detach(chunk);
        sp2__chunk_free(chunk);
    }
}

/* Takes a chunk, if there is one. */
static int32_t pop(sp2_chunk_group *group, sp2_chunk **popped) {
    sp2_chunk *chunk = NULL;
    sp2__mutex_lock(&group->lock);
    const bool something = has_something(group);
    if (something && group->first != NULL) {
        chunk = take_first(group);
        chunk->group = group;
        retain(group);
        wake_members(group);
    }
    unlock(group);
    if (chunk == NULL) {
        return something ? SP2_E_STOPPED : SP2_E_EMPTY;
    }
    sp2__chunk_count(chunk);
    atomic_store(&chunk->is_lent, false);
    *popped = chunk;
    return SP2_OK;
}

int32_t sp2_chunk_group_pop(sp2_chunk_group *group, sp2_chunk **chunk) {
    if (chunk != NULL) {
        *chunk = NULL;
    }
    const int32_t status = check("sp2_chunk_group_pop", group, chunk, "chunk");
    return status == SP2_OK ? pop(group, chunk) : status;
}

/* Sleeps until there may be a chunk, or for the rest of the timeout; false if that has passed. */
static bool sleep_for_chunk(sp2_chunk_group *group, uint64_t start, int64_t timeout_ns) {
    int64_t remaining = -1;
    if (timeout_ns >= 0) {
        const uint64_t elapsed = sp2__clock_ns() - start;
        if (elapsed >= (uint64_t)timeout_ns) {
            return false;
        }
        remaining = timeout_ns - (int64_t)elapsed;
    }
    const uint32_t key = sp2__wake_prepare(&group->wake);
    sp2__mutex_lock(&group->lock);
    const bool something = has_something(group);
    sp2__mutex_unlock(&group->lock);
    if (something) {
        sp2__wake_cancel(&group->wake);
    } else {
        sp2__wake_wait(&group->wake, key, remaining);
    }
    return true;
}

int32_t sp2_chunk_group_pop_wait(sp2_chunk_group *group, int64_t timeout_ns, sp2_chunk **chunk) {
    if (chunk != NULL) {
        *chunk = NULL;
    }
    int32_t status = check("sp2_chunk_group_pop_wait", group, chunk, "chunk");
    if (status != SP2_OK) {
        return status;
    }
    const uint64_t start = timeout_ns > 0 ? sp2__clock_ns() : 0;
    while ((status = pop(group, chunk)) == SP2_E_EMPTY) {
        if (timeout_ns == 0 || !sleep_for_chunk(group, start, timeout_ns)) {
            return SP2_E_TIMEOUT;
        }
    }
    return status;
}

int32_t sp2_chunk_group_set_ready_callback(sp2_chunk_group *group, sp2_ready_fn ready,
                                           void *context) {
    const int32_t status = check("sp2_chunk_group_set_ready_callback", group, group, "");
    if (status == SP2_OK) {
        sp2__ready_call_set(&group->ready_call, ready, context);
    }
    return status;
}

int32_t sp2_chunk_group_request_ready(sp2_chunk_group *group) {
    const int32_t status = check("sp2_chunk_group_request_ready", group, group, "");
    if (status != SP2_OK) {
        return status;
    }
    sp2__mutex_lock(&group->lock);
    const bool something = has_something(group);
    const bool has_chunk = something && group->first != NULL;
    group->ready_requested = !something;
    sp2__mutex_unlock(&group->lock);
    return has_chunk ? SP2_OK : something ? SP2_E_STOPPED : SP2_E_EMPTY;
}

int32_t sp2_chunk_group_get_stats(sp2_chunk_group *group, sp2_chunk_group_stats *stats) {
    const int32_t status = check("sp2_chunk_group_get_stats", group, stats, "stats");
    if (status != SP2_OK) {
        return status;
    }
    sp2__mutex_lock(&group->lock);
    has_something(group);
    const sp2_chunk_group_stats now = group->stats;
    sp2__mutex_unlock(&group->lock);
    return sp2__sized_write(stats, &now, sizeof(now), sizeof(now), "sp2_chunk_group_stats");
}

int32_t sp2_chunk_group_stop(sp2_chunk_group *group, int32_t mode) {
    if (group == NULL) {
        return sp2__fail_null("sp2_chunk_group_stop", "group");
    }
    if (mode < SP2_CHUNK_STOP_DRAIN || mode > SP2_CHUNK_STOP_LAST) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_group_stop: mode is %d, which is no sp2_chunk_stop_mode",
                         (int)mode);
    }
    if (!sp2__is_inherited(group->process)) {
        sp2__mutex_lock(&group->lock);
        end_group(group, mode == SP2_CHUNK_STOP_DROP);
        unlock(group);
    }
    return SP2_OK;
}

/* Of a group that has ended and that nobody reads any more. */
static void free_unused(sp2_chunk_group *group) {
    sp2__mutex_lock(&group->lock);
    while (group->first != NULL && is_out_of_reach(group, group->first)) {
        put_free(group, take_first(group));
    }
    sp2_chunk *unused = group->free;
    group->free = NULL;
    group->stats.free_chunks = 0;
    sp2__mutex_unlock(&group->lock);
    free_list(unused);
}

void sp2_chunk_group_destroy(sp2_chunk_group *group) {
    if (group != NULL && !sp2__is_inherited(group->process)) {
        sp2_chunk_group_stop(group, SP2_CHUNK_STOP_DROP);
        free_unused(group);
        release(group);
    }
}
