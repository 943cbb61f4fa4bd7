/* SPDX-License-Identifier: MIT */
#include "transport/inproc_queue.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/process.h"
#include "base/sized.h"
#include "base/thread.h"
#include "send/stream.h"

/* Packets lie in blocks of so many bytes, those that are larger in one of their own. A block stays
 * in the processor's second-level cache between writer and reader. */
#define BLOCK_BYTES ((uint64_t)256 << 10)

/* Empty blocks that are kept for later, at most; those of a bounded queue of the default size. */
#define MOST_SPARE_BLOCKS (SP2_INPROC_DEFAULT_MAX_BYTES / BLOCK_BYTES)

/* The reader lets writers have room whenever it has taken this part of the queue. */
#define SETTLE_PART 4

/* A packet in a block; its bytes follow. */
typedef struct record {
    uint64_t length;
    _Atomic uint64_t ready; /* the bytes are there */
} record;

/* Records follow. Nothing changes in a block that has a next one but what the records contain. */
typedef struct block {
    struct block *next;
    uint64_t capacity;
    uint64_t used;   /* reserved so far; under the lock as long as it is the last */
    uint64_t unused; /* so that records are aligned */
} block;

struct sp2_inproc_queue {
    _Atomic uint32_t references;
    uint32_t process; /* that made the queue; base/process.h */
    uint64_t max_bytes;
    uint64_t settle_bytes; /* that are taken at most before others have their room */

    sp2__mutex lock;
    /* Under the lock: */
    block *last;
    block *spare;
    uint32_t spare_count;
    uint64_t bytes; /* of records that were reserved and whose room was not given to others yet */
    bool stopped;
    bool reader_waits;            /* it is to be posted */
    sp2__event_loop *reader_loop; /* NULL: there is none */
    sp2__task *reader_task;
    sp2__inproc_waiter *waiters;

    /* The reader's: */
    block *first;
    uint64_t offset;      /* of the next record in it */
    block *seen;          /* what is known to have been reserved ends in this block */
    uint64_t seen_offset; /* and here */
    uint64_t taken;       /* bytes of records that were read, whose room others do not have yet */
    block *done;          /* blocks that nothing is read from any more */
};

static uint64_t record_size(uint64_t length) {
    return sizeof(record) + (length + sizeof(record) - 1) / sizeof(record) * sizeof(record);
}

static record *record_at(block *in, uint64_t offset) {
    return (record *)((uint8_t *)(in + 1) + offset);
}

static uint8_t *bytes_of(record *packet) {
    return (uint8_t *)(packet + 1);
}

static bool is_ready(record *packet) {
    return atomic_load_explicit(&packet->ready, memory_order_acquire) != 0;
}

static block *new_block(uint64_t capacity) {
    block *made = sp2__alloc((size_t)(sizeof(block) + capacity));
    if (made != NULL) {
        *made = (block){.capacity = capacity};
    }
    return made;
}

int32_t sp2_inproc_queue_create(const sp2_inproc_queue_options *caller,
                                sp2_inproc_queue **created) {
    static const char name[] = "sp2_inproc_queue_options";
    if (created == NULL) {
        return sp2__fail_null("sp2_inproc_queue_create", "queue");
    }
    *created = NULL;
    sp2_inproc_queue_options options = {0};
    if (caller != NULL) {
        const int32_t status =
            sp2__sized_read(caller, &options, sizeof(options), sizeof(options), name);
        if (status != SP2_OK) {
            return status;
        }
    }
    if (options.flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0, "%s.flags has 0x%x, which this library does not know",
                         name, (unsigned)options.flags);
    }
    sp2_inproc_queue *queue = sp2__calloc_array(1, sizeof(*queue));
    block *first = new_block(BLOCK_BYTES);
    if (queue == NULL || first == NULL) {
        sp2__free(queue);
        sp2__free(first);
        return sp2__fail_memory("an in-process queue");
    }
    queue->references = 1;
    queue->process = sp2__process();
    queue->max_bytes = options.max_bytes == 0 ? SP2_INPROC_DEFAULT_MAX_BYTES : options.max_bytes;
    queue->settle_bytes =
        sp2__min_u64(queue->max_bytes, SP2_INPROC_DEFAULT_MAX_BYTES) / SETTLE_PART;
    queue->first = first;
    queue->last = first;
    queue->seen = first;
    sp2__mutex_init(&queue->lock);
    *created = queue;
    return SP2_OK;
}

int32_t sp2__inproc_queue_check(const sp2_inproc_queue *queue, const char *function) {
    return sp2__is_inherited(queue->process) ? sp2__fail_forked(function, "the queue") : SP2_OK;
}

void sp2__inproc_queue_retain(sp2_inproc_queue *queue) {
    atomic_fetch_add(&queue->references, 1);
}

static void free_blocks(block *blocks) {
    while (blocks != NULL) {
        block *next = blocks->next;
        sp2__free(blocks);
        blocks = next;
    }
}

void sp2__inproc_queue_release(sp2_inproc_queue *queue) {
    if (atomic_fetch_sub(&queue->references, 1) == 1) {
        free_blocks(queue->first);
        free_blocks(queue->done);
        free_blocks(queue->spare);
        sp2__mutex_destroy(&queue->lock);
        sp2__free(queue);
    }
}

void sp2_inproc_queue_destroy(sp2_inproc_queue *queue) {
    if (queue != NULL && !sp2__is_inherited(queue->process)) {
        sp2__inproc_queue_release(queue);
    }
}

/* ---- under the lock ---- */

static bool fits(const sp2_inproc_queue *queue, uint64_t length) {
    return queue->bytes == 0 || (queue->bytes <= queue->max_bytes &&
                                 record_size(length) <= queue->max_bytes - queue->bytes);
}

/* Room for a packet; NULL if there is no memory. */
static record *reserve(sp2_inproc_queue *queue, uint64_t length) {
    const uint64_t size = record_size(length);
    if (size > queue->last->capacity - queue->last->used) {
        block *next = queue->spare;
        if (size <= BLOCK_BYTES && next != NULL) {
            queue->spare = next->next;
            queue->spare_count--;
            next->next = NULL;
            next->used = 0;
        } else {
            next = new_block(size <= BLOCK_BYTES ? BLOCK_BYTES : size);
            if (next == NULL) {
                return NULL;
            }
        }
        queue->last->next = next;
        queue->last = next;
    }
    record *packet = record_at(queue->last, queue->last->used);
    queue->last->used += size;
    queue->bytes += size;
    packet->length = length;
    atomic_init(&packet->ready, 0);
    return packet;
}

static void tell_reader(sp2_inproc_queue *queue) {
    if (queue->reader_waits) {
        queue->reader_waits = false;
        sp2__event_loop_post(queue->reader_loop, queue->reader_task);
    }
}

/* Whether a writer that waits is to look again: not before half of the queue is free, so that it
 * has something to do then. */
static bool is_roomy(const sp2_inproc_queue *queue, uint64_t length) {
    return queue->stopped || queue->bytes == 0 ||
           (fits(queue, length) && queue->bytes <= queue->max_bytes / 2);
}

static void tell_writers(sp2_inproc_queue *queue) {
    sp2__inproc_waiter **link = &queue->waiters;
    while (*link != NULL) {
        sp2__inproc_waiter *waiter = *link;
        if (!is_roomy(queue, waiter->length)) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        waiter->waiting = false;
        sp2__event_loop_post(waiter->loop, waiter->task);
    }
}

static void stop(sp2_inproc_queue *queue) {
    queue->stopped = true;
    tell_reader(queue);
    tell_writers(queue);
}

/* ---- writers ---- */

static void copy_packet(record *to, const sp2__packet_out *packet) {
    uint8_t *end = bytes_of(to);
    for (uint32_t i = 0; i < packet->piece_count; i++) {
        memcpy(end, packet->pieces[i].data, (size_t)packet->pieces[i].length);
        end += packet->pieces[i].length;
    }
    atomic_store_explicit(&to->ready, 1, memory_order_release);
}

uint32_t sp2__inproc_queue_write(sp2_inproc_queue *queue, sp2__packet_out *packets,
                                 uint32_t count) {
    record *records[SP2__BATCH_PACKETS];
    uint32_t dealt = 0;
    sp2__mutex_lock(&queue->lock);
    for (; dealt < count && (queue->stopped || fits(queue, packets[dealt].length)); dealt++) {
        records[dealt] = queue->stopped ? NULL : reserve(queue, packets[dealt].length);
        if (records[dealt] == NULL) {
            packets[dealt].status = queue->stopped ? SP2_E_STOPPED : SP2_E_NOMEM;
        }
    }
    sp2__mutex_unlock(&queue->lock);
    for (uint32_t i = 0; i < dealt; i++) {
        if (records[i] != NULL) {
            copy_packet(records[i], &packets[i]);
        }
    }
    sp2__mutex_lock(&queue->lock);
    tell_reader(queue);
    sp2__mutex_unlock(&queue->lock);
    return dealt;
}

void sp2__inproc_queue_await_room(sp2_inproc_queue *queue, sp2__inproc_waiter *waiter,
                                  sp2__event_loop *loop, sp2__task *task, uint64_t length) {
    sp2__mutex_lock(&queue->lock);
    if (is_roomy(queue, length)) {
        sp2__event_loop_post(loop, task);
    } else {
        waiter->length = length;
        if (!waiter->waiting) {
            waiter->loop = loop;
            waiter->task = task;
            waiter->waiting = true;
            waiter->next = queue->waiters;
            queue->waiters = waiter;
        }
    }
    sp2__mutex_unlock(&queue->lock);
}

void sp2__inproc_queue_forget(sp2_inproc_queue *queue, sp2__inproc_waiter *waiter) {
    sp2__mutex_lock(&queue->lock);
    if (waiter->waiting) {
        sp2__inproc_waiter **link = &queue->waiters;
        while (*link != waiter) {
            link = &(*link)->next;
        }
        *link = waiter->next;
        waiter->waiting = false;
    }
    sp2__mutex_unlock(&queue->lock);
}

int32_t sp2_inproc_queue_add_packet(sp2_inproc_queue *queue, const void *packet, uint64_t length) {
    static const char function[] = "sp2_inproc_queue_add_packet";
    if (queue == NULL || (packet == NULL && length != 0)) {
        return sp2__fail_null(function, queue == NULL ? "queue" : "packet");
    }
    if (length > SP2_INPROC_MAX_PACKET) {
        return sp2__fail(SP2_E_ARG, 0, "%s: length is %" PRIu64 "; at most %d bytes are a packet",
                         function, length, SP2_INPROC_MAX_PACKET);
    }
    if (sp2__is_inherited(queue->process)) {
        return sp2__inproc_queue_check(queue, function);
    }
    const sp2__piece piece = {packet, length};
    sp2__packet_out out = {.pieces = &piece, .piece_count = length != 0, .length = length};
    if (sp2__inproc_queue_write(queue, &out, 1) == 0) {
        return SP2_E_FULL;
    }
    return out.status == SP2_E_NOMEM ? sp2__fail_memory("a packet in a queue") : out.status;
}

int32_t sp2_inproc_queue_stop(sp2_inproc_queue *queue) {
    if (queue == NULL) {
        return sp2__fail_null("sp2_inproc_queue_stop", "queue");
    }
    if (!sp2__is_inherited(queue->process)) {
        sp2__mutex_lock(&queue->lock);
        stop(queue);
        sp2__mutex_unlock(&queue->lock);
    }
    return SP2_OK;
}

/* ---- the reader ---- */

bool sp2__inproc_queue_attach(sp2_inproc_queue *queue, sp2__event_loop *loop, sp2__task *task) {
    sp2__mutex_lock(&queue->lock);
    const bool free = queue->reader_loop == NULL;
    if (free) {
        queue->reader_loop = loop;
        queue->reader_task = task;
    }
    sp2__mutex_unlock(&queue->lock);
    return free;
}

/* Leaves blocks whose packets were all taken. */
static void pass_blocks(sp2_inproc_queue *queue) {
    while (queue->first != queue->seen && queue->offset == queue->first->used) {
        block *empty = queue->first;
        queue->first = empty->next;
        queue->offset = 0;
        empty->next = queue->done;
        queue->done = empty;
    }
}

/* Under the lock: what was taken makes room. */
static void give_room(sp2_inproc_queue *queue) {
    while (queue->done != NULL) {
        block *empty = queue->done;
        queue->done = empty->next;
        if (empty->capacity == BLOCK_BYTES && queue->spare_count < MOST_SPARE_BLOCKS) {
            empty->next = queue->spare;
            queue->spare = empty;
            queue->spare_count++;
        } else {
            sp2__free(empty);
        }
    }
    queue->bytes -= queue->taken;
    queue->taken = 0;
    tell_writers(queue);
}

sp2__inproc_state sp2__inproc_queue_settle(sp2_inproc_queue *queue) {
    sp2__inproc_state state = SP2__INPROC_MORE;
    sp2__mutex_lock(&queue->lock);
    queue->seen = queue->last;
    pass_blocks(queue);
    give_room(queue);
    const bool all_taken = queue->first == queue->last && queue->offset == queue->last->used;
    if (all_taken) {
        queue->offset = 0; /* the start of the block is still in the cache */
        queue->last->used = 0;
        state = queue->stopped ? SP2__INPROC_ENDED : SP2__INPROC_EMPTY;
    } else if (!is_ready(record_at(queue->first, queue->offset))) {
        state = SP2__INPROC_EMPTY; /* a writer is copying, and tells the reader afterwards */
    }
    queue->seen_offset = queue->last->used;
    queue->reader_waits = state == SP2__INPROC_EMPTY;
    sp2__mutex_unlock(&queue->lock);
    return state;
}

const uint8_t *sp2__inproc_queue_peek(sp2_inproc_queue *queue, uint64_t *length) {
    pass_blocks(queue);
    if ((queue->first == queue->seen && queue->offset == queue->seen_offset) ||
        queue->taken > queue->settle_bytes) {
        return NULL;
    }
    record *packet = record_at(queue->first, queue->offset);
    if (!is_ready(packet)) {
        return NULL;
    }
    *length = packet->length;
    return bytes_of(packet);
}

void sp2__inproc_queue_take(sp2_inproc_queue *queue, uint64_t length) {
    queue->offset += record_size(length);
    queue->taken += record_size(length);
}

void sp2__inproc_queue_detach(sp2_inproc_queue *queue, bool stopping) {
    pass_blocks(queue);
    sp2__mutex_lock(&queue->lock);
    queue->reader_waits = false;
    queue->reader_loop = NULL;
    queue->reader_task = NULL;
    give_room(queue);
    if (stopping) {
        stop(queue);
    }
    sp2__mutex_unlock(&queue->lock);
}
