/* SPDX-License-Identifier: MIT */
/* The default memory of heap payloads: what is used, kept and released. */
#include <stdlib.h>

#include "receiver.h"
#include "test_threads.h"

enum { HEAP_BYTES = 100000, HEAPS = 50 };

static sp2_memory_stats memory_now(void) {
    sp2_memory_stats stats = SP2_MEMORY_STATS_INIT;
    CHECK_STATUS(sp2_memory_get_stats(&stats), SP2_OK);
    return stats;
}

/* Receives `count` heaps on this pool and keeps them. */
static heap_list receive_heaps(sp2_thread_pool *pool, uint64_t count, uint64_t length) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= count; cnt++) {
        uint8_t *payload = new_payload(length, cnt);
        datagrams_add_heap(&list, cnt, payload, length, 8000);
        free(payload);
    }
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    const heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, count);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    return heaps;
}

static void restore_limit(void) {
    REQUIRE_OK(sp2_memory_set_cache_limit(SP2_MEMORY_CACHE_LIMIT_DEFAULT));
}

SP2_TEST(Nothing_is_used_or_kept_at_first) {
    const sp2_memory_stats stats = memory_now();
    CHECK_EQ_U64(stats.used_bytes, 0);
    CHECK_EQ_U64(stats.cached_bytes, 0);
    CHECK_EQ_U64(stats.cache_limit, SP2_MEMORY_CACHE_LIMIT_DEFAULT);
}

SP2_TEST(Heaps_use_memory_until_they_are_released) {
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, HEAPS, HEAP_BYTES);
    sp2_memory_stats stats = memory_now();
    CHECK(stats.used_bytes >= HEAPS * HEAP_BYTES);
    CHECK(stats.used_bytes <= HEAPS * HEAP_BYTES * 2);
    heaps_free(&heaps);
    stats = memory_now();
    CHECK_EQ_U64(stats.used_bytes, 0);
    CHECK(stats.cached_bytes >= HEAPS * HEAP_BYTES);
    sp2_thread_pool_destroy(pool);
}

SP2_TEST(Heap_without_a_length_uses_twice_its_bytes_at_most) {
    enum { PARTS = 8, PART_BYTES = 1000 };
    static const uint8_t payload[PARTS * PART_BYTES];
    datagram_list list = {0};
    for (uint64_t i = 0; i < PARTS; i++) {
        datagrams_add_part(&list, 48, 1, NO_HEAP_LENGTH, payload, i * PART_BYTES, PART_BYTES);
    }
    const sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    heap_list heaps = receive(&options, &list, NULL);
    REQUIRE(heaps.count == 1);
    CHECK_EQ_U64(info_of(heaps.heaps[0]).payload_length, sizeof(payload));
    CHECK(memory_now().used_bytes >= sizeof(payload));
    CHECK(memory_now().used_bytes <= 2 * sizeof(payload));
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Released_blocks_are_used_again) {
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, HEAPS, HEAP_BYTES);
    heaps_free(&heaps);
    const sp2_memory_stats before = memory_now();
    heaps = receive_heaps(pool, HEAPS, HEAP_BYTES - 100);
    const sp2_memory_stats after = memory_now();
    CHECK_EQ_U64(after.misses, before.misses);
    CHECK(after.hits >= before.hits + HEAPS);
    for (uint64_t i = 0; i < heaps.count; i++) {
        check_filled_heap(heaps.heaps[i], i + 1, HEAP_BYTES - 100);
    }
    heaps_free(&heaps);
    sp2_thread_pool_destroy(pool);
}

SP2_TEST(Cache_stays_within_its_limit) {
    /* Large blocks have one half of the limit for themselves: some fit it, but not all. */
    enum { LARGE_BYTES = 400000, LIMIT = LARGE_BYTES * 10 };
    REQUIRE_OK(sp2_memory_trim());
    REQUIRE_OK(sp2_memory_set_cache_limit(LIMIT));
    CHECK_EQ_U64(memory_now().cache_limit, LIMIT);
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, HEAPS, LARGE_BYTES);
    heaps_free(&heaps);
    const sp2_memory_stats stats = memory_now();
    CHECK(stats.cached_bytes > 0);
    CHECK(stats.cached_bytes <= LIMIT);
    CHECK_EQ_U64(stats.used_bytes, 0);
    sp2_thread_pool_destroy(pool);
    restore_limit();
}

/* Bytes of kept blocks with payload of this size; the records of heaps are small. */
static uint64_t large_cached_bytes(uint64_t bytes) {
    return memory_now().cached_bytes / bytes * bytes;
}

/* Two of three large blocks fit: the third must not count. */
SP2_TEST(Refused_block_does_not_count_as_kept) {
    enum { LARGE_BYTES = 400000, KEPT = 2 * LARGE_BYTES };
    REQUIRE_OK(sp2_memory_trim());
    REQUIRE_OK(sp2_memory_set_cache_limit(2 * KEPT));
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, 3, LARGE_BYTES);
    heaps_free(&heaps);
    CHECK(large_cached_bytes(LARGE_BYTES) == KEPT);
    const uint64_t misses = memory_now().misses;
    for (int i = 0; i < 3; i++) {
        heaps = receive_heaps(pool, 2, LARGE_BYTES);
        heaps_free(&heaps);
        CHECK(large_cached_bytes(LARGE_BYTES) == KEPT);
    }
    CHECK_EQ_U64(memory_now().misses, misses);
    sp2_thread_pool_destroy(pool);
    restore_limit();
}

SP2_TEST(Limit_of_zero_keeps_nothing) {
    REQUIRE_OK(sp2_memory_trim());
    REQUIRE_OK(sp2_memory_set_cache_limit(0));
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, 5, HEAP_BYTES);
    heaps_free(&heaps);
    CHECK_EQ_U64(memory_now().cached_bytes, 0);
    CHECK_EQ_U64(memory_now().used_bytes, 0);
    sp2_thread_pool_destroy(pool);
    restore_limit();
}

SP2_TEST(Trim_gives_everything_unused_back) {
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, HEAPS, HEAP_BYTES);
    heap_list more = receive_heaps(pool, HEAPS, HEAP_BYTES);
    heaps_free(&heaps);
    CHECK(memory_now().cached_bytes > 0);
    const uint64_t used = memory_now().used_bytes;
    REQUIRE_OK(sp2_memory_trim());
    CHECK_EQ_U64(memory_now().cached_bytes, 0);
    CHECK_EQ_U64(memory_now().used_bytes, used);
    for (uint64_t i = 0; i < more.count; i++) {
        check_filled_heap(more.heaps[i], i + 1, HEAP_BYTES);
    }
    heaps_free(&more);
    sp2_thread_pool_destroy(pool);
}

SP2_TEST(Cache_is_given_back_when_it_stays_unused) {
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    heap_list heaps = receive_heaps(pool, HEAPS, HEAP_BYTES);
    heaps_free(&heaps);
    /* At the second look at the latest. */
    CHECK(memory_now().cached_bytes > 0);
    WAIT_UNTIL(memory_now().cached_bytes == 0, 2 * SP2_MEMORY_IDLE_SECONDS + 2);
    sp2_thread_pool_destroy(pool);
}

SP2_TEST(Cache_is_given_back_with_the_last_pool) {
    sp2_thread_pool *first;
    sp2_thread_pool *second;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &first));
    REQUIRE_OK(sp2_thread_pool_create(NULL, &second));
    heap_list heaps = receive_heaps(first, HEAPS, HEAP_BYTES);
    heaps_free(&heaps);
    sp2_thread_pool_destroy(first);
    CHECK(memory_now().cached_bytes > 0);
    sp2_thread_pool_destroy(second);
    CHECK_EQ_U64(memory_now().cached_bytes, 0);
}

SP2_TEST(Heap_released_after_the_last_pool_is_not_kept) {
    heap_list heaps = receive_heaps(NULL, 5, HEAP_BYTES);
    CHECK(memory_now().used_bytes >= 5 * HEAP_BYTES);
    heaps_free(&heaps);
    CHECK_EQ_U64(memory_now().used_bytes, 0);
    CHECK_EQ_U64(memory_now().cached_bytes, 0);
}

SP2_TEST(Dropped_heaps_use_no_memory) {
    static const uint8_t payload[HEAP_BYTES] = {0};
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        datagrams_add_part(&list, 48, cnt, HEAP_BYTES, payload, 0, 1000);
    }
    heap_list heaps = receive(NULL, &list, NULL);
    CHECK_EQ_U64(heaps.count, 0);
    heaps_free(&heaps);
    CHECK_EQ_U64(memory_now().used_bytes, 0);

    /* Delivered without their payload, they keep little. */
    sp2_receive_options options = quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE);
    heaps = receive(&options, &list, NULL);
    CHECK_EQ_U64(heaps.count, HEAPS);
    CHECK(memory_now().used_bytes < HEAP_BYTES);
    heaps_free(&heaps);
    CHECK_EQ_U64(memory_now().used_bytes, 0);
    datagrams_free(&list);
}

static void *receive_and_release(void *argument) {
    for (int i = 0; i < 20; i++) {
        heap_list heaps = receive_heaps(argument, 10, 1000u << (i % 8));
        heaps_free(&heaps);
    }
    return NULL;
}

static void *disturb(void *argument) {
    (void)argument;
    for (int i = 0; i < 200; i++) {
        CHECK_STATUS(sp2_memory_set_cache_limit((uint64_t)(i % 4) * 100000), SP2_OK);
        CHECK_STATUS(sp2_memory_trim(), SP2_OK);
    }
    return NULL;
}

SP2_TEST(Several_threads_share_the_memory) {
    enum { THREADS = 3 };
    sp2_thread_pool *pool;
    test_thread threads[THREADS];
    test_thread disturber;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    for (int i = 0; i < THREADS; i++) {
        test_thread_start(&threads[i], receive_and_release, pool);
    }
    test_thread_start(&disturber, disturb, NULL);
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(threads[i]);
    }
    test_thread_join(disturber);
    restore_limit();
    CHECK_EQ_U64(memory_now().used_bytes, 0);
    sp2_thread_pool_destroy(pool);
    CHECK_EQ_U64(memory_now().cached_bytes, 0);
}
