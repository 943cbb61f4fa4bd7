/* SPDX-License-Identifier: MIT */
/* Statistics as a list, and custom ones. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test_threads.h"

enum { HEAP_BYTES = 100, CUSTOM = 3, UPDATES = 20000, UPDATERS = 4 };

static const sp2_custom_stat custom_stats[CUSTOM] = {
    {"sky.hits", SP2_STAT_COUNTER, 0},
    {"sky.brightest", SP2_STAT_MAXIMUM, 0},
    {"h\xc3\xb6he", SP2_STAT_COUNTER, 0},
};

static sp2_receive_options custom_options(void) {
    sp2_receive_options options = quiet_options(0);
    options.custom_stats = custom_stats;
    options.custom_stat_count = CUSTOM;
    return options;
}

static uint32_t index_of(sp2_receive_stream *stream, const char *name) {
    uint32_t index = UINT32_MAX;
    REQUIRE_OK(sp2_receive_stream_find_stat(stream, name, &index));
    return index;
}

static uint64_t value_of(sp2_receive_stream *stream, const char *name) {
    uint64_t values[64];
    uint32_t count;
    REQUIRE_OK(sp2_receive_stream_get_stat_values(stream, values, 64, &count));
    const uint32_t index = index_of(stream, name);
    REQUIRE(index < count);
    return values[index];
}

static void check_refused(const sp2_custom_stat *stats, uint32_t count, const char *named) {
    sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream;
    options.custom_stats = stats;
    options.custom_stat_count = count;
    CHECK_STATUS(sp2_receive_stream_create(NULL, &options, &stream), SP2_E_ARG);
    CHECK(stream == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), named);
}

SP2_TEST(Wrong_custom_statistics_are_refused_and_named) {
    const sp2_custom_stat no_name[] = {{NULL, 0, 0}};
    const sp2_custom_stat empty[] = {{"a", 0, 0}, {"", 0, 0}};
    const sp2_custom_stat twice[] = {{"a", 0, 0}, {"b", 0, 0}, {"a", 1, 0}};
    const sp2_custom_stat core[] = {{"max_batch", 0, 0}};
    const sp2_custom_stat mode[] = {{"a", 2, 0}};
    const sp2_custom_stat reserved[] = {{"a", 0, 7}};
    check_refused(no_name, 1, "custom_stats[0].name");
    check_refused(empty, 2, "custom_stats[1].name");
    check_refused(twice, 3, "\"a\"");
    check_refused(core, 1, "\"max_batch\"");
    check_refused(mode, 1, "mode is 2");
    check_refused(reserved, 1, "reserved must be 0, not 7");
    check_refused(NULL, 1, "custom_stats must not be NULL");
    check_refused(custom_stats, SP2_RECEIVE_MAX_CUSTOM_STATS + 1, "65537");
}

/* Names that differ only in their ends: comparing each with each takes minutes. */
SP2_TEST(As_many_long_names_as_are_allowed_are_checked_without_comparing_each_with_each) {
    enum { COUNT = SP2_RECEIVE_MAX_CUSTOM_STATS, NAME_SIZE = 1024 };
    char *names = malloc((size_t)COUNT * NAME_SIZE);
    sp2_custom_stat *stats = calloc(COUNT, sizeof(*stats));
    REQUIRE(names != NULL && stats != NULL);
    memset(names, 'n', (size_t)COUNT * NAME_SIZE);
    for (uint32_t i = 0; i < COUNT; i++) {
        char *name = names + (size_t)i * NAME_SIZE;
        snprintf(name + NAME_SIZE - 9, 9, "%08x", (unsigned)i);
        stats[i].name = name;
    }
    sp2_receive_options options = quiet_options(0);
    options.custom_stats = stats;
    options.custom_stat_count = COUNT;
    sp2_receive_stream *stream = new_stream(&options);
    uint32_t found;
    REQUIRE_OK(sp2_receive_stream_find_stat(stream, stats[COUNT - 1].name, &found));
    uint32_t count;
    REQUIRE_OK(sp2_receive_stream_get_stat_count(stream, &count));
    CHECK_EQ_U64(found, count - 1);
    sp2_receive_stream_destroy(stream);
    stats[COUNT - 1].name = stats[7].name;
    check_refused(stats, COUNT, "custom_stats[65535].name");
    free(stats);
    free(names);
}

SP2_TEST(List_has_the_statistics_of_the_struct_and_then_the_custom_ones) {
    static const char *const core[] = {
#define NAME(name) #name,
        SP2_RECEIVE_STATS_MAP(NAME)
#undef NAME
    };
    const uint32_t core_count = sizeof(core) / sizeof(core[0]);
    const sp2_receive_options options = custom_options();
    sp2_receive_stream *stream = new_stream(&options);
    uint32_t count;
    REQUIRE_OK(sp2_receive_stream_get_stat_count(stream, &count));
    CHECK_EQ_U64(count, core_count + CUSTOM);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = i < core_count ? core[i] : custom_stats[i - core_count].name;
        sp2_stat_info info = SP2_STAT_INFO_INIT;
        REQUIRE_OK(sp2_receive_stream_get_stat_info(stream, i, &info));
        CHECK_STR(info.name, name);
        CHECK_EQ_U64(index_of(stream, name), i);
        const bool maximum =
            strcmp(name, "max_batch") == 0 || strcmp(name, "max_heap_bytes") == 0 ||
            strcmp(name, "max_heaps_needed") == 0 || strcmp(name, "sky.brightest") == 0;
        CHECK_EQ_U64(info.mode, maximum ? SP2_STAT_MAXIMUM : SP2_STAT_COUNTER);
    }
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Values_of_the_list_are_those_of_the_struct) {
    datagram_list list = {0};
    uint8_t *payload = new_payload(HEAP_BYTES, 1);
    datagrams_add_heap(&list, 1, payload, HEAP_BYTES, 30);
    datagrams_add_part(&list, 48, 2, HEAP_BYTES, payload, 50, 50);
    datagrams_add(&list, "no packet", 9);
    free(payload);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    const sp2_receive_stats stats = stats_of(stream);
#define SAME(name) CHECK_EQ_U64(value_of(stream, #name), stats.name);
    SP2_RECEIVE_STATS_MAP(SAME)
#undef SAME
    CHECK_EQ_U64(stats.malformed, 1);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Only_as_many_values_as_there_is_room_for_are_written) {
    const sp2_receive_options options = custom_options();
    sp2_receive_stream *stream = new_stream(&options);
    uint32_t all;
    REQUIRE_OK(sp2_receive_stream_get_stat_count(stream, &all));
    for (uint32_t capacity = 0; capacity <= all + 1; capacity++) {
        uint64_t values[64];
        uint32_t count;
        memset(values, 0xff, sizeof(values));
        REQUIRE_OK(sp2_receive_stream_get_stat_values(stream, values, capacity, &count));
        CHECK_EQ_U64(count, capacity < all ? capacity : all);
        CHECK_EQ_U64(values[count], UINT64_MAX);
        CHECK(count == 0 || values[count - 1] == 0);
    }
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Wrong_arguments_of_the_list_are_refused_and_named) {
    const sp2_receive_options options = custom_options();
    sp2_receive_stream *stream = new_stream(&options);
    sp2_stat_info info = SP2_STAT_INFO_INIT;
    uint32_t index = 1;
    uint32_t all;
    char number[16];
    REQUIRE_OK(sp2_receive_stream_get_stat_count(stream, &all));
    snprintf(number, sizeof(number), "%" PRIu32, all);
    CHECK_STATUS(sp2_receive_stream_get_stat_info(stream, all, &info), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), number);
    CHECK_STATUS(sp2_receive_stream_find_stat(stream, "no such", &index), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "\"no such\"");
    CHECK_EQ_U64(index, 0);
    CHECK_STATUS(sp2_receive_stream_update_stat(stream, 3, 1), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "\"packets\"");
    CHECK_STATUS(sp2_receive_stream_update_stat(stream, UINT32_MAX, 1), SP2_E_ARG);
    info.size = 3;
    CHECK_STATUS(sp2_receive_stream_get_stat_info(stream, 0, &info), SP2_E_ARG);

    uint32_t count = 1;
    CHECK_STATUS(sp2_receive_stream_get_stat_count(NULL, &count), SP2_E_ARG);
    CHECK_EQ_U64(count, 0);
    CHECK_STATUS(sp2_receive_stream_get_stat_count(stream, NULL), SP2_E_ARG);
    count = 1;
    CHECK_STATUS(sp2_receive_stream_get_stat_values(stream, NULL, 1, &count), SP2_E_ARG);
    CHECK_EQ_U64(count, 0);
    CHECK_STATUS(sp2_receive_stream_get_stat_info(stream, 0, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_find_stat(stream, NULL, &index), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_update_stat(NULL, 0, 1), SP2_E_ARG);
    sp2_receive_stream_destroy(stream);
}

typedef struct updater {
    sp2_receive_stream *stream;
    uint32_t counter;
    uint32_t maximum;
    uint64_t first;
} updater;

static void *update_often(void *context) {
    const updater *u = context;
    for (uint64_t i = 0; i < UPDATES; i++) {
        CHECK_STATUS(sp2_receive_stream_update_stat(u->stream, u->counter, 2), SP2_OK);
        CHECK_STATUS(sp2_receive_stream_update_stat(u->stream, u->maximum, u->first + i), SP2_OK);
    }
    return NULL;
}

SP2_TEST(Updates_from_several_threads_add_up) {
    const sp2_receive_options options = custom_options();
    sp2_receive_stream *stream = new_stream(&options);
    test_thread threads[UPDATERS];
    updater updaters[UPDATERS];
    for (uint64_t i = 0; i < UPDATERS; i++) {
        updaters[i] = (updater){stream, index_of(stream, "sky.hits"),
                                index_of(stream, "sky.brightest"), i * 1000};
        test_thread_start(&threads[i], update_often, &updaters[i]);
    }
    for (int i = 0; i < UPDATERS; i++) {
        test_thread_join(threads[i]);
    }
    CHECK_EQ_U64(value_of(stream, "sky.hits"), 2 * UPDATES * UPDATERS);
    CHECK_EQ_U64(value_of(stream, "sky.brightest"), (UPDATERS - 1) * 1000 + UPDATES - 1);
    CHECK_EQ_U64(value_of(stream, "h\xc3\xb6he"), 0);
    sp2_receive_stream_destroy(stream);
}

/* Counts packets, and notes the largest, in the batch's statistics. */
static void count_packets(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    (void)context;
    memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
    packet->custom_stats[0]++;
    if (packet->payload_length > packet->custom_stats[1]) {
        packet->custom_stats[1] = packet->payload_length;
    }
}

SP2_TEST(Callbacks_update_the_statistics_of_their_batch) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= 5; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, 10 * cnt);
        free(payload);
    }
    const sp2_receive_options options = custom_options();
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, count_packets, NULL));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 5);
    CHECK_EQ_U64(value_of(stream, "sky.hits"), stats_of(stream).packets_accepted);
    CHECK_EQ_U64(value_of(stream, "sky.brightest"), 50);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(First_refused_datagram_of_a_cause_is_kept) {
    static const uint8_t wrong_magic[] = {0x52, 4, 2, 6, 0, 0, 0, 0};
    datagram_list list = {0};
    datagrams_add(&list, wrong_magic, sizeof(wrong_magic));
    datagrams_add(&list, wrong_magic, sizeof(wrong_magic) - 1);
    datagrams_add(&list, wrong_magic, sizeof(wrong_magic) - 2);
    const sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    heaps_free(&heaps);
    sp2_refused_datagram refused = SP2_REFUSED_DATAGRAM_INIT;
    REQUIRE_OK(sp2_receive_stream_get_refused(stream, SP2_REFUSED_MAGIC, &refused));
    CHECK_EQ_U64(refused.length, sizeof(wrong_magic));
    CHECK_EQ_U64(refused.byte_count, sizeof(wrong_magic));
    CHECK_MEM(refused.bytes, wrong_magic, sizeof(wrong_magic));
    CHECK_EQ_U64(refused.sender_length, 0);
    REQUIRE_OK(sp2_receive_stream_get_refused(stream, SP2_REFUSED_SIZE, &refused));
    CHECK_EQ_U64(refused.length, sizeof(wrong_magic) - 1);
    CHECK(sp2_receive_stream_get_refused(stream, SP2_REFUSED_WIDTHS, &refused) == SP2_E_EMPTY);
    CHECK_STATUS(sp2_receive_stream_get_refused(stream, SP2_REFUSED_LAST + 1, &refused), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_get_refused(stream, 0, &refused), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_get_refused(NULL, 1, &refused), SP2_E_ARG);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

#if defined(_WIN32)
SP2_TEST(Publishing_is_refused_where_there_are_no_pages) {
    sp2_receive_stream *stream = new_stream(NULL);
    CHECK_STATUS(sp2_receive_stream_publish(stream, NULL), SP2_E_UNSUPPORTED);
    CHECK_CONTAINS(sp2_last_error_message(), "this system has no statistics pages");
    sp2_receive_stream_destroy(stream);
}
#endif
