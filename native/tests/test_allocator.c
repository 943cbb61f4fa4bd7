/* SPDX-License-Identifier: MIT */
/* Allocators of the user, of mapped memory and of pools: who holds what, and what comes from where.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_capture.h"
#include "receiver.h"
#include "test_threads.h"

enum { HEAP_BYTES = 20000, PACKET_BYTES = 4000, MOST_CALLS = 64 };

/* ---- an allocator that keeps account ---- */

/* What every block is asked for, and its fate. A block is a struct in front of the memory. */
typedef struct account {
    atomic_ulong allocated;
    atomic_ulong freed;
    atomic_ulong finished;
    atomic_ulong wrong;     /* blocks that came back with another size, context or owner */
    atomic_long fail_after; /* calls that succeed before one fails, once; negative: none fails */
    test_mutex mutex;
    test_condition opened;
    bool closed; /* calls without a packet (refills) wait while it is set */
    atomic_ulong waiting;
    uint64_t sizes[MOST_CALLS];            /* of the first calls */
    sp2_packet_header packets[MOST_CALLS]; /* zeros where there was none */
    atomic_ulong calls;
} account;

#define ACCOUNT_INIT                                                                               \
    { .fail_after = -1, .mutex = TEST_MUTEX_INIT, .opened = TEST_CONDITION_INIT }

typedef struct block_head {
    account *owner;
    uint64_t size;
} block_head;

static void *account_allocate(void *context, uint64_t size, const sp2_packet_header *packet,
                              void **block_context) {
    account *a = context;
    const unsigned long call = atomic_fetch_add(&a->calls, 1);
    if (call < MOST_CALLS) {
        a->sizes[call] = size;
        if (packet != NULL) {
            a->packets[call] = *packet;
        }
    }
    if (packet == NULL) {
        test_mutex_lock(&a->mutex);
        atomic_fetch_add(&a->waiting, 1);
        while (a->closed) {
            test_condition_wait(&a->opened, &a->mutex);
        }
        test_mutex_unlock(&a->mutex);
    }
    if (atomic_load(&a->fail_after) >= 0 && atomic_fetch_sub(&a->fail_after, 1) == 0) {
        return NULL;
    }
    block_head *head = malloc(sizeof(*head) + (size_t)size);
    if (head == NULL) {
        return NULL;
    }
    head->owner = a;
    head->size = size;
    *block_context = head;
    atomic_fetch_add(&a->allocated, 1);
    return head + 1;
}

static void account_free(void *context, void *block, uint64_t size, void *block_context) {
    account *a = context;
    block_head *head = (block_head *)block - 1;
    if (block_context != head || head->owner != a || head->size != size ||
        atomic_load(&a->finished) != 0) {
        atomic_fetch_add(&a->wrong, 1);
    }
    atomic_fetch_add(&a->freed, 1);
    free(head);
}

static void account_finish(void *context) {
    account *a = context;
    atomic_fetch_add(&a->finished, 1);
}

static void set_closed(account *a, bool closed) {
    test_mutex_lock(&a->mutex);
    a->closed = closed;
    test_condition_broadcast(&a->opened);
    test_mutex_unlock(&a->mutex);
}

static sp2_allocator *new_allocator(account *a) {
    sp2_allocator_options options = SP2_ALLOCATOR_OPTIONS_INIT;
    options.allocate = account_allocate;
    options.free = account_free;
    options.finish = account_finish;
    options.context = a;
    sp2_allocator *allocator = NULL;
    REQUIRE_OK(sp2_allocator_create(&options, &allocator));
    return allocator;
}

/* Everything that was allocated came back, rightly, and the allocator has ended. */
static void check_closed_account(account *a) {
    CHECK_EQ_U64(atomic_load(&a->finished), 1);
    CHECK_EQ_U64(atomic_load(&a->freed), atomic_load(&a->allocated));
    CHECK_EQ_U64(atomic_load(&a->wrong), 0);
}

/* ---- streams and pools ---- */

static void add_heaps(datagram_list *list, uint64_t first, uint64_t count, uint64_t length) {
    for (uint64_t cnt = first; cnt < first + count; cnt++) {
        uint8_t *payload = new_payload(length, cnt);
        datagrams_add_heap(list, cnt, payload, length, PACKET_BYTES);
        free(payload);
    }
}

/* A stream with this allocator, which is given up: only the stream holds it. */
static sp2_receive_stream *stream_with(sp2_thread_pool *pool, const sp2_receive_options *options,
                                       sp2_allocator *allocator) {
    const sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *stream = NULL;
    REQUIRE_OK(sp2_receive_stream_create(pool, options != NULL ? options : &quiet, &stream));
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    sp2_allocator_destroy(allocator);
    return stream;
}

/* Receives `count` heaps with this allocator, which stays the caller's. */
static heap_list receive_on(sp2_allocator *allocator, uint64_t count, uint64_t length) {
    datagram_list list = {0};
    add_heaps(&list, 1, count, length);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    const heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, count);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, length);
    }
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    return heaps;
}

static uint64_t stat_of(sp2_receive_stream *stream, const char *name) {
    uint64_t values[64];
    uint32_t count = 0;
    uint32_t index = 0;
    REQUIRE_OK(sp2_receive_stream_find_stat(stream, name, &index));
    REQUIRE_OK(sp2_receive_stream_get_stat_values(stream, values, 64, &count));
    REQUIRE(index < count);
    return values[index];
}

static sp2_memory_pool_options pool_options(uint64_t lower, uint64_t upper, uint64_t max_free,
                                            uint64_t initial) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = lower;
    options.upper = upper;
    options.max_free = max_free;
    options.initial = initial;
    options.log_level = SP2_LOG_NONE;
    return options;
}

static sp2_allocator *new_pool(const sp2_memory_pool_options *options) {
    sp2_allocator *pool = NULL;
    REQUIRE_OK(sp2_memory_pool_create(options, &pool));
    return pool;
}

/* A pool on an account, which only the pool holds. */
static sp2_allocator *new_pool_on(sp2_memory_pool_options options, account *a) {
    options.base = new_allocator(a);
    sp2_allocator *pool = new_pool(&options);
    sp2_allocator_destroy(options.base);
    return pool;
}

static sp2_memory_pool_stats pool_stats(sp2_allocator *pool) {
    sp2_memory_pool_stats stats = SP2_MEMORY_POOL_STATS_INIT;
    REQUIRE_OK(sp2_memory_pool_get_stats(pool, &stats));
    return stats;
}

/* One block of an allocator, taken without a stream: a pool that has it as its only block. NULL if
 * the allocator has no memory. sp2_allocator_destroy releases it. */
static sp2_allocator *take_block(sp2_allocator *allocator, uint64_t size) {
    sp2_memory_pool_options options = pool_options(size, size, 1, 1);
    options.base = allocator;
    sp2_allocator *block = NULL;
    const int32_t status = sp2_memory_pool_create(&options, &block);
    CHECK(status == SP2_OK || status == SP2_E_NOMEM);
    return block;
}

/* ---- arguments ---- */

SP2_TEST(Wrong_arguments_are_refused) {
    account a = ACCOUNT_INIT;
    sp2_allocator_options options = SP2_ALLOCATOR_OPTIONS_INIT;
    sp2_allocator *allocator = (sp2_allocator *)&a;
    options.allocate = account_allocate;
    options.free = account_free;
    CHECK_STATUS(sp2_allocator_create(&options, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_allocator_create(NULL, &allocator), SP2_E_ARG);
    CHECK(allocator == NULL);
    options.free = NULL;
    CHECK_STATUS(sp2_allocator_create(&options, &allocator), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "free");
    options.free = account_free;
    options.allocate = NULL;
    CHECK_STATUS(sp2_allocator_create(&options, &allocator), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "allocate");
    options.allocate = account_allocate;
    options.flags = 1;
    CHECK_STATUS(sp2_allocator_create(&options, &allocator), SP2_E_TOO_NEW);
    options.flags = 0;
    options.size = 3;
    CHECK_STATUS(sp2_allocator_create(&options, &allocator), SP2_E_ARG);

    sp2_mmap_options mapping = SP2_MMAP_OPTIONS_INIT;
    CHECK_STATUS(sp2_mmap_allocator_create(&mapping, NULL), SP2_E_ARG);
    mapping.flags = 0x80;
    CHECK_STATUS(sp2_mmap_allocator_create(&mapping, &allocator), SP2_E_TOO_NEW);
    mapping.flags = 0;
    mapping.reserved = 7;
    CHECK_STATUS(sp2_mmap_allocator_create(&mapping, &allocator), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "7");
    mapping.size = 0;
    CHECK_STATUS(sp2_mmap_allocator_create(&mapping, &allocator), SP2_E_ARG);

    sp2_receive_stream *stream = new_stream(NULL);
    CHECK_STATUS(sp2_receive_stream_set_memory_allocator(NULL, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_set_memory_allocator(stream, NULL), SP2_OK);
    sp2_receive_stream_destroy(stream);
    sp2_allocator_destroy(NULL);
}

SP2_TEST(Pool_refuses_what_contradicts_itself) {
    static const struct {
        uint64_t lower, upper, max_free, initial, low_water;
        const char *value;
        const char *rule;
    } cases[] = {
        {0, 0, 1, 1, 0, "upper is 0", "at least one byte"},
        {4097, 4096, 1, 1, 0, "lower is 4097", "at most upper (4096)"},
        {1, 4096, 7, 8, 0, "initial is 8", "at most max_free (7)"},
        {1, 4096, 8, 5, 6, "low_water is 6", "at most initial (5)"},
        {1, 4096, 8, 5, 5, "low_water is 5", "zero without a thread_pool"},
    };
    sp2_allocator *pool = NULL;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        sp2_memory_pool_options options =
            pool_options(cases[i].lower, cases[i].upper, cases[i].max_free, cases[i].initial);
        options.low_water = cases[i].low_water;
        pool = (sp2_allocator *)&options;
        CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_ARG);
        CHECK(pool == NULL);
        CHECK_CONTAINS(sp2_last_error_message(), cases[i].value);
        CHECK_CONTAINS(sp2_last_error_message(), cases[i].rule);
    }
    sp2_test_context("%s", "");
    sp2_memory_pool_options options = pool_options(1, 4096, 1, 1);
    CHECK_STATUS(sp2_memory_pool_create(NULL, &pool), SP2_E_ARG);
    CHECK_STATUS(sp2_memory_pool_create(&options, NULL), SP2_E_ARG);
    options.flags = 2;
    CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_TOO_NEW);
    options.flags = 0;
    options.reserved = 9;
    CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_ARG);
    options.reserved = 0;
    options.log_level = 5;
    CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "log_level is 5");
}

SP2_TEST(Pool_with_more_initial_memory_than_there_is_is_refused) {
    sp2_allocator *pool = NULL;
    sp2_memory_pool_options options = pool_options(1, UINT64_C(1) << 40, UINT64_MAX, UINT64_MAX);
    CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_NOMEM);
    options = pool_options(1, UINT64_MAX, 1, 1);
    CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_NOMEM);
    CHECK(pool == NULL);

    account a = ACCOUNT_INIT;
    a.fail_after = 3;
    options = pool_options(1, 4096, 5, 5);
    options.base = new_allocator(&a);
    CHECK_STATUS(sp2_memory_pool_create(&options, &pool), SP2_E_NOMEM);
    CHECK_CONTAINS(sp2_last_error_message(), "5 initial blocks");
    sp2_allocator_destroy(options.base);
    CHECK_EQ_U64(atomic_load(&a.allocated), 3);
    check_closed_account(&a);
}

SP2_TEST(Functions_of_pools_refuse_other_allocators) {
    account a = ACCOUNT_INIT;
    sp2_allocator *allocator = new_allocator(&a);
    sp2_memory_pool_stats stats = SP2_MEMORY_POOL_STATS_INIT;
    int32_t warn = 5;
    CHECK_STATUS(sp2_memory_pool_get_stats(allocator, &stats), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "not a memory pool");
    CHECK_STATUS(sp2_memory_pool_get_warn_on_empty(allocator, &warn), SP2_E_ARG);
    CHECK_EQ_I64(warn, 0);
    CHECK_STATUS(sp2_memory_pool_set_warn_on_empty(allocator, 1), SP2_E_ARG);
    CHECK_STATUS(sp2_memory_pool_get_stats(NULL, &stats), SP2_E_ARG);
    CHECK_STATUS(sp2_memory_pool_get_warn_on_empty(NULL, &warn), SP2_E_ARG);
    CHECK_STATUS(sp2_memory_pool_set_warn_on_empty(NULL, 1), SP2_E_ARG);
    sp2_allocator_destroy(allocator);
    const sp2_memory_pool_options options = pool_options(1, 100, 1, 1);
    sp2_allocator *pool = new_pool(&options);
    CHECK_STATUS(sp2_memory_pool_get_stats(pool, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_memory_pool_get_warn_on_empty(pool, NULL), SP2_E_ARG);
    stats.size = 1;
    CHECK_STATUS(sp2_memory_pool_get_stats(pool, &stats), SP2_E_ARG);
    sp2_allocator_destroy(pool);
}

/* ---- the user's own functions ---- */

SP2_TEST(Allocator_without_finish_ends_quietly) {
    account a = ACCOUNT_INIT;
    sp2_allocator_options options = SP2_ALLOCATOR_OPTIONS_INIT;
    options.allocate = account_allocate;
    options.free = account_free;
    options.context = &a;
    sp2_allocator *allocator = NULL;
    REQUIRE_OK(sp2_allocator_create(&options, &allocator));
    sp2_allocator_destroy(allocator);
    CHECK_EQ_U64(atomic_load(&a.calls), 0);
}

SP2_TEST(Finish_is_called_once_after_the_last_block) {
    enum { HEAPS = 5 };
    account a = ACCOUNT_INIT;
    sp2_thread_pool *threads = NULL;
    datagram_list list = {0};
    add_heaps(&list, 1, HEAPS, HEAP_BYTES);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &threads));
    sp2_receive_stream *stream = stream_with(threads, NULL, new_allocator(&a));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == HEAPS);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(threads);
    CHECK_EQ_U64(atomic_load(&a.allocated), HEAPS);
    for (uint64_t i = 0; i < HEAPS; i++) {
        CHECK_EQ_U64(atomic_load(&a.finished), 0);
        CHECK_EQ_U64(atomic_load(&a.freed), i);
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
        sp2_heap_release(heaps.heaps[i]);
    }
    check_closed_account(&a);
    free(heaps.heaps);
    datagrams_free(&list);
}

SP2_TEST(Hint_is_the_packet_that_needs_memory) {
    account a = ACCOUNT_INIT;
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, 3);
    /* The first packet is in the middle of the heap and has an item pointer. */
    packet_builder packet;
    packet_begin_heap(&packet, 40, 3, HEAP_BYTES, PACKET_BYTES, PACKET_BYTES);
    packet_add_immediate(&packet, 0x1000, 17);
    packet_add_payload(&packet, payload + PACKET_BYTES, PACKET_BYTES);
    datagrams_add_packet(&list, &packet);
    datagrams_add_part(&list, 40, 3, HEAP_BYTES, payload, 0, PACKET_BYTES);
    /* A heap of unknown length grows. */
    datagrams_add_part(&list, 48, 4, NO_HEAP_LENGTH, payload, 0, 1000);
    datagrams_add_part(&list, 48, 4, NO_HEAP_LENGTH, payload, 1000, 100);
    datagrams_add_part(&list, 48, 4, NO_HEAP_LENGTH, payload, 1100, 4000);
    sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    sp2_receive_stream *stream = stream_with(NULL, &options, new_allocator(&a));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 2);
    CHECK_EQ_U64(atomic_load(&a.calls), 4);

    const sp2_packet_header *seen = &a.packets[0];
    CHECK_EQ_U64(a.sizes[0], HEAP_BYTES);
    CHECK_EQ_U64(seen->size, sizeof(*seen));
    CHECK_EQ_U64(seen->address_bits, 40);
    CHECK_EQ_U64(seen->cnt, 3);
    CHECK_EQ_I64(seen->heap_length, HEAP_BYTES);
    CHECK_EQ_U64(seen->payload_offset, PACKET_BYTES);
    CHECK_EQ_U64(seen->payload_length, PACKET_BYTES);
    CHECK_MEM(seen->payload, payload + PACKET_BYTES, PACKET_BYTES);
    CHECK_EQ_U64(seen->pointer_count, 1);
    REQUIRE(seen->pointers != NULL);
    uint64_t wire = 0;
    for (int i = 0; i < 8; i++) {
        wire = wire << 8 | seen->pointers[i];
    }
    CHECK_EQ_U64(wire, item_pointer(40, true, 0x1000, 17));
    CHECK(seen->custom_stats == NULL);

    CHECK_EQ_U64(a.sizes[1], 1000);
    CHECK_EQ_I64(a.packets[1].heap_length, SP2_HEAP_LENGTH_UNKNOWN);
    CHECK(a.packets[1].pointers == NULL);
    CHECK_EQ_U64(a.packets[1].pointer_count, 0);
    CHECK_EQ_U64(a.sizes[2], 2000);
    CHECK_EQ_U64(a.packets[2].payload_offset, 1000);
    CHECK_EQ_U64(a.sizes[3], 5100);
    CHECK_EQ_U64(a.packets[3].payload_offset, 1100);

    CHECK_MEM(info_of(heaps.heaps[1]).payload, payload, 5100);
    sp2_receive_stream_destroy(stream);
    heaps_free(&heaps);
    check_closed_account(&a);
    free(payload);
    datagrams_free(&list);
}

static void *allocate_and_count(void *context, uint64_t size, const sp2_packet_header *packet,
                                void **block_context) {
    packet->custom_stats[0] += size;
    if (packet->custom_stats[1] < packet->cnt) {
        packet->custom_stats[1] = packet->cnt;
    }
    return account_allocate(context, size, packet, block_context);
}

SP2_TEST(Allocator_counts_in_the_streams_custom_statistics) {
    enum { HEAPS = 5 };
    static const sp2_custom_stat custom[] = {{"bytes", SP2_STAT_COUNTER, 0},
                                             {"newest", SP2_STAT_MAXIMUM, 0}};
    account a = ACCOUNT_INIT;
    sp2_allocator_options counting = SP2_ALLOCATOR_OPTIONS_INIT;
    counting.allocate = allocate_and_count;
    counting.free = account_free;
    counting.finish = account_finish;
    counting.context = &a;
    sp2_allocator *allocator = NULL;
    REQUIRE_OK(sp2_allocator_create(&counting, &allocator));
    sp2_receive_options options = quiet_options(0);
    options.custom_stats = custom;
    options.custom_stat_count = 2;
    datagram_list list = {0};
    add_heaps(&list, 1, HEAPS, HEAP_BYTES);
    sp2_receive_stream *stream = stream_with(NULL, &options, allocator);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(stat_of(stream, "bytes"), (uint64_t)HEAPS * HEAP_BYTES);
    CHECK_EQ_U64(stat_of(stream, "newest"), HEAPS);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    check_closed_account(&a);
    datagrams_free(&list);
}

SP2_TEST(Heap_without_payload_asks_for_no_memory) {
    account a = ACCOUNT_INIT;
    datagram_list list = {0};
    datagrams_add_part(&list, 48, 1, 0, NULL, 0, 0);
    sp2_receive_stream *stream = stream_with(NULL, NULL, new_allocator(&a));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 1);
    CHECK_EQ_U64(atomic_load(&a.calls), 0);
    sp2_receive_stream_destroy(stream);
    heaps_free(&heaps);
    check_closed_account(&a);
    datagrams_free(&list);
}

SP2_TEST(Any_call_may_give_no_memory) {
    enum { HEAPS = 6 };
    datagram_list list = {0};
    add_heaps(&list, 1, HEAPS, HEAP_BYTES);
    uint8_t *payload = new_payload(HEAP_BYTES, HEAPS + 1);
    for (uint64_t offset = 0; offset < HEAP_BYTES; offset += 1000) {
        datagrams_add_part(&list, 48, HEAPS + 1, NO_HEAP_LENGTH, payload, offset, 1000);
    }
    free(payload);
    const sp2_receive_options options =
        quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD);
    long n = 0;
    for (bool hit = true; hit; n++) {
        sp2_test_context("call %ld failed", n);
        account a = ACCOUNT_INIT;
        a.fail_after = n;
        sp2_receive_stream *stream = stream_with(NULL, &options, new_allocator(&a));
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        heap_list heaps = pop_all(stream);
        const sp2_receive_stats stats = stats_of(stream);
        hit = atomic_load(&a.fail_after) < 0;
        CHECK_EQ_U64(stats.allocation_failed, hit);
        CHECK_EQ_U64(heaps.count, HEAPS + 1);
        check_sums(&stats);
        sp2_receive_stream_destroy(stream);
        heaps_free(&heaps);
        check_closed_account(&a);
        if (n > MOST_CALLS) {
            break;
        }
    }
    sp2_test_context("%s", "");
    CHECK(n > HEAPS + 5);
    CHECK(n < MOST_CALLS);
    datagrams_free(&list);
}

/* The reader stops between the parts of a heap because the ring is full; the allocator is replaced
 * meanwhile. */
SP2_TEST(Heap_under_assembly_keeps_its_allocator) {
    account before = ACCOUNT_INIT;
    account after = ACCOUNT_INIT;
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, 9);
    datagrams_add_part(&list, 48, 9, NO_HEAP_LENGTH, payload, 0, 1000);
    add_heaps(&list, 1, 2, PACKET_BYTES);
    datagrams_add_part(&list, 48, 9, NO_HEAP_LENGTH, payload, 1000, 9000);
    add_heaps(&list, 3, 1, PACKET_BYTES);
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 1;
    sp2_receive_stream *stream = stream_with(NULL, &options, new_allocator(&before));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(stats_of(stream).worker_blocked == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(atomic_load(&before.allocated), 3);
    sp2_allocator *next = new_allocator(&after);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, next));
    sp2_allocator_destroy(next);
    CHECK_EQ_U64(atomic_load(&before.finished), 0);
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == 4);
    CHECK_EQ_U64(atomic_load(&before.allocated), 4);
    CHECK_EQ_U64(atomic_load(&after.allocated), 1);
    CHECK_EQ_U64(info_of(heaps.heaps[2]).cnt, 3);
    CHECK_EQ_U64(info_of(heaps.heaps[3]).cnt, 9);
    CHECK_MEM(info_of(heaps.heaps[3]).payload, payload, 10000);
    heaps_free(&heaps);
    check_closed_account(&before);
    CHECK_EQ_U64(atomic_load(&after.finished), 0);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, NULL));
    check_closed_account(&after);
    sp2_receive_stream_destroy(stream);
    free(payload);
    datagrams_free(&list);
}

typedef struct replacement {
    sp2_receive_stream *stream;
    sp2_allocator *allocators[3]; /* NULL: the default memory */
    atomic_bool end;
    atomic_ulong rounds;
} replacement;

static void *replace_allocators(void *argument) {
    replacement *r = argument;
    while (!atomic_load(&r->end)) {
        const unsigned long round = atomic_fetch_add(&r->rounds, 1);
        CHECK_STATUS(sp2_receive_stream_set_memory_allocator(r->stream, r->allocators[round % 3]),
                     SP2_OK);
    }
    return NULL;
}

SP2_TEST(Allocator_may_be_replaced_while_the_stream_receives) {
    enum { HEAPS = 2000, LENGTH = 5000 };
    account accounts[2] = {ACCOUNT_INIT, ACCOUNT_INIT};
    replacement r = {.allocators = {new_allocator(&accounts[0]), new_allocator(&accounts[1])}};
    datagram_list list = {0};
    add_heaps(&list, 1, HEAPS, LENGTH);
    r.stream = new_stream(NULL);
    test_thread thread;
    test_thread_start(&thread, replace_allocators, &r);
    WAIT_UNTIL(atomic_load(&r.rounds) > 3, PATIENCE_SECONDS);
    REQUIRE_OK(add_datagram_source(r.stream, list.datagrams, list.count));
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        heap_list heaps = pop_count(r.stream, 1);
        check_filled_heap(heaps.heaps[0], cnt, LENGTH);
        heaps_free(&heaps);
    }
    atomic_store(&r.end, true);
    test_thread_join(thread);
    sp2_allocator_destroy(r.allocators[0]);
    sp2_allocator_destroy(r.allocators[1]);
    sp2_receive_stream_destroy(r.stream);
    check_closed_account(&accounts[0]);
    check_closed_account(&accounts[1]);
    datagrams_free(&list);
}

/* ---- pools ---- */

SP2_TEST(Pool_serves_its_sizes_with_blocks_of_its_own_and_passes_on_the_rest) {
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_pool_on(pool_options(1000, 2000, 4, 1), &a);
    CHECK_EQ_U64(atomic_load(&a.calls), 1);
    CHECK_EQ_U64(a.sizes[0], 2000);
    static const uint64_t inside[] = {1000, 1500, 2000};
    static const uint64_t outside[] = {1, 999, 2001, 12345};
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        sp2_allocator_destroy(take_block(pool, inside[i]));
    }
    CHECK_EQ_U64(atomic_load(&a.calls), 1);
    CHECK_EQ_U64(pool_stats(pool).hits, 3);
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        sp2_allocator *block = take_block(pool, outside[i]);
        CHECK_EQ_U64(a.sizes[1 + i], outside[i]);
        CHECK_EQ_U64(pool_stats(pool).in_use, 0);
        sp2_allocator_destroy(block);
    }
    sp2_memory_pool_stats stats = pool_stats(pool);
    CHECK_EQ_U64(stats.outside, 4);
    CHECK_EQ_U64(stats.free, 1);
    CHECK_EQ_U64(stats.misses, 0);
    /* Heaps take the same way, and no hint reaches the base. */
    heap_list heaps = receive_on(pool, 2, 1800);
    stats = pool_stats(pool);
    CHECK_EQ_U64(stats.in_use, 2);
    CHECK_EQ_U64(stats.misses, 1);
    CHECK_EQ_U64(a.sizes[5], 2000);
    CHECK_EQ_U64(a.packets[5].size, 0);
    heaps_free(&heaps);
    sp2_allocator_destroy(pool);
    check_closed_account(&a);
}

SP2_TEST(Pool_gives_the_block_that_was_freed_last) {
    sp2_memory_pool_options options = pool_options(1, HEAP_BYTES, 8, 4);
    sp2_allocator *pool = new_pool(&options);
    heap_list heaps = receive_on(pool, 3, HEAP_BYTES);
    const uint8_t *second = info_of(heaps.heaps[1]).payload;
    const uint8_t *third = info_of(heaps.heaps[2]).payload;
    sp2_heap_release(heaps.heaps[0]);
    sp2_heap_release(heaps.heaps[2]);
    sp2_heap_release(heaps.heaps[1]);
    free(heaps.heaps);
    heaps = receive_on(pool, 2, HEAP_BYTES / 2);
    CHECK(info_of(heaps.heaps[0]).payload == second);
    CHECK(info_of(heaps.heaps[1]).payload == third);
    CHECK_EQ_U64((uintptr_t)second % 64, 0);
    heaps_free(&heaps);
    sp2_allocator_destroy(pool);
}

SP2_TEST(Pool_keeps_no_more_than_max_free) {
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_pool_on(pool_options(1, 100, 2, 1), &a);
    sp2_allocator *blocks[5];
    for (int i = 0; i < 5; i++) {
        blocks[i] = take_block(pool, 100);
    }
    CHECK_EQ_U64(pool_stats(pool).misses, 4);
    for (unsigned i = 0; i < 5; i++) {
        sp2_allocator_destroy(blocks[i]);
        CHECK_EQ_U64(pool_stats(pool).free, i < 2 ? i + 1 : 2);
        CHECK_EQ_U64(atomic_load(&a.freed), i < 2 ? 0 : i - 1);
    }
    sp2_allocator_destroy(pool);
    check_closed_account(&a);
}

SP2_TEST(Pool_may_go_before_its_blocks) {
    account a = ACCOUNT_INIT;
    sp2_thread_pool *threads = NULL;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &threads));
    sp2_memory_pool_options options = pool_options(1, HEAP_BYTES, 3, 2);
    options.thread_pool = threads;
    options.low_water = 1;
    sp2_allocator *pool = new_pool_on(options, &a);
    sp2_thread_pool_destroy(threads);
    heap_list heaps = receive_on(pool, 4, HEAP_BYTES);
    sp2_allocator_destroy(pool);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES);
        CHECK_EQ_U64(atomic_load(&a.finished), 0);
        sp2_heap_release(heaps.heaps[i]);
    }
    /* A refill may be about to find out that the pool has ended. */
    WAIT_UNTIL(atomic_load(&a.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&a);
    free(heaps.heaps);
}

SP2_TEST(Pool_does_what_a_list_of_blocks_would) {
    enum { LOWER = 100, UPPER = 200, MAX_FREE = 6, INITIAL = 3, STEPS = 3000, MOST_HELD = 20 };
    sp2_test_rng rng = sp2_test_random();
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_pool_on(pool_options(LOWER, UPPER, MAX_FREE, INITIAL), &a);
    sp2_memory_pool_stats model = {.free = INITIAL};
    struct {
        sp2_allocator *block;
        bool inside;
    } held[MOST_HELD];
    uint64_t count = 0;
    uint64_t made = INITIAL;
    for (int step = 0; step < STEPS; step++) {
        if (count < MOST_HELD && (count == 0 || sp2_test_below(&rng, 2) == 0)) {
            const uint64_t size = 50 + sp2_test_below(&rng, 200);
            const bool inside = size >= LOWER && size <= UPPER;
            const bool hit = inside && model.free != 0;
            const bool fail = sp2_test_below(&rng, 10) == 0;
            atomic_store(&a.fail_after, fail && !hit ? 0 : -1);
            sp2_allocator *block = take_block(pool, size);
            CHECK((block == NULL) == (fail && !hit));
            if (block == NULL) {
                continue;
            }
            model.free -= hit;
            model.hits += hit;
            model.misses += inside && !hit;
            model.outside += !inside;
            model.in_use += inside;
            made += !hit;
            held[count].block = block;
            held[count++].inside = inside;
        } else {
            const uint64_t i = sp2_test_below(&rng, count);
            sp2_allocator_destroy(held[i].block);
            model.in_use -= held[i].inside;
            model.free += held[i].inside && model.free < MAX_FREE;
            held[i] = held[--count];
        }
        const sp2_memory_pool_stats stats = pool_stats(pool);
        CHECK_EQ_U64(stats.free, model.free);
        CHECK_EQ_U64(stats.in_use, model.in_use);
        CHECK_EQ_U64(stats.hits, model.hits);
        CHECK_EQ_U64(stats.misses, model.misses);
        CHECK_EQ_U64(stats.outside, model.outside);
        CHECK_EQ_U64(stats.refilled, 0);
        CHECK_EQ_U64(atomic_load(&a.allocated), made);
        CHECK_EQ_U64(atomic_load(&a.allocated) - atomic_load(&a.freed), model.free + count);
    }
    while (count != 0) {
        sp2_allocator_destroy(held[--count].block);
    }
    sp2_allocator_destroy(pool);
    check_closed_account(&a);
}

/* ---- refilling ---- */

/* A pool with a thread of its own. */
static sp2_allocator *new_refilled_pool(account *a, uint64_t max_free, uint64_t initial,
                                        uint64_t low_water) {
    sp2_memory_pool_options options = pool_options(1, 100, max_free, initial);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    options.low_water = low_water;
    sp2_allocator *pool = new_pool_on(options, a);
    sp2_thread_pool_destroy(options.thread_pool);
    return pool;
}

SP2_TEST(Pool_is_refilled_below_low_water) {
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_refilled_pool(&a, 10, 6, 4);
    set_closed(&a, true);
    sp2_allocator *blocks[4];
    blocks[0] = take_block(pool, 100);
    blocks[1] = take_block(pool, 100);
    CHECK_EQ_U64(atomic_load(&a.calls), 6);
    CHECK_EQ_U64(pool_stats(pool).free, 4);
    /* Now fewer than low_water are left. */
    blocks[2] = take_block(pool, 100);
    WAIT_UNTIL(atomic_load(&a.waiting) == 7, PATIENCE_SECONDS);
    blocks[3] = take_block(pool, 100);
    CHECK_EQ_U64(pool_stats(pool).free, 2);
    set_closed(&a, false);
    WAIT_UNTIL(pool_stats(pool).free == 6, PATIENCE_SECONDS);
    CHECK_EQ_U64(pool_stats(pool).refilled, 4);
    CHECK_EQ_U64(pool_stats(pool).misses, 0);
    CHECK_EQ_U64(pool_stats(pool).hits, 4);
    for (int i = 0; i < 4; i++) {
        sp2_allocator_destroy(blocks[i]);
    }
    CHECK_EQ_U64(pool_stats(pool).free, 10);
    sp2_allocator_destroy(pool);
    WAIT_UNTIL(atomic_load(&a.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&a);
}

SP2_TEST(Refill_makes_no_more_than_max_free_allows) {
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_refilled_pool(&a, 2, 2, 2);
    set_closed(&a, true);
    sp2_allocator *block = take_block(pool, 100);
    WAIT_UNTIL(atomic_load(&a.waiting) == 3, PATIENCE_SECONDS);
    /* The pool is full again before the block that was being made is there. */
    sp2_allocator_destroy(block);
    CHECK_EQ_U64(pool_stats(pool).free, 2);
    set_closed(&a, false);
    WAIT_UNTIL(atomic_load(&a.freed) == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(pool_stats(pool).free, 2);
    CHECK_EQ_U64(pool_stats(pool).refilled, 0);
    sp2_allocator_destroy(pool);
    WAIT_UNTIL(atomic_load(&a.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&a);
}

SP2_TEST(Empty_pool_is_refilled_too) {
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_refilled_pool(&a, 8, 1, 1);
    /* The refill that the last block brings about gets no memory. */
    atomic_store(&a.fail_after, 0);
    sp2_allocator *first = take_block(pool, 100);
    WAIT_UNTIL(atomic_load(&a.fail_after) < 0, PATIENCE_SECONDS);
    CHECK_EQ_U64(pool_stats(pool).free, 0);
    /* It may not have come to its end yet, so that one try may not be enough. */
    sp2_allocator *more[3];
    uint64_t count = 0;
    while (pool_stats(pool).refilled == 0 && count < 3) {
        more[count++] = take_block(pool, 100);
        const uint64_t deadline = sp2_test_now_ns() + 1000000000u;
        while (pool_stats(pool).refilled == 0 && sp2_test_now_ns() < deadline) {
            sp2_test_nap();
        }
    }
    CHECK_EQ_U64(pool_stats(pool).refilled, 1);
    CHECK_EQ_U64(pool_stats(pool).free, 1);
    CHECK_EQ_U64(pool_stats(pool).misses, count);
    sp2_allocator_destroy(first);
    while (count != 0) {
        sp2_allocator_destroy(more[--count]);
    }
    sp2_allocator_destroy(pool);
    WAIT_UNTIL(atomic_load(&a.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&a);
}

SP2_TEST(Block_of_several_pieces_is_refilled) {
    enum { SEVERAL_MIB = 7 << 20 }; /* pages are put in place 2 MiB at a time */
    sp2_memory_pool_options options = pool_options(1, SEVERAL_MIB, 2, 1);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    options.low_water = 1;
    sp2_allocator *pool = new_pool(&options);
    sp2_allocator *block = take_block(pool, SEVERAL_MIB);
    WAIT_UNTIL(pool_stats(pool).refilled == 1, PATIENCE_SECONDS);
    CHECK_EQ_U64(pool_stats(pool).free, 1);
    sp2_allocator_destroy(block);
    sp2_allocator_destroy(pool);
    sp2_thread_pool_destroy(options.thread_pool);
}

SP2_TEST(Pool_may_go_while_it_is_refilled) {
    account a = ACCOUNT_INIT;
    sp2_memory_pool_options options = pool_options(1, 100, 10, 5);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    options.low_water = 5;
    sp2_allocator *pool = new_pool_on(options, &a);
    set_closed(&a, true);
    sp2_allocator *block = take_block(pool, 100);
    WAIT_UNTIL(atomic_load(&a.waiting) == 6, PATIENCE_SECONDS);
    sp2_allocator_destroy(block);
    sp2_allocator_destroy(pool);
    /* The pool has gone with its blocks; the base waits for the one that is being made. */
    CHECK_EQ_U64(atomic_load(&a.freed), 5);
    CHECK_EQ_U64(atomic_load(&a.finished), 0);
    set_closed(&a, false);
    sp2_thread_pool_destroy(options.thread_pool);
    check_closed_account(&a);
    CHECK_EQ_U64(atomic_load(&a.calls), 6);
}

static void *destroy_allocator(void *argument) {
    sp2_allocator_destroy(argument);
    return NULL;
}

SP2_TEST(Pool_that_holds_its_threads_last_waits_for_them) {
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_refilled_pool(&a, 10, 5, 5);
    set_closed(&a, true);
    sp2_allocator *block = take_block(pool, 100);
    WAIT_UNTIL(atomic_load(&a.waiting) == 6, PATIENCE_SECONDS);
    sp2_allocator_destroy(block);
    test_thread thread;
    test_thread_start(&thread, destroy_allocator, pool);
    WAIT_UNTIL(atomic_load(&a.freed) == 5, PATIENCE_SECONDS);
    CHECK_EQ_U64(atomic_load(&a.finished), 0);
    set_closed(&a, false);
    test_thread_join(thread);
    check_closed_account(&a);
}

/* A pool on a pool, on one thread: the refill of one is the last to hold the other, which holds the
 * thread that it runs on. */
SP2_TEST(Refill_may_end_its_own_thread) {
    account a = ACCOUNT_INIT;
    sp2_memory_pool_options options = pool_options(1, 100, 5, 1);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    sp2_allocator *inner = new_pool_on(options, &a);
    options.base = inner;
    options.low_water = 1;
    sp2_allocator *outer = new_pool(&options);
    sp2_thread_pool_destroy(options.thread_pool);
    set_closed(&a, true);
    sp2_allocator *block = take_block(outer, 100);
    WAIT_UNTIL(atomic_load(&a.waiting) == 2, PATIENCE_SECONDS);
    sp2_allocator_destroy(inner);
    sp2_allocator_destroy(block);
    sp2_allocator_destroy(outer);
    CHECK_EQ_U64(atomic_load(&a.finished), 0);
    set_closed(&a, false);
    WAIT_UNTIL(atomic_load(&a.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&a);
}

/* The same with the thread pool busy, so that the refill has not begun. */
SP2_TEST(Pool_may_go_before_a_refill_begins) {
    account blocking = ACCOUNT_INIT;
    account a = ACCOUNT_INIT;
    sp2_memory_pool_options options = pool_options(1, 100, 5, 5);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    options.low_water = 5;
    sp2_allocator *busy = new_pool_on(options, &blocking);
    sp2_allocator *pool = new_pool_on(options, &a);
    set_closed(&blocking, true);
    sp2_allocator *busy_block = take_block(busy, 100);
    WAIT_UNTIL(atomic_load(&blocking.waiting) == 6, PATIENCE_SECONDS);
    sp2_allocator_destroy(take_block(pool, 100));
    sp2_allocator_destroy(pool);
    check_closed_account(&a);
    CHECK_EQ_U64(atomic_load(&a.calls), 5);
    set_closed(&blocking, false);
    sp2_allocator_destroy(busy_block);
    sp2_allocator_destroy(busy);
    sp2_thread_pool_destroy(options.thread_pool);
    WAIT_UNTIL(atomic_load(&blocking.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&blocking);
}

/* The pool is full again when the thread comes to its refill. */
SP2_TEST(Refill_makes_nothing_that_is_not_missing) {
    account blocking = ACCOUNT_INIT;
    account a = ACCOUNT_INIT;
    sp2_memory_pool_options options = pool_options(1, 100, 6, 5);
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    options.low_water = 5;
    sp2_allocator *busy = new_pool_on(options, &blocking);
    sp2_allocator *pool = new_pool_on(options, &a);
    set_closed(&blocking, true);
    sp2_allocator *first = take_block(busy, 100);
    WAIT_UNTIL(atomic_load(&blocking.waiting) == 6, PATIENCE_SECONDS);
    sp2_allocator_destroy(take_block(pool, 100));
    sp2_allocator *second = take_block(busy, 100);
    set_closed(&blocking, false);
    /* The second block of the busy pool is made in a turn after that of the other pool. */
    WAIT_UNTIL(pool_stats(busy).refilled == 2, PATIENCE_SECONDS);
    CHECK_EQ_U64(atomic_load(&a.calls), 5);
    CHECK_EQ_U64(pool_stats(pool).free, 5);
    sp2_allocator_destroy(first);
    sp2_allocator_destroy(second);
    sp2_allocator_destroy(busy);
    sp2_allocator_destroy(pool);
    sp2_thread_pool_destroy(options.thread_pool);
    check_closed_account(&a);
    check_closed_account(&blocking);
}

typedef struct taker {
    sp2_allocator *pool;
    uint64_t takes;
} taker;

static void *take_and_give_back(void *argument) {
    taker *t = argument;
    sp2_allocator *held[4] = {NULL};
    for (uint64_t i = 0; i < t->takes; i++) {
        sp2_allocator_destroy(held[i % 4]);
        held[i % 4] = take_block(t->pool, 1 + i % 150);
    }
    for (int i = 0; i < 4; i++) {
        sp2_allocator_destroy(held[i]);
    }
    sp2_allocator_destroy(t->pool);
    return NULL;
}

SP2_TEST(Threads_share_a_pool) {
    enum { THREADS = 3, TAKES = 3000 };
    account a = ACCOUNT_INIT;
    sp2_allocator *pool = new_refilled_pool(&a, 10, 6, 4);
    test_thread threads[THREADS];
    taker takers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        /* Each thread has a hold of its own, by a pool that it uses alone. */
        sp2_memory_pool_options options = pool_options(1, 100, 2, 0);
        options.base = pool;
        takers[i] = (taker){new_pool(&options), TAKES};
        test_thread_start(&threads[i], take_and_give_back, &takers[i]);
    }
    WAIT_UNTIL(pool_stats(pool).outside > 10, PATIENCE_SECONDS);
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(threads[i]);
    }
    const sp2_memory_pool_stats stats = pool_stats(pool);
    CHECK_EQ_U64(stats.in_use, 0);
    CHECK(stats.free <= 10);
    CHECK_EQ_U64(stats.outside, THREADS * TAKES / 150 * 50);
    CHECK(stats.hits + stats.misses >= THREADS);
    sp2_allocator_destroy(pool);
    WAIT_UNTIL(atomic_load(&a.finished) == 1, PATIENCE_SECONDS);
    check_closed_account(&a);
}

/* ---- the warning ---- */

SP2_TEST(Empty_pool_warns_at_a_limited_rate) {
    enum { MISSES = 30 };
    log_capture log = LOG_CAPTURE_INIT;
    sp2_memory_pool_options options = pool_options(1, 100, MISSES, 0);
    options.log = log_capture_message;
    options.log_context = &log;
    options.log_level = SP2_LOG_DEFAULT;
    sp2_allocator *pool = new_pool(&options);
    int32_t warn = 0;
    REQUIRE_OK(sp2_memory_pool_get_warn_on_empty(pool, &warn));
    CHECK_EQ_I64(warn, 1);
    sp2_allocator *blocks[MISSES];
    for (unsigned i = 0; i < MISSES; i++) {
        blocks[i] = take_block(pool, 50 + i);
    }
    const uint32_t warnings = log_capture_count(&log, SP2_LOG_WARNING);
    CHECK(warnings >= 1);
    CHECK(warnings <= 10);
    CHECK(log_capture_contains(&log, "50 bytes"));
    REQUIRE_OK(sp2_memory_pool_set_warn_on_empty(pool, 0));
    REQUIRE_OK(sp2_memory_pool_get_warn_on_empty(pool, &warn));
    CHECK_EQ_I64(warn, 0);
    sp2_allocator *quiet = take_block(pool, 7);
    CHECK_EQ_U64(log_capture_count(&log, SP2_LOG_WARNING), warnings);
    REQUIRE_OK(sp2_memory_pool_set_warn_on_empty(pool, -3));
    REQUIRE_OK(sp2_memory_pool_get_warn_on_empty(pool, &warn));
    CHECK_EQ_I64(warn, 1);
    for (unsigned i = 0; i < MISSES; i++) {
        sp2_allocator_destroy(blocks[i]);
    }
    sp2_allocator_destroy(quiet);
    sp2_allocator_destroy(pool);
    CHECK(log_capture_contains(&log, "more messages about an empty memory pool were left out"));
}

SP2_TEST(Pool_made_without_warning_is_quiet) {
    log_capture log = LOG_CAPTURE_INIT;
    sp2_memory_pool_options options = pool_options(1, 100, 1, 0);
    options.flags = SP2_MEMORY_POOL_NO_WARNING;
    options.log = log_capture_message;
    options.log_context = &log;
    options.log_level = SP2_LOG_DEBUG;
    sp2_allocator *pool = new_pool(&options);
    int32_t warn = 1;
    REQUIRE_OK(sp2_memory_pool_get_warn_on_empty(pool, &warn));
    CHECK_EQ_I64(warn, 0);
    sp2_allocator_destroy(take_block(pool, 100));
    CHECK_EQ_U64(pool_stats(pool).misses, 1);
    sp2_allocator_destroy(pool);
    CHECK_EQ_U64(log.length, 0);
}
