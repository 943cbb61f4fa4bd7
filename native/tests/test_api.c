/* SPDX-License-Identifier: MIT */
/* Every public function with arguments that are wrong, short, long, unknown or too large. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test_threads.h"

enum { TAIL_BYTES = 16 };

/* A struct as a caller would hand it over who was compiled against a later version. */
typedef struct later_receive_options {
    sp2_receive_options known;
    uint8_t tail[TAIL_BYTES];
} later_receive_options;

typedef struct later_thread_pool_options {
    sp2_thread_pool_options known;
    uint8_t tail[TAIL_BYTES];
} later_thread_pool_options;

typedef struct later_udp_options {
    sp2_udp_source_options known;
    uint8_t tail[TAIL_BYTES];
} later_udp_options;

/* Sizes that no version of a struct has had. */
static const uint32_t wrong_sizes[] = {0, 1, 4, 7, UINT32_MAX};
#define EACH_WRONG_SIZE(i)                                                                         \
    size_t i = 0;                                                                                  \
    i < sizeof(wrong_sizes) / sizeof(wrong_sizes[0]);                                              \
    i++

static void check_create_fails(const sp2_receive_options *options, int32_t status,
                               const char *named) {
    sp2_receive_stream *stream = (sp2_receive_stream *)(uintptr_t)1;
    CHECK_STATUS(sp2_receive_stream_create(NULL, options, &stream), status);
    CHECK(stream == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), named);
    CHECK_EQ_I64(sp2_last_error_os_code(), 0);
}

static void check_pool_fails(const sp2_thread_pool_options *options, int32_t status,
                             const char *named) {
    sp2_thread_pool *pool = (sp2_thread_pool *)(uintptr_t)1;
    CHECK_STATUS(sp2_thread_pool_create(options, &pool), status);
    CHECK(pool == NULL);
    CHECK_CONTAINS(sp2_last_error_message(), named);
}

static void check_udp_fails(const sp2_udp_source_options *options, int32_t status,
                            const char *named) {
    sp2_receive_stream *stream = new_stream(NULL);
    uint32_t port = 12345;
    CHECK_STATUS(add_udp_source(stream, options, &port), status);
    CHECK_EQ_U64(port, 0);
    CHECK_CONTAINS(sp2_last_error_message(), named);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Version_is_that_of_the_header) {
    char text[64];
    snprintf(text, sizeof(text), "%d.%d.%d", SP2_VERSION_MAJOR, SP2_VERSION_MINOR,
             SP2_VERSION_PATCH);
    CHECK_EQ_U64(sp2_version_number(), SP2_VERSION_NUMBER);
    CHECK_EQ_U64(SP2_VERSION_NUMBER,
                 SP2_VERSION_MAJOR * 1000000 + SP2_VERSION_MINOR * 1000 + SP2_VERSION_PATCH);
    CHECK_STR(sp2_version_string(), text);
}

SP2_TEST(Every_status_has_its_name_and_sentence) {
#define CHECK_STATUS_TEXTS(name, value, text)                                                      \
    CHECK_STR(sp2_status_name(value), "SP2_" #name);                                               \
    CHECK_STR(sp2_status_message(value), text);
    SP2_STATUS_MAP(CHECK_STATUS_TEXTS)
#undef CHECK_STATUS_TEXTS
}

SP2_TEST(Unknown_status_has_a_name_and_a_sentence) {
    static const int32_t unknown[] = {1, -1000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        CHECK_STR(sp2_status_name(unknown[i]), "SP2_E_UNKNOWN");
        CHECK(sp2_status_message(unknown[i]) != NULL && sp2_status_message(unknown[i])[0] != '\0');
    }
}

static void *look_at_last_error(void *argument) {
    (void)argument;
    CHECK_STR(sp2_last_error_message(), "");
    CHECK_EQ_I64(sp2_last_error_os_code(), 0);
    CHECK_STATUS(sp2_receive_stream_stop(NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "stream");
    return NULL;
}

SP2_TEST(Last_error_belongs_to_its_thread) {
    CHECK_STATUS(sp2_memory_get_stats(NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "stats");
    test_thread thread;
    test_thread_start(&thread, look_at_last_error, NULL);
    test_thread_join(thread);
    CHECK_CONTAINS(sp2_last_error_message(), "stats");
}

SP2_TEST(Success_and_plain_results_leave_the_last_error_alone) {
    CHECK_STATUS(sp2_memory_get_stats(NULL), SP2_E_ARG);
    char before[256];
    snprintf(before, sizeof(before), "%s", sp2_last_error_message());
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_heap *heap;
    uint32_t count;
    CHECK_STATUS(sp2_receive_stream_pop(stream, &heap, 1, &count), SP2_E_EMPTY);
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, 1, &count), SP2_E_TIMEOUT);
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_EMPTY);
    CHECK_STATUS(sp2_receive_stream_stop(stream), SP2_OK);
    CHECK_STATUS(sp2_receive_stream_pop(stream, &heap, 1, &count), SP2_E_STOPPED);
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count), SP2_E_STOPPED);
    CHECK_STATUS(sp2_receive_stream_request_ready(stream), SP2_E_STOPPED);
    sp2_receive_stream_destroy(stream);
    CHECK_STR(sp2_last_error_message(), before);
}

SP2_TEST(Destroying_and_releasing_nothing_does_nothing) {
    sp2_thread_pool_destroy(NULL);
    sp2_receive_stream_destroy(NULL);
    sp2_heap_release(NULL);
}

SP2_TEST(Null_arguments_are_refused_and_named) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_heap *heap = (sp2_heap *)(uintptr_t)1;
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    const sp2_item *items = (const sp2_item *)(uintptr_t)1;
    const sp2_range *ranges = (const sp2_range *)(uintptr_t)1;
    const uint8_t byte = 0;
    const sp2_datagram datagram = {&byte, 1};
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    uint32_t count = 9;
    uint64_t many = 9;
    uint32_t port = 9;
#define CHECK_NULL(call, argument)                                                                 \
    do {                                                                                           \
        CHECK_STATUS(call, SP2_E_ARG);                                                             \
        CHECK_CONTAINS(sp2_last_error_message(), argument);                                        \
    } while (0)
    CHECK_NULL(sp2_thread_pool_create(NULL, NULL), "pool");
    CHECK_NULL(sp2_receive_stream_create(NULL, NULL, NULL), "stream");
    CHECK_NULL(add_buffer_source(NULL, &byte, 1), "stream");
    CHECK_NULL(add_buffer_source(stream, NULL, 1), "data");
    CHECK_NULL(add_datagram_source(NULL, &datagram, 1), "stream");
    CHECK_NULL(add_datagram_source(stream, NULL, 1), "datagrams");
    CHECK_NULL(add_udp_source(NULL, &udp, &port), "stream");
    CHECK_EQ_U64(port, 0);
    CHECK_NULL(sp2_receive_stream_pop(NULL, &heap, 1, &count), "stream");
    CHECK_EQ_U64(count, 0);
    count = 9;
    CHECK_NULL(sp2_receive_stream_pop(stream, NULL, 1, &count), "heaps");
    CHECK_EQ_U64(count, 0);
    CHECK_NULL(sp2_receive_stream_pop(stream, &heap, 1, NULL), "count");
    count = 9;
    CHECK_NULL(sp2_receive_stream_pop_wait(NULL, &heap, 1, -1, &count), "stream");
    CHECK_EQ_U64(count, 0);
    count = 9;
    CHECK_NULL(sp2_receive_stream_pop_wait(stream, NULL, 1, -1, &count), "heaps");
    CHECK_EQ_U64(count, 0);
    CHECK_NULL(sp2_receive_stream_pop_wait(stream, &heap, 1, -1, NULL), "count");
    many = 9;
    CHECK_NULL(sp2_receive_stream_get_heap_count(NULL, &many), "stream");
    CHECK_EQ_U64(many, 0);
    CHECK_NULL(sp2_receive_stream_get_heap_count(stream, NULL), "count");
    CHECK_NULL(sp2_receive_stream_set_ready_callback(NULL, NULL, NULL), "stream");
    CHECK_NULL(sp2_receive_stream_request_ready(NULL), "stream");
    CHECK_NULL(sp2_receive_stream_get_stats(NULL, &stats), "stream");
    CHECK_NULL(sp2_receive_stream_get_stats(stream, NULL), "stats");
    CHECK_NULL(sp2_receive_stream_stop(NULL), "stream");
    CHECK_NULL(sp2_memory_get_stats(NULL), "stats");
    CHECK_NULL(sp2_heap_get_info(NULL, &info), "heap");
    CHECK_NULL(sp2_heap_get_items(NULL, &items, &many), "heap");
    CHECK(items == NULL);
    CHECK_EQ_U64(many, 0);
    many = 9;
    CHECK_NULL(sp2_heap_get_ranges(NULL, &ranges, &many), "heap");
    CHECK(ranges == NULL);
    CHECK_EQ_U64(many, 0);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Null_bytes_of_any_datagram_are_refused) {
    enum { DATAGRAMS = 3 };
    const uint8_t byte = 0;
    sp2_receive_stream *stream = new_stream(NULL);
    for (uint64_t i = 0; i < DATAGRAMS; i++) {
        char name[64];
        sp2_datagram datagrams[DATAGRAMS] = {{&byte, 1}, {&byte, 1}, {&byte, 1}};
        datagrams[i] = (sp2_datagram){NULL, 1};
        snprintf(name, sizeof(name), "datagrams[%" PRIu64 "].data", i);
        CHECK_STATUS(add_datagram_source(stream, datagrams, DATAGRAMS), SP2_E_ARG);
        CHECK_CONTAINS(sp2_last_error_message(), name);
    }
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Null_arguments_of_heap_functions_are_refused_and_named) {
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, (const uint8_t *)"abcd", 4, 4);
    heap_list heaps = receive(NULL, &list, NULL);
    REQUIRE(heaps.count == 1);
    const sp2_item *items = NULL;
    const sp2_range *ranges = (const sp2_range *)(uintptr_t)1;
    uint64_t count = 9;
    CHECK_NULL(sp2_heap_get_info(heaps.heaps[0], NULL), "info");
    CHECK_NULL(sp2_heap_get_items(heaps.heaps[0], NULL, &count), "items");
    CHECK_EQ_U64(count, 0);
    CHECK_NULL(sp2_heap_get_items(heaps.heaps[0], &items, NULL), "count");
    count = 9;
    CHECK_NULL(sp2_heap_get_ranges(heaps.heaps[0], NULL, &count), "ranges");
    CHECK_EQ_U64(count, 0);
    CHECK_NULL(sp2_heap_get_ranges(heaps.heaps[0], &ranges, NULL), "count");
    CHECK(ranges == NULL);
    CHECK_STATUS(sp2_heap_get_ranges(heaps.heaps[0], &ranges, &count), SP2_OK);
    CHECK(ranges == NULL);
    CHECK_EQ_U64(count, 0);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Option_structs_of_no_known_size_are_refused) {
    for (EACH_WRONG_SIZE(i)) {
        sp2_receive_options receive_options = {.size = wrong_sizes[i]};
        sp2_thread_pool_options pool_options = {.size = wrong_sizes[i]};
        sp2_udp_source_options udp_options = {.size = wrong_sizes[i]};
        check_create_fails(&receive_options, SP2_E_ARG, "size");
        check_pool_fails(&pool_options, SP2_E_ARG, "size");
        check_udp_fails(&udp_options, SP2_E_ARG, "size");
    }
}

SP2_TEST(Result_structs_of_no_known_size_are_refused) {
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, (const uint8_t *)"abcd", 4, 4);
    heap_list heaps = receive(NULL, &list, NULL);
    REQUIRE(heaps.count == 1);
    sp2_receive_stream *stream = new_stream(NULL);
    for (EACH_WRONG_SIZE(i)) {
        sp2_receive_stats stats = {.size = wrong_sizes[i]};
        sp2_memory_stats memory = {.size = wrong_sizes[i]};
        sp2_heap_info info = {.size = wrong_sizes[i]};
        CHECK_NULL(sp2_receive_stream_get_stats(stream, &stats), "size");
        CHECK_NULL(sp2_memory_get_stats(&memory), "size");
        CHECK_NULL(sp2_heap_get_info(heaps.heaps[0], &info), "size");
    }
    sp2_receive_stream_destroy(stream);
    heaps_free(&heaps);
    datagrams_free(&list);
}

SP2_TEST(Longer_option_structs_are_read_if_their_tail_is_zero) {
    later_receive_options receive_options = {.known = SP2_RECEIVE_OPTIONS_INIT};
    later_thread_pool_options pool_options = {.known = SP2_THREAD_POOL_OPTIONS_INIT};
    later_udp_options udp_options = {.known = SP2_UDP_SOURCE_OPTIONS_INIT};
    receive_options.known.size = sizeof(receive_options);
    receive_options.known.log_level = SP2_LOG_NONE;
    pool_options.known.size = sizeof(pool_options);
    udp_options.known.size = sizeof(udp_options);
    udp_options.known.bind_host = "127.0.0.1";
    udp_options.known.buffer_size = SP2_UDP_BUFFER_SIZE_OS;

    sp2_thread_pool *pool;
    sp2_receive_stream *stream;
    uint32_t port;
    REQUIRE_OK(sp2_thread_pool_create(&pool_options.known, &pool));
    REQUIRE_OK(sp2_receive_stream_create(pool, &receive_options.known, &stream));
    const int32_t status = add_udp_source(stream, &udp_options.known, &port);
    CHECK(status == SP2_OK || status == SP2_E_UNSUPPORTED);
    sp2_receive_stream_destroy(stream);
    sp2_thread_pool_destroy(pool);

    for (size_t i = 0; i < TAIL_BYTES; i += TAIL_BYTES - 1) {
        receive_options.tail[i] = 1;
        pool_options.tail[i] = 1;
        udp_options.tail[i] = 1;
        check_create_fails(&receive_options.known, SP2_E_TOO_NEW, "sp2_receive_options");
        check_pool_fails(&pool_options.known, SP2_E_TOO_NEW, "sp2_thread_pool_options");
        check_udp_fails(&udp_options.known, SP2_E_TOO_NEW, "sp2_udp_source_options");
        receive_options.tail[i] = 0;
        pool_options.tail[i] = 0;
        udp_options.tail[i] = 0;
    }
}

SP2_TEST(Longer_result_structs_get_a_zero_tail) {
    struct {
        sp2_receive_stats known;
        uint8_t tail[TAIL_BYTES];
    } stats;
    struct {
        sp2_memory_stats known;
        uint8_t tail[TAIL_BYTES];
    } memory;
    static const uint8_t zeros[TAIL_BYTES];
    memset(&stats, 0xff, sizeof(stats));
    memset(&memory, 0xff, sizeof(memory));
    stats.known.size = sizeof(stats);
    memory.known.size = sizeof(memory);
    sp2_receive_stream *stream = new_stream(NULL);
    CHECK_STATUS(sp2_receive_stream_get_stats(stream, &stats.known), SP2_OK);
    CHECK_STATUS(sp2_memory_get_stats(&memory.known), SP2_OK);
    CHECK_EQ_U64(stats.known.size, sizeof(stats));
    CHECK_EQ_U64(memory.known.size, sizeof(memory));
    CHECK_EQ_U64(stats.known.reserved, 0);
    CHECK_EQ_U64(memory.known.reserved, 0);
    CHECK_MEM(stats.tail, zeros, sizeof(zeros));
    CHECK_MEM(memory.tail, zeros, sizeof(zeros));
#define CHECK_ZERO(name) CHECK_EQ_U64(stats.known.name, 0);
    SP2_RECEIVE_STATS_MAP(CHECK_ZERO)
#undef CHECK_ZERO
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Unknown_flags_are_too_new) {
    for (uint32_t bit = 4096; bit != 0; bit <<= 1) {
        char named[16];
        snprintf(named, sizeof(named), "0x%x", bit);
        sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
        options.flags = bit | SP2_RECEIVE_IN_ORDER;
        check_create_fails(&options, SP2_E_TOO_NEW, named);
    }
    sp2_thread_pool_options pool_options = SP2_THREAD_POOL_OPTIONS_INIT;
    pool_options.flags = 0x40;
    check_pool_fails(&pool_options, SP2_E_TOO_NEW, "40");
    sp2_udp_source_options udp_options = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp_options.flags = 0x40;
    check_udp_fails(&udp_options, SP2_E_TOO_NEW, "40");
}

SP2_TEST(Reserved_fields_have_to_be_zero) {
    sp2_thread_pool_options pool_options = SP2_THREAD_POOL_OPTIONS_INIT;
    pool_options.reserved = 7;
    check_pool_fails(&pool_options, SP2_E_ARG, "reserved");
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.reserved = 7;
    check_create_fails(&options, SP2_E_ARG, "reserved must be 0, not 7");
}

SP2_TEST(Spin_time_is_a_time_or_never) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.spin_ns = -2;
    check_create_fails(&options, SP2_E_ARG, "spin_ns is -2");
    options.spin_ns = INT64_MIN;
    check_create_fails(&options, SP2_E_ARG, "spin_ns");
    options.spin_ns = INT64_MAX;
    sp2_receive_stream_destroy(new_stream(&options));
}

SP2_TEST(Timeout_ends_a_pop_that_would_look_for_longer) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.spin_ns = INT64_MAX;
    sp2_receive_stream *stream = new_stream(&options);
    sp2_heap *heap;
    uint32_t count;
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, 1000000, &count), SP2_E_TIMEOUT);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Thread_pool_values_out_of_range_are_refused_and_named) {
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.threads = SP2_THREAD_POOL_MAX_THREADS + 1;
    check_pool_fails(&options, SP2_E_ARG, "1025");
    options.threads = UINT32_MAX;
    check_pool_fails(&options, SP2_E_ARG, "4294967295");
    options.threads = 1;
    options.affinity_count = 3;
    check_pool_fails(&options, SP2_E_ARG, "affinity");
    options.affinity_count = 0;
    options.log_level = 5;
    check_pool_fails(&options, SP2_E_ARG, "5");
}

SP2_TEST(Receive_values_out_of_range_are_refused_and_named) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.max_heaps = SP2_RECEIVE_MAX_SLOTS + 1;
    check_create_fails(&options, SP2_E_ARG, "16777217");
    options.max_heaps = 4097;
    options.substreams = 4096;
    check_create_fails(&options, SP2_E_ARG, "4097");
    /* The product is 4 in 64 bits. */
    options.max_heaps = (UINT64_C(1) << 62) + 1;
    options.substreams = 4;
    check_create_fails(&options, SP2_E_ARG, "4611686018427387905");
    options.max_heaps = 1;
    options.substreams = UINT64_MAX;
    check_create_fails(&options, SP2_E_ARG, "18446744073709551615");
    options.substreams = 0;
    options.ring_heaps = SP2_RECEIVE_MAX_SLOTS + 1;
    check_create_fails(&options, SP2_E_ARG, "16777217");
    options.ring_heaps = UINT64_MAX;
    check_create_fails(&options, SP2_E_ARG, "18446744073709551615");
    options.ring_heaps = 0;
    options.log_level = 5;
    check_create_fails(&options, SP2_E_ARG, "5");
    options.log_level = 0;
    options.bug_compat = 8;
    check_create_fails(&options, SP2_E_ARG, "8");
    options.bug_compat = UINT32_MAX;
    check_create_fails(&options, SP2_E_ARG, "bug_compat");
}

SP2_TEST(Largest_values_are_accepted) {
    sp2_receive_options options = quiet_options(63);
    options.max_heaps = 4096;
    options.substreams = 4096;
    options.max_heap_size = UINT64_MAX;
    options.bug_compat = SP2_BUG_COMPAT_PYSPEAD_0_5_2;
    sp2_receive_stream *stream = new_stream(&options);
    sp2_receive_stream_destroy(stream);
    options.max_heaps = 0;
    options.substreams = 0;
    options.ring_heaps = SP2_RECEIVE_MAX_SLOTS;
    stream = new_stream(&options);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Udp_values_out_of_range_are_refused_and_named) {
    sp2_udp_source_options options = SP2_UDP_SOURCE_OPTIONS_INIT;
    options.port = 65536;
    check_udp_fails(&options, SP2_E_ARG, "65536");
    options.port = UINT32_MAX;
    check_udp_fails(&options, SP2_E_ARG, "4294967295");
    options.port = 0;
    options.max_size = SP2_UDP_LARGEST_DATAGRAM + 1;
    check_udp_fails(&options, SP2_E_ARG, "65536");
}

SP2_TEST(Pop_for_no_heap_is_refused) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_heap *heap;
    uint32_t count = 9;
    CHECK_NULL(sp2_receive_stream_pop(stream, &heap, 0, &count), "capacity");
    CHECK_EQ_U64(count, 0);
    count = 9;
    CHECK_NULL(sp2_receive_stream_pop_wait(stream, &heap, 0, -1, &count), "capacity");
    CHECK_EQ_U64(count, 0);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Pop_without_a_heap_sets_the_count_to_zero) {
    sp2_receive_stream *stream = new_stream(NULL);
    sp2_heap *heap;
    uint32_t count = 9;
    CHECK_STATUS(sp2_receive_stream_pop(stream, &heap, 1, &count), SP2_E_EMPTY);
    CHECK_EQ_U64(count, 0);
    count = 9;
    CHECK_STATUS(sp2_receive_stream_pop_wait(stream, &heap, 1, 0, &count), SP2_E_TIMEOUT);
    CHECK_EQ_U64(count, 0);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Empty_memory_readers_stop_the_stream) {
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(add_buffer_source(stream, NULL, 0));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 0);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    stream = new_stream(NULL);
    REQUIRE_OK(add_datagram_source(stream, NULL, 0));
    heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 0);
    CHECK_EQ_U64(stats_of(stream).packets, 0);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Readers_added_to_a_stopped_stream_do_nothing) {
    datagram_list list = {0};
    datagrams_add_heap(&list, 1, (const uint8_t *)"abcd", 4, 4);
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK_STATUS(add_datagram_source(stream, list.datagrams, list.count), SP2_OK);
    CHECK_STATUS(add_buffer_source(stream, list.datagrams[0].data, list.datagrams[0].length),
                 SP2_OK);
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = SP2_UDP_BUFFER_SIZE_OS;
    uint32_t port = 9;
    const int32_t status = add_udp_source(stream, &udp, &port);
    CHECK(status == SP2_OK || status == SP2_E_UNSUPPORTED);
    CHECK_EQ_U64(port, 0);
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 0);
    CHECK_EQ_U64(stats_of(stream).packets, 0);
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}
