/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "receiver.h"

/*
 * A program of the first release: compiled against the headers that are kept beside it, whatever
 * the library's have become. It uses every struct whose size a caller says, as long as it was then.
 */

enum { GUARD = 0xA5, GUARD_BYTES = 64, HEAP_BYTES = 1000, PACKET_BYTES = 300 };

/* A struct of the release with bytes behind it that belong to somebody else. */
#define GUARDED(type, name, init)                                                                  \
    struct {                                                                                       \
        type value;                                                                                \
        uint8_t guard[GUARD_BYTES];                                                                \
    } name = {.value = init};                                                                      \
    memset((name).guard, GUARD, GUARD_BYTES)

#define CHECK_GUARDED(name)                                                                        \
    do {                                                                                           \
        CHECK_EQ_U64((name).value.size, sizeof((name).value));                                     \
        CHECK(is_untouched((name).guard));                                                         \
    } while (0)

static bool is_untouched(const uint8_t *guard) {
    for (int i = 0; i < GUARD_BYTES; i++) {
        if (guard[i] != GUARD) {
            return false;
        }
    }
    return true;
}

static datagram_list one_heap(uint64_t cnt) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, cnt);
    datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, PACKET_BYTES);
    free(payload);
    return list;
}

SP2_TEST(Library_serves_programs_of_the_release) {
    CHECK_EQ_U64(sp2_version_number() / 1000000, SP2_VERSION_MAJOR);
    CHECK(sp2_version_number() >= SP2_VERSION_NUMBER);
    if (SP2_VERSION_MAJOR == 0) {
        CHECK_EQ_U64(sp2_version_number() / 1000 % 1000, SP2_VERSION_MINOR);
    }
}

SP2_TEST(Statuses_keep_their_numbers_and_names) {
#define CHECK_NAME(name, number, text) CHECK_STR(sp2_status_name(number), "SP2_" #name);
    SP2_STATUS_MAP(CHECK_NAME)
#undef CHECK_NAME
}

SP2_TEST(Heap_is_received_with_all_options_of_the_release) {
    const int32_t cpu = 0;
    sp2_thread_pool_options pool_options = SP2_THREAD_POOL_OPTIONS_INIT;
    pool_options.threads = 1;
    pool_options.affinity = &cpu;
    pool_options.affinity_count = 1;
    pool_options.log_level = SP2_LOG_NONE;
    pool_options.name = "released";
    sp2_thread_pool *threads = NULL;
    REQUIRE_OK(sp2_thread_pool_create(&pool_options, &threads));
    const sp2_mmap_options mmap_options = SP2_MMAP_OPTIONS_INIT;
    sp2_allocator *mapped = NULL;
    REQUIRE_OK(sp2_mmap_allocator_create(&mmap_options, &mapped));
    sp2_memory_pool_options memory_options = SP2_MEMORY_POOL_OPTIONS_INIT;
    memory_options.lower = 1;
    memory_options.upper = HEAP_BYTES;
    memory_options.max_free = 2;
    memory_options.initial = 1;
    memory_options.thread_pool = threads;
    memory_options.base = mapped;
    sp2_allocator *memory = NULL;
    REQUIRE_OK(sp2_memory_pool_create(&memory_options, &memory));

    const sp2_custom_stat custom = {.name = "mine", .mode = SP2_STAT_MAXIMUM};
    sp2_receive_options options = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    options.max_heaps = 2;
    options.ring_heaps = 2;
    options.substreams = 2;
    options.max_heap_size = HEAP_BYTES;
    options.custom_stats = &custom;
    options.custom_stat_count = 1;
    options.spin_ns = SP2_NEVER_SPIN;
    sp2_receive_stream *stream = NULL;
    REQUIRE_OK(sp2_receive_stream_create(threads, &options, &stream));
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, memory));
    datagram_list datagrams = one_heap(5);
    REQUIRE_OK(add_datagram_source(stream, datagrams.datagrams, datagrams.count));
    REQUIRE_OK(sp2_receive_stream_start(stream));
    heap_list heaps = pop_all(stream);

    REQUIRE(heaps.count == 1);
    check_filled_heap(heaps.heaps[0], 5, HEAP_BYTES);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&datagrams);
    sp2_allocator_destroy(memory);
    sp2_allocator_destroy(mapped);
    sp2_thread_pool_destroy(threads);
}

SP2_TEST(Results_are_filled_as_far_as_the_release_knows_them) {
    sp2_memory_pool_options memory_options = SP2_MEMORY_POOL_OPTIONS_INIT;
    memory_options.upper = HEAP_BYTES;
    sp2_allocator *memory = NULL;
    REQUIRE_OK(sp2_memory_pool_create(&memory_options, &memory));
    sp2_receive_stream *stream = new_stream(NULL);
    datagram_list datagrams = one_heap(6);
    REQUIRE_OK(add_datagram_source(stream, datagrams.datagrams, datagrams.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == 1);

    GUARDED(sp2_heap_info, info, SP2_HEAP_INFO_INIT);
    REQUIRE_OK(sp2_heap_get_info(heaps.heaps[0], &info.value));
    CHECK_GUARDED(info);
    CHECK_EQ_U64(info.value.cnt, 6);
    CHECK_EQ_U64(info.value.address_bits, 48);
    GUARDED(sp2_receive_stats, stats, SP2_RECEIVE_STATS_INIT);
    REQUIRE_OK(sp2_receive_stream_get_stats(stream, &stats.value));
    CHECK_GUARDED(stats);
    CHECK_EQ_U64(stats.value.heaps, 1);
    CHECK_EQ_U64(stats.value.payload_bytes, HEAP_BYTES);
    GUARDED(sp2_stat_info, stat, SP2_STAT_INFO_INIT);
    REQUIRE_OK(sp2_receive_stream_get_stat_info(stream, 0, &stat.value));
    CHECK_GUARDED(stat);
    CHECK_STR(stat.value.name, "heaps");
    GUARDED(sp2_memory_stats, recycled, SP2_MEMORY_STATS_INIT);
    REQUIRE_OK(sp2_memory_get_stats(&recycled.value));
    CHECK_GUARDED(recycled);
    GUARDED(sp2_memory_pool_stats, pooled, SP2_MEMORY_POOL_STATS_INIT);
    REQUIRE_OK(sp2_memory_pool_get_stats(memory, &pooled.value));
    CHECK_GUARDED(pooled);

    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&datagrams);
    sp2_allocator_destroy(memory);
}

SP2_TEST(Items_are_where_they_were) {
    sp2_receive_stream *stream = new_stream(NULL);
    datagram_list datagrams = one_heap(7);
    REQUIRE_OK(add_datagram_source(stream, datagrams.datagrams, datagrams.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == 1);

    const sp2_item *items = NULL;
    uint64_t count = 0;
    REQUIRE_OK(sp2_heap_get_items(heaps.heaps[0], &items, &count));
    REQUIRE(count == 1);
    CHECK_EQ_U64(items[0].id, 0x1000);
    CHECK_EQ_U64(items[0].length, HEAP_BYTES);
    CHECK_EQ_U64(items[0].flags, 0);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&datagrams);
}

/* What the functions of the allocator were given. */
typedef struct allocation {
    uint64_t size;
    uint64_t cnt;
    int32_t freed;
} allocation;

static void *allocate(void *context, uint64_t size, const sp2_packet_header *packet,
                      void **block_context) {
    allocation *seen = context;
    seen->size = size;
    seen->cnt = packet->cnt;
    *block_context = seen;
    return malloc((size_t)size);
}

static void give_back(void *context, void *block, uint64_t size, void *block_context) {
    allocation *seen = block_context;
    CHECK(context == block_context);
    CHECK_EQ_U64(size, seen->size);
    seen->freed++;
    free(block);
}

SP2_TEST(Callbacks_get_what_they_got) {
    allocation seen = {0, 0, 0};
    sp2_allocator_options options = SP2_ALLOCATOR_OPTIONS_INIT;
    options.allocate = allocate;
    options.free = give_back;
    options.context = &seen;
    sp2_allocator *own = NULL;
    REQUIRE_OK(sp2_allocator_create(&options, &own));
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, own));
    datagram_list datagrams = one_heap(8);
    REQUIRE_OK(add_datagram_source(stream, datagrams.datagrams, datagrams.count));
    heap_list heaps = pop_all(stream);

    CHECK_EQ_U64(heaps.count, 1);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    sp2_allocator_destroy(own);
    CHECK_EQ_U64(seen.cnt, 8);
    CHECK(seen.size >= HEAP_BYTES);
    CHECK_EQ_I64(seen.freed, 1);
    datagrams_free(&datagrams);
}

SP2_TEST(Udp_reader_binds_with_the_options_of_the_release) {
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    sp2_receive_stream *stream = new_stream(NULL);
    uint32_t port = 0;
    REQUIRE_OK(add_udp_source(stream, &udp, &port));
    CHECK(port != 0);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    sp2_receive_stream_destroy(stream);
}
