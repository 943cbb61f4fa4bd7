/* SPDX-License-Identifier: MIT */
/* What payload makes real: of the memory of a heap, as much as has arrived, whatever is announced.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "receiver.h"

#define PAGE 4096
#define HUGE_PAGE ((uint64_t)2 << 20)
#define MEBI ((uint64_t)1 << 20)
#define GIBI ((uint64_t)1 << 30)

#define KEEP_ALL (SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD)

/* ---- what the kernel says ---- */

/* Pages in place from `start`, where `length` bytes are mapped. */
static uint64_t real_pages(const uint8_t *start, uint64_t length) {
    const uint64_t pages = (length + PAGE - 1) / PAGE;
    unsigned char *present = malloc(pages);
    uint64_t count = 0;
    REQUIRE(present != NULL);
    REQUIRE(mincore((void *)(uintptr_t)start, length, present) == 0);
    for (uint64_t i = 0; i < pages; i++) {
        count += present[i] & 1;
    }
    free(present);
    return count;
}

/* Bytes of transparent huge pages in the mappings that overlap `length` bytes from `start`. */
static uint64_t huge_bytes(const uint8_t *start, uint64_t length) {
    uint64_t kibibytes = 0;
    uint64_t sum = 0;
    bool here = false;
    char line[512];
    FILE *file = fopen("/proc/self/smaps", "re");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t from;
        uint64_t to;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2) {
            here = from < (uintptr_t)start + length && (uintptr_t)start < to;
        } else if (here && sscanf(line, "AnonHugePages: %" SCNu64, &kibibytes) == 1) {
            sum += kibibytes << 10;
        }
    }
    fclose(file);
    return sum;
}

static void require_huge_pages(void) {
    uint8_t *block =
        mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(block != MAP_FAILED);
    madvise(block, 2 * HUGE_PAGE, MADV_HUGEPAGE);
    memset(block, 1, 2 * HUGE_PAGE);
    const uint64_t huge = huge_bytes(block, 2 * HUGE_PAGE);
    munmap(block, 2 * HUGE_PAGE);
    if (huge == 0) {
        SKIP("madvise gives no transparent huge pages here");
    }
}

static void require_mincore(void) {
    uint8_t *block =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(block != MAP_FAILED);
    *(volatile uint8_t *)block = 1;
    const uint64_t pages = real_pages(block, 2 * PAGE);
    munmap(block, 2 * PAGE);
    if (pages != 1) {
        SKIP("mincore does not say which pages are in place here");
    }
}

/* The same of memory that is only reserved, about which qemu's mincore says ENOMEM. */
static bool has_mincore_of_reserved(void) {
    unsigned char present = 1;
    void *block = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(block != MAP_FAILED);
    const bool works = mincore(block, PAGE, &present) == 0 && (present & 1) == 0;
    munmap(block, PAGE);
    return works;
}

/* ---- heaps ---- */

/* Nothing that earlier tests have made real. */
static heap_list receive_fresh(const sp2_receive_options *options, const datagram_list *list,
                               sp2_receive_stats *stats) {
    require_mincore();
    REQUIRE_OK(sp2_memory_trim());
    heap_list heaps = receive(options, list, stats);
    REQUIRE(heaps.count == 1);
    return heaps;
}

/* A packet of heap `cnt` whose bytes all have one value, by its offset. */
static uint8_t content_at(uint64_t offset) {
    return (uint8_t)(offset / 1000 + 1);
}

static void add_bytes(datagram_list *list, uint64_t cnt, int64_t length, uint64_t offset,
                      uint64_t count) {
    uint8_t *content = malloc(count);
    REQUIRE(content != NULL);
    memset(content, content_at(offset), count);
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, length, offset, count);
    packet_add_payload(&packet, content, count);
    datagrams_add_packet(list, &packet);
    free(content);
}

/* Packets of 8 KiB, in order. */
static void add_prefix(datagram_list *list, int64_t length, uint64_t end) {
    enum { PACKET = 8192 };
    for (uint64_t offset = 0; offset < end; offset += PACKET) {
        add_bytes(list, 1, length, offset, offset + PACKET < end ? PACKET : end - offset);
    }
}

/* One byte at the start of each huge page. */
static uint64_t add_sparse(datagram_list *list, int64_t length, uint64_t from, uint64_t to) {
    uint64_t packets = 0;
    for (uint64_t offset = (from + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE; offset < to;
         offset += HUGE_PAGE) {
        add_bytes(list, 1, length, offset, 1);
        packets++;
    }
    return packets;
}

SP2_TEST(Announced_heap_is_real_where_its_payload_is) {
    const sp2_receive_options options = quiet_options(KEEP_ALL);
    datagram_list list = {0};
    add_bytes(&list, 1, (int64_t)GIBI, 0, 10);
    heap_list heaps = receive_fresh(&options, &list, NULL);
    const bool asks_reserved = has_mincore_of_reserved();
    CHECK_EQ_U64(real_pages(info_of(heaps.heaps[0]).payload, asks_reserved ? GIBI : HUGE_PAGE), 1);
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&memory));
    CHECK(memory.used_bytes <= HUGE_PAGE + MEBI);
    heaps_free(&heaps);
    datagrams_free(&list);
    if (!asks_reserved) {
        SKIP("mincore refuses memory that is only reserved; the first 2 MiB were looked at");
    }
}

SP2_TEST(Sparse_heap_is_real_where_its_payload_is) {
    const uint64_t length = 256 * MEBI;
    const sp2_receive_options options = quiet_options(KEEP_ALL);
    datagram_list list = {0};
    const uint64_t packets = add_sparse(&list, (int64_t)length, 0, length);
    heap_list heaps = receive_fresh(&options, &list, NULL);
    const uint8_t *payload = info_of(heaps.heaps[0]).payload;
    CHECK_EQ_U64(real_pages(payload, length), packets);
    CHECK_EQ_U64(huge_bytes(payload, length), 0);
    heaps_free(&heaps);
    datagrams_free(&list);
}

/* The bound of SECURITY.md: twice the prefix, and the pages that other payload touches. */
SP2_TEST(Huge_pages_reach_twice_as_far_as_the_heap) {
    static const uint64_t prefixes[] = {MEBI, 2 * MEBI - 1, 2 * MEBI + 1, 5 * MEBI, 40 * MEBI};
    const uint64_t length = 128 * MEBI;
    const sp2_receive_options options = quiet_options(KEEP_ALL);
    require_huge_pages();
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        sp2_test_context("prefix %" PRIu64, prefixes[i]);
        datagram_list list = {0};
        add_prefix(&list, (int64_t)length, prefixes[i]);
        const uint64_t packets = add_sparse(&list, (int64_t)length, prefixes[i] + 1, length);
        heap_list heaps = receive_fresh(&options, &list, NULL);
        const uint8_t *payload = info_of(heaps.heaps[0]).payload;
        const uint64_t huge = huge_bytes(payload, length);
        CHECK(huge <= 2 * prefixes[i]);
        CHECK(real_pages(payload, length) * PAGE <= 2 * prefixes[i] + packets * PAGE);
        if (prefixes[i] < 2 * MEBI) {
            CHECK_EQ_U64(huge, 0);
        }
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Huge_pages_back_heaps_that_arrive_in_order) {
    const uint64_t length = 64 * MEBI;
    require_huge_pages();
    for (int swapped = 0; swapped < 2; swapped++) {
        sp2_test_context("%s", swapped ? "neighbours swapped" : "in order");
        datagram_list list = {0};
        add_prefix(&list, (int64_t)length, length);
        for (size_t i = 1; swapped && i + 1 < list.count; i += 2) {
            datagrams_swap(&list, i, i + 1);
        }
        heap_list heaps = receive_fresh(NULL, &list, NULL);
        /* All but the first two megabytes, unless the machine has no more huge pages. */
        CHECK(huge_bytes(info_of(heaps.heaps[0]).payload, length) >= length / 2);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

/* ---- heaps without a length ---- */

SP2_TEST(Unsized_heap_is_real_where_its_payload_is) {
    enum { PACKETS = 60 };
    const uint64_t step = SP2_RECEIVE_DEFAULT_MAX_UNSIZED_GAP + 10;
    const sp2_receive_options options = quiet_options(KEEP_ALL);
    datagram_list list = {0};
    for (uint64_t i = 0; i < PACKETS; i++) {
        add_bytes(&list, 1, NO_HEAP_LENGTH, i * step, 10);
    }
    sp2_receive_stats stats;
    heap_list heaps = receive_fresh(&options, &list, &stats);
    CHECK_EQ_U64(stats.packets_accepted, PACKETS);
    const sp2_heap_info info = info_of(heaps.heaps[0]);
    CHECK_EQ_U64(info.payload_length, (PACKETS - 1) * step + 10);
    const uint64_t pages = real_pages(info.payload, info.payload_length);
    /* A packet may lie across the end of a page. */
    CHECK(pages >= PACKETS && pages <= 2 * PACKETS);
    CHECK_EQ_U64(huge_bytes(info.payload, info.payload_length), 0);
    for (uint64_t i = 0; i < PACKETS; i++) {
        for (uint64_t j = 0; j < 10; j++) {
            CHECK_EQ_U64(info.payload[i * step + j], content_at(i * step));
        }
    }
    heaps_free(&heaps);
    datagrams_free(&list);
}

static uint64_t blocks_taken(void) {
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&memory));
    return memory.hits + memory.misses;
}

SP2_TEST(Unsized_heap_grows_with_its_content) {
    enum { LENGTH = 9000000, PACKET = 8999 };
    sp2_test_rng random = sp2_test_random();
    uint8_t *payload = new_payload(LENGTH, 1);
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        datagram_list list = {0};
        for (uint64_t offset = 0; offset < LENGTH; offset += PACKET) {
            datagrams_add_part(&list, 48, 1, NO_HEAP_LENGTH, payload, offset,
                               offset + PACKET < LENGTH ? PACKET : LENGTH - offset);
        }
        for (size_t i = list.count - 1; shuffled && i > 0; i--) {
            datagrams_swap(&list, i, (size_t)sp2_test_below(&random, i + 1));
        }
        const uint64_t blocks = blocks_taken();
        heap_list heaps = receive_fresh(NULL, &list, NULL);
        const sp2_heap_info info = info_of(heaps.heaps[0]);
        /* Some small ones, a record, and the one that it grows in. */
        CHECK(blocks_taken() - blocks <= 7);
        if (CHECK_EQ_U64(info.payload_length, LENGTH)) {
            CHECK_MEM(info.payload, payload, LENGTH);
        }
        heaps_free(&heaps);
        datagrams_free(&list);
    }
    free(payload);
}

static uint64_t too_large_of(const sp2_receive_options *options, const datagram_list *list) {
    sp2_receive_stats stats;
    heap_list heaps = receive(options, list, &stats);
    CHECK_EQ_U64(stats.packets, list->count);
    CHECK_EQ_U64(stats.packets_accepted + stats.too_large, list->count);
    heaps_free(&heaps);
    return stats.too_large;
}

SP2_TEST(Gap_in_an_unsized_heap_has_a_limit) {
    sp2_receive_options options = quiet_options(0);
    for (int i = 0; i < 2; i++) {
        const uint64_t gap = i == 0 ? SP2_RECEIVE_DEFAULT_MAX_UNSIZED_GAP : 100;
        options.max_unsized_gap = i == 0 ? 0 : gap;
        sp2_test_context("gap of %" PRIu64, gap);
        /* The first packet, one behind others, and one that lies behind a gap that was allowed. */
        const uint64_t offsets[][3] = {
            {gap, gap + 1, UINT64_MAX},      {0, 10 + gap, UINT64_MAX},
            {0, 10 + gap + 1, UINT64_MAX},   {0, 10 + gap, 20 + 2 * gap},
            {0, 10 + gap, 20 + 2 * gap + 1}, {10 + gap, 5, UINT64_MAX},
        };
        const uint64_t refused[] = {0, 0, 1, 0, 1, 1};
        for (size_t j = 0; j < sizeof(offsets) / sizeof(offsets[0]); j++) {
            sp2_test_context("gap of %" PRIu64 ", case %zu", gap, j);
            datagram_list list = {0};
            for (size_t k = 0; k < 3 && offsets[j][k] != UINT64_MAX; k++) {
                add_bytes(&list, 1, NO_HEAP_LENGTH, offsets[j][k], j == 0 ? 1 : 10);
            }
            CHECK_EQ_U64(too_large_of(&options, &list), refused[j]);
            datagrams_free(&list);
        }
    }
}

SP2_TEST(Gap_counts_from_a_length_that_is_known) {
    sp2_receive_options options = quiet_options(0);
    options.max_unsized_gap = 100;
    datagram_list list = {0};
    add_bytes(&list, 1, 1000, 0, 10);
    add_bytes(&list, 1, NO_HEAP_LENGTH, 990, 10);
    add_bytes(&list, 1, NO_HEAP_LENGTH, 1101, 10);
    add_bytes(&list, 1, NO_HEAP_LENGTH, 1100, 10);
    CHECK_EQ_U64(too_large_of(&options, &list), 1);
    datagrams_free(&list);
}

/* ---- memory of the user's ---- */

typedef struct mapped_memory {
    uint64_t blocks;
    uint64_t bytes;
} mapped_memory;

static void *map_block(void *context, uint64_t size, const sp2_packet_header *packet,
                       void **block_context) {
    mapped_memory *memory = context;
    (void)packet;
    (void)block_context;
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory->blocks++;
    memory->bytes += size;
    return block == MAP_FAILED ? NULL : block;
}

static void unmap_block(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)block_context;
    munmap(block, size);
}

SP2_TEST(Growth_copies_only_what_was_received) {
    const uint64_t offsets[] = {0, 15 * MEBI, 30 * MEBI, 40 * MEBI, 55 * MEBI, 60 * MEBI};
    const uint64_t packets = sizeof(offsets) / sizeof(offsets[0]);
    mapped_memory memory = {0};
    sp2_allocator_options allocator_options = SP2_ALLOCATOR_OPTIONS_INIT;
    allocator_options.allocate = map_block;
    allocator_options.free = unmap_block;
    allocator_options.context = &memory;
    sp2_allocator *allocator = NULL;
    require_mincore();
    REQUIRE_OK(sp2_allocator_create(&allocator_options, &allocator));
    const sp2_receive_options options = quiet_options(KEEP_ALL);
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    sp2_allocator_destroy(allocator);
    datagram_list list = {0};
    for (uint64_t i = 0; i < packets; i++) {
        add_bytes(&list, 1, NO_HEAP_LENGTH, offsets[i], 10);
    }
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == 1);
    const sp2_heap_info info = info_of(heaps.heaps[0]);
    CHECK(memory.blocks >= 3 && memory.blocks < packets);
    CHECK_EQ_U64(real_pages(info.payload, info.payload_length), packets);
    for (uint64_t i = 0; i < packets; i++) {
        CHECK_EQ_U64(info.payload[offsets[i] + 9], content_at(offsets[i]));
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

/* ---- what is kept for later heaps ---- */

static sp2_memory_stats memory_now(void) {
    sp2_memory_stats stats = SP2_MEMORY_STATS_INIT;
    REQUIRE_OK(sp2_memory_get_stats(&stats));
    return stats;
}

static void receive_good_heaps(sp2_thread_pool *pool) {
    enum { HEAPS = 10, LENGTH = 4 << 20, PACKET = 60000 };
    datagram_list list = {0};
    uint8_t *payload = new_payload(LENGTH, 1);
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        datagrams_add_heap(&list, cnt, payload, LENGTH, PACKET);
    }
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, HEAPS);
    sp2_receive_stream_destroy(stream);
    heaps_free(&heaps);
    datagrams_free(&list);
    free(payload);
}

/* Heaps of one byte each, of which much more is announced; returns how many blocks were new. */
static uint64_t receive_announced_heaps(sp2_thread_pool *pool, uint64_t heaps) {
    const sp2_memory_stats before = memory_now();
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= heaps; cnt++) {
        add_bytes(&list, cnt, (int64_t)(4 * MEBI + cnt * 10007 * 31 % (GIBI - 4 * MEBI)),
                  cnt * 7919 % (4 * MEBI), 1);
    }
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream;
    REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list none = pop_all(stream);
    CHECK_EQ_U64(none.count, 0);
    CHECK_EQ_U64(stats_of(stream).packets_accepted, heaps);
    sp2_receive_stream_destroy(stream);
    heaps_free(&none);
    datagrams_free(&list);
    return memory_now().misses - before.misses;
}

SP2_TEST(Announced_heaps_do_not_drive_others_out_of_the_cache) {
    enum { HEAPS = 3000 };
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    receive_good_heaps(pool);
    const sp2_memory_stats before = memory_now();
    CHECK(before.cached_bytes >= 10 * 4 * MEBI);
    /* Most of them find address space of others. */
    CHECK(receive_announced_heaps(pool, HEAPS) < HEAPS / 4);
    const sp2_memory_stats after = memory_now();
    CHECK(after.cached_bytes < before.cached_bytes + 80 * MEBI);
    receive_good_heaps(pool);
    CHECK_EQ_U64(memory_now().misses, after.misses);
    sp2_thread_pool_destroy(pool);
}

SP2_TEST(Refused_address_space_does_not_count_as_kept) {
    enum { HEAPS = 1000 };
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    REQUIRE_OK(sp2_memory_set_cache_limit(0));
    CHECK(receive_announced_heaps(pool, HEAPS) >= HEAPS);
    REQUIRE_OK(sp2_memory_set_cache_limit(SP2_MEMORY_CACHE_LIMIT_DEFAULT));
    CHECK(receive_announced_heaps(pool, HEAPS) < HEAPS / 2);
    sp2_thread_pool_destroy(pool);
}
