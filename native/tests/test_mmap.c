/* SPDX-License-Identifier: MIT */
/* The allocator that maps memory: what is mapped, of which pages, and that nothing stays. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "receiver.h"

enum { PACKET_BYTES = 60000 };

#define PAGE 4096
#define HUGE_PAGE ((uint64_t)2 << 20)

/* ---- what the kernel says ---- */

/* What /proc/self/smaps says about the mapping that `address` is in; zeros if there is none. */
typedef struct mapping {
    uint64_t start;
    uint64_t end;
    uint64_t page_kb;
    uint64_t resident_kb;
    uint64_t huge_kb; /* transparent huge pages */
} mapping;

static mapping mapping_of(const void *address) {
    mapping found = {0};
    mapping now = {0};
    char line[512];
    FILE *file = fopen("/proc/self/smaps", "re");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t start;
        uint64_t end;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
            now = (mapping){.start = start, .end = end};
        }
        sscanf(line, "Rss: %" SCNu64, &now.resident_kb);
        sscanf(line, "KernelPageSize: %" SCNu64, &now.page_kb);
        sscanf(line, "AnonHugePages: %" SCNu64, &now.huge_kb);
        if (now.start <= (uintptr_t)address && (uintptr_t)address < now.end) {
            found = now;
        }
    }
    fclose(file);
    return found;
}

/* One line of /proc/self/maps. */
typedef struct maps_line {
    const char *next;
    uint64_t start;
    uint64_t end;
} maps_line;

/* Reads the file without allocating memory, which might be mapped where something has just gone. */
static maps_line first_mapping(void) {
    static char text[1 << 20];
    size_t length = 0;
    ssize_t more;
    const int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    REQUIRE(file >= 0);
    while ((more = read(file, text + length, sizeof(text) - 1 - length)) > 0) {
        length += (size_t)more;
    }
    close(file);
    REQUIRE(length < sizeof(text) - 1);
    text[length] = '\0';
    return (maps_line){.next = text};
}

static bool next_mapping(maps_line *line) {
    const bool found =
        sscanf(line->next, "%" SCNx64 "-%" SCNx64 " ", &line->start, &line->end) == 2;
    const char *end = strchr(line->next, '\n');
    line->next = end == NULL ? "" : end + 1;
    return found;
}

/* Whether any byte of the range is mapped. */
static bool is_mapped(const uint8_t *first, uint64_t length) {
    bool overlaps = false;
    for (maps_line line = first_mapping(); next_mapping(&line);) {
        overlaps |= line.start < (uintptr_t)first + length && (uintptr_t)first < line.end;
    }
    return overlaps;
}

static uint64_t mapped_pages(void) {
    uint64_t pages = 0;
    for (maps_line line = first_mapping(); next_mapping(&line);) {
        pages += (line.end - line.start) / PAGE;
    }
    return pages;
}

static uint64_t read_number(const char *path) {
    unsigned long long number = 0;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%llu", &number) != 1) {
            number = 0;
        }
        fclose(file);
    }
    return number;
}

#define POOL_SIZE "/proc/sys/vm/nr_hugepages"
#define POOL_FREE "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static bool write_number(const char *path, uint64_t number) {
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    const bool written = fprintf(file, "%" PRIu64, number) > 0;
    return fclose(file) == 0 && written;
}

/* ---- what an emulator of the kernel does not do ---- */

static uint8_t *map(uint64_t length, int flags) {
    void *block =
        mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

static void require_populated_mappings(void) {
    uint8_t *block = map(PAGE, MAP_POPULATE);
    unsigned char present = 0;
    const bool works = block != NULL && mincore(block, PAGE, &present) == 0 && (present & 1);
    munmap(block, PAGE);
    if (!works) {
        SKIP("MAP_POPULATE puts no pages in place here");
    }
}

static bool maps_huge_pages(void) {
    uint8_t *block = map(HUGE_PAGE, MAP_HUGETLB | MAP_POPULATE);
    const bool works = block != NULL && mapping_of(block).page_kb == HUGE_PAGE / 1024;
    munmap(block, HUGE_PAGE);
    return works;
}

static bool maps_transparent_huge_pages(void) {
    uint8_t *block = map(2 * HUGE_PAGE, 0);
    REQUIRE(block != NULL);
    madvise(block, 2 * HUGE_PAGE, MADV_HUGEPAGE);
    memset(block, 1, 2 * HUGE_PAGE);
    const bool works = mapping_of(block).huge_kb != 0;
    munmap(block, 2 * HUGE_PAGE);
    return works;
}

/* The pool is the whole machine's: until this process ends, no other one runs these tests. */
static void be_alone_with_pool(void) {
    static int file = -1;
    if (file < 0) {
        file = open(POOL_SIZE, O_RDONLY | O_CLOEXEC);
        REQUIRE(file < 0 || flock(file, LOCK_EX) == 0);
    }
}

/* The machine's pool of huge pages is as large as before, however the test ends. */
static uint64_t pool_size_before;

static void restore_pool_size(void) {
    write_number(POOL_SIZE, pool_size_before);
}

/* ---- blocks ---- */

/* One heap of this length, whose payload is the whole of a block. */
typedef struct mapped_heap {
    heap_list heaps;
    const uint8_t *payload;
} mapped_heap;

static mapped_heap receive_mapped(const sp2_mmap_options *options, uint64_t length) {
    sp2_allocator *allocator = NULL;
    REQUIRE_OK(sp2_mmap_allocator_create(options, &allocator));
    datagram_list list = {0};
    uint8_t *payload = new_payload(length, 1);
    datagrams_add_heap(&list, 1, payload, length, PACKET_BYTES);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    sp2_allocator_destroy(allocator);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    mapped_heap mapped = {pop_all(stream), NULL};
    REQUIRE(mapped.heaps.count == 1);
    check_heap(mapped.heaps.heaps[0], 1, payload, length);
    mapped.payload = info_of(mapped.heaps.heaps[0]).payload;
    sp2_receive_stream_destroy(stream);
    free(payload);
    datagrams_free(&list);
    return mapped;
}

SP2_TEST(Block_is_pages_that_go_with_it) {
    static const uint64_t lengths[] = {1, PAGE - 1, PAGE, PAGE + 1, 100000, 3000000};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sp2_test_context("%" PRIu64 " bytes", lengths[i]);
        const uint64_t rounded = (lengths[i] + PAGE - 1) / PAGE * PAGE;
        mapped_heap mapped = receive_mapped(NULL, lengths[i]);
        CHECK_EQ_U64((uintptr_t)mapped.payload % PAGE, 0);
        CHECK(is_mapped(mapped.payload, rounded));
        heaps_free(&mapped.heaps);
        CHECK(!is_mapped(mapped.payload, rounded));
    }
}

/* Pages in place of a heap's block when some bytes of it have arrived, of as many as it needs. */
static uint64_t pages_in_place_of(sp2_allocator *allocator, uint64_t pages) {
    /* The first packet of a heap makes room for all of it. */
    const uint64_t length = pages * PAGE;
    uint8_t payload[10] = {0};
    datagram_list list = {0};
    datagrams_add_part(&list, 48, 1, (int64_t)length, payload, 0, sizeof(payload));
    sp2_receive_options options =
        quiet_options(SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD);
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == 1);
    unsigned char *present = malloc(pages);
    REQUIRE(present != NULL);
    REQUIRE(mincore((void *)(uintptr_t)info_of(heaps.heaps[0]).payload, length, present) == 0);
    uint64_t count = 0;
    for (uint64_t i = 0; i < pages; i++) {
        count += present[i] & 1;
    }
    free(present);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    return count;
}

static uint64_t pages_in_place(uint32_t flags, int32_t extra_flags, uint64_t pages) {
    require_populated_mappings();
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.flags = flags;
    options.extra_flags = extra_flags;
    sp2_allocator *allocator = NULL;
    REQUIRE_OK(sp2_mmap_allocator_create(&options, &allocator));
    const uint64_t count = pages_in_place_of(allocator, pages);
    sp2_allocator_destroy(allocator);
    return count;
}

enum { SOME_PAGES = 3 * 512 + 7 };

SP2_TEST(Mapped_pages_come_with_the_payload) {
    CHECK_EQ_U64(pages_in_place(0, 0, SOME_PAGES), 1);
    CHECK_EQ_U64(pages_in_place(0, 0, 20), 1);
}

SP2_TEST(Preferred_huge_pages_come_with_the_payload) {
    be_alone_with_pool();
    if (read_number(POOL_FREE) != 0) {
        SKIP("the system's pool of huge pages is not empty");
    }
    CHECK_EQ_U64(pages_in_place(SP2_MMAP_PREFER_HUGE, 0, SOME_PAGES), 1);
}

SP2_TEST(Flag_of_the_user_puts_mapped_pages_in_place) {
    CHECK_EQ_U64(pages_in_place(0, MAP_POPULATE, SOME_PAGES), SOME_PAGES);
    CHECK_EQ_U64(pages_in_place(0, MAP_POPULATE, 20), 20);
    CHECK_EQ_U64(pages_in_place(SP2_MMAP_PREFER_HUGE, MAP_POPULATE, SOME_PAGES), SOME_PAGES);
}

SP2_TEST(Preferred_huge_pages_come_from_the_system_s_pool) {
    enum { WANTED = 4 };
    be_alone_with_pool();
    pool_size_before = read_number(POOL_SIZE);
    const uint64_t free_before = read_number(POOL_FREE);
    if (!write_number(POOL_SIZE, pool_size_before + WANTED)) {
        SKIP("not allowed to write " POOL_SIZE);
    }
    atexit(restore_pool_size);
    const uint64_t free_now = read_number(POOL_FREE);
    if (free_now < free_before + WANTED) {
        restore_pool_size();
        SKIP("the kernel found no %d huge pages of 2 MiB", WANTED);
    }
    if (!maps_huge_pages()) {
        restore_pool_size();
        SKIP("MAP_HUGETLB gives no huge page here, although the pool has some");
    }
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.flags = SP2_MMAP_PREFER_HUGE;
    /* Not a multiple of a huge page: unmapping just the length would fail. */
    static const uint64_t lengths[] = {100000, HUGE_PAGE, 3 * HUGE_PAGE - 12345};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sp2_test_context("%" PRIu64 " bytes", lengths[i]);
        const uint64_t rounded = (lengths[i] + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        mapped_heap mapped = receive_mapped(&options, lengths[i]);
        const mapping now = mapping_of(mapped.payload);
        CHECK_EQ_U64(now.page_kb, HUGE_PAGE / 1024);
        CHECK_EQ_U64((uintptr_t)mapped.payload % HUGE_PAGE, 0);
        CHECK_EQ_U64(read_number(POOL_FREE), free_now - rounded / HUGE_PAGE);
        heaps_free(&mapped.heaps);
        CHECK(!is_mapped(mapped.payload, rounded));
        CHECK_EQ_U64(read_number(POOL_FREE), free_now);
    }
    /* The same by the flag of the system, without another way if there are too few. */
    sp2_test_context("%s", "MAP_HUGETLB");
    options.flags = 0;
    options.extra_flags = MAP_HUGETLB;
    mapped_heap mapped = receive_mapped(&options, 100000);
    CHECK_EQ_U64(mapping_of(mapped.payload).page_kb, HUGE_PAGE / 1024);
    heaps_free(&mapped.heaps);
    CHECK(!is_mapped(mapped.payload, HUGE_PAGE));
    CHECK_EQ_U64(read_number(POOL_FREE), free_now);
    restore_pool_size();
    CHECK_EQ_U64(read_number(POOL_SIZE), pool_size_before);
}

SP2_TEST(Preferred_huge_pages_are_transparent_ones_if_the_pool_is_empty) {
    be_alone_with_pool();
    if (read_number(POOL_FREE) != 0) {
        SKIP("the system's pool of huge pages is not empty");
    }
    const uint64_t length = 3 * HUGE_PAGE - 12345;
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.flags = SP2_MMAP_PREFER_HUGE;
    mapped_heap mapped = receive_mapped(&options, length);
    const mapping now = mapping_of(mapped.payload);
    CHECK_EQ_U64((uintptr_t)mapped.payload % HUGE_PAGE, 0);
    CHECK(now.resident_kb >= length / 1024);
    heaps_free(&mapped.heaps);
    CHECK(!is_mapped(mapped.payload, 3 * HUGE_PAGE));
    if (!maps_transparent_huge_pages()) {
        SKIP("madvise gives no transparent huge pages here");
    }
    CHECK(now.resident_kb >= 3 * HUGE_PAGE / 1024);
    CHECK(now.huge_kb >= HUGE_PAGE / 1024);
}

SP2_TEST(Small_block_with_preferred_huge_pages_has_ordinary_ones_if_there_are_no_others) {
    be_alone_with_pool();
    if (read_number(POOL_FREE) != 0) {
        SKIP("the system's pool of huge pages is not empty");
    }
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.flags = SP2_MMAP_PREFER_HUGE;
    mapped_heap mapped = receive_mapped(&options, 5000);
    heaps_free(&mapped.heaps);
    CHECK(!is_mapped(mapped.payload, 2 * PAGE));
}

SP2_TEST(Huge_pages_that_nobody_reserved_are_not_taken_for_there) {
    be_alone_with_pool();
    if (read_number(POOL_FREE) != 0) {
        SKIP("the system's pool of huge pages is not empty");
    }
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.flags = SP2_MMAP_PREFER_HUGE;
    options.extra_flags = MAP_NORESERVE;
    mapped_heap mapped = receive_mapped(&options, 5000);
    heaps_free(&mapped.heaps);
}

SP2_TEST(Extra_flags_reach_the_system) {
    sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
    options.extra_flags = MAP_LOCKED;
    mapped_heap mapped = receive_mapped(&options, 10000);
    char line[512];
    bool here = false;
    uint64_t locked_kb = 0;
    FILE *file = fopen("/proc/self/smaps", "re");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        uint64_t start;
        uint64_t end;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
            here = start <= (uintptr_t)mapped.payload && (uintptr_t)mapped.payload < end;
        } else if (here) {
            sscanf(line, "Locked: %" SCNu64, &locked_kb);
        }
    }
    fclose(file);
    heaps_free(&mapped.heaps);
    CHECK(locked_kb >= 12);
}

SP2_TEST(Flags_that_would_share_memory_or_fix_its_place_are_refused) {
    static const int refused[] = {MAP_FIXED, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_FIXED_NOREPLACE};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        sp2_mmap_options options = SP2_MMAP_OPTIONS_INIT;
        sp2_allocator *allocator = (sp2_allocator *)&options;
        options.extra_flags = refused[i];
        CHECK_STATUS(sp2_mmap_allocator_create(&options, &allocator), SP2_E_ARG);
        CHECK(allocator == NULL);
        CHECK_CONTAINS(sp2_last_error_message(), "extra_flags");
    }
}

/* More than the address space holds: the packet is not used, and the stream goes on. */
SP2_TEST(Memory_that_cannot_be_mapped_fails_the_packet) {
    const uint64_t length = UINT64_C(1) << 47;
    static const uint32_t flags[] = {0, SP2_MMAP_PREFER_HUGE};
    for (size_t i = 0; i < 2; i++) {
        sp2_mmap_options mapping_options = SP2_MMAP_OPTIONS_INIT;
        mapping_options.flags = flags[i];
        sp2_allocator *allocator = NULL;
        REQUIRE_OK(sp2_mmap_allocator_create(&mapping_options, &allocator));
        uint8_t *payload = new_payload(1000, 2);
        datagram_list list = {0};
        datagrams_add_part(&list, 48, 1, (int64_t)length, payload, 0, 1000);
        datagrams_add_heap(&list, 2, payload, 1000, 1000);
        sp2_receive_options options = quiet_options(0);
        options.max_heap_size = length;
        sp2_receive_stream *stream = new_stream(&options);
        REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, allocator));
        sp2_allocator_destroy(allocator);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        heap_list heaps = pop_all(stream);
        CHECK_EQ_U64(heaps.count, 1);
        CHECK_EQ_U64(stats_of(stream).allocation_failed, 1);
        sp2_receive_stream_destroy(stream);
        heaps_free(&heaps);
        datagrams_free(&list);
        free(payload);
    }
}

SP2_TEST(Pool_on_mapped_memory_gives_all_of_it_back) {
    enum { LENGTH = 100000, BLOCKS = 5 };
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = LENGTH;
    options.max_free = BLOCKS;
    options.initial = BLOCKS;
    REQUIRE_OK(sp2_mmap_allocator_create(NULL, &options.base));
    sp2_allocator *pool = NULL;
    REQUIRE_OK(sp2_memory_pool_create(&options, &pool));
    sp2_allocator_destroy(options.base);
    uint8_t *payload = new_payload(LENGTH, 1);
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= BLOCKS; cnt++) {
        datagrams_add_heap(&list, cnt, payload, LENGTH, PACKET_BYTES);
    }
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, pool));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == BLOCKS);
    const uint8_t *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = info_of(heaps.heaps[i]).payload;
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    CHECK(is_mapped(blocks[0], LENGTH));
    sp2_allocator_destroy(pool);
    for (int i = 0; i < BLOCKS; i++) {
        CHECK(!is_mapped(blocks[i], LENGTH));
    }
    datagrams_free(&list);
    free(payload);
}

SP2_TEST(Refilled_block_of_mapped_memory_is_in_place) {
    enum { PAGES = 3 * 512 };
    require_populated_mappings();
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = (uint64_t)PAGES * PAGE;
    options.max_free = 1;
    options.initial = 1;
    options.low_water = 1;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &options.thread_pool));
    REQUIRE_OK(sp2_mmap_allocator_create(NULL, &options.base));
    sp2_allocator *pool = NULL;
    REQUIRE_OK(sp2_memory_pool_create(&options, &pool));
    sp2_allocator_destroy(options.base);
    sp2_thread_pool_destroy(options.thread_pool);
    /* The first block is in use when the other one is made. */
    uint8_t *payload = new_payload(PAGE, 1);
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, payload, PAGE, PAGE);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_memory_allocator(stream, pool));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    sp2_memory_pool_stats stats = SP2_MEMORY_POOL_STATS_INIT;
    WAIT_UNTIL(sp2_memory_pool_get_stats(pool, &stats) == SP2_OK && stats.refilled == 1,
               PATIENCE_SECONDS);
    CHECK_EQ_U64(pages_in_place_of(pool, PAGES), PAGES);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    sp2_allocator_destroy(pool);
    datagrams_free(&list);
    free(payload);
}

/* Blocks are cut out of longer mappings; nothing of those stays, either. */
SP2_TEST(Aligned_blocks_leave_nothing_behind) {
    /* What the runtime of a library in C# may map meanwhile for itself. */
    enum { BLOCKS = 20, NOISE = 4 * HUGE_PAGE / PAGE };
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    sp2_mmap_options mapping_options = SP2_MMAP_OPTIONS_INIT;
    mapping_options.flags = SP2_MMAP_PREFER_HUGE;
    options.upper = HUGE_PAGE + 12345;
    options.max_free = BLOCKS;
    options.initial = BLOCKS;
    /* What a library maps once, for itself. */
    sp2_allocator *first = NULL;
    REQUIRE_OK(sp2_memory_pool_create(&options, &first));
    sp2_allocator_destroy(first);
    /* The system's own, and then by the allocator. */
    for (int i = 0; i < 2; i++) {
        const uint64_t before = mapped_pages();
        if (i == 1) {
            REQUIRE_OK(sp2_mmap_allocator_create(&mapping_options, &options.base));
        }
        sp2_allocator *pool = NULL;
        REQUIRE_OK(sp2_memory_pool_create(&options, &pool));
        const uint64_t during = mapped_pages();
        sp2_allocator_destroy(options.base);
        sp2_allocator_destroy(pool);
        CHECK(during - before >= BLOCKS * 2 * HUGE_PAGE / PAGE);
        CHECK(during - before < BLOCKS * 3 * HUGE_PAGE / PAGE);
        CHECK((int64_t)(mapped_pages() - before) < NOISE);
    }
}
