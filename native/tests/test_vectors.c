/* SPDX-License-Identifier: MIT */
/* The vectors of tests/vectors: packets and what must come of them. Their README has the format. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test_files.h"
#include "vector_file.h"

static void check_item(const sp2_item *item, const vector_item *expected,
                       const sp2_heap_info *info) {
    CHECK_EQ_U64(item->id, expected->id);
    CHECK_EQ_U64(item->flags, expected->immediate ? SP2_ITEM_IMMEDIATE : 0);
    CHECK_EQ_U64(item->value, expected->value);
    const uint64_t pointer =
        item_pointer(info->address_bits, expected->immediate, expected->id, expected->value);
    uint8_t wire[8];
    for (int i = 0; i < 8; i++) {
        wire[i] = (uint8_t)(pointer >> (56 - 8 * i));
    }
    CHECK_MEM(&item->wire, wire, sizeof(wire));
    if (expected->immediate) {
        const uint32_t bytes = info->address_bits / 8;
        if (CHECK_EQ_U64(item->length, bytes)) {
            CHECK_MEM(item->data, wire + 8 - bytes, bytes);
        }
    } else {
        CHECK_EQ_U64(item->length, expected->length);
        CHECK(item->data == info->payload + expected->value);
    }
}

static void check_payload(const sp2_heap_info *info, const vector_bytes *expected) {
    CHECK((info->payload == NULL) == (expected->count == 0));
    if (!CHECK_EQ_U64(info->payload_length, expected->count) || info->payload == NULL) {
        return;
    }
    for (uint32_t i = 0; i < expected->count; i++) {
        if (expected->bytes[i] != VECTOR_ANY_BYTE && info->payload[i] != expected->bytes[i]) {
            CHECK_EQ_U64(info->payload[i], expected->bytes[i]);
            break;
        }
    }
}

static void check_vector_heap(const sp2_heap *heap, const vector_heap *expected,
                              uint32_t bug_compat) {
    const sp2_heap_info info = info_of(heap);
    CHECK_EQ_U64(info.cnt, expected->cnt);
    CHECK_EQ_U64(info.flags, expected->flags);
    CHECK_EQ_U64(info.address_bits, expected->address_bits);
    CHECK_EQ_U64(info.bug_compat, bug_compat);
    CHECK_EQ_I64(info.heap_length, expected->heap_length);
    CHECK_EQ_U64(info.received_length, expected->received);
    check_payload(&info, &expected->payload);

    const sp2_item *items = NULL;
    uint64_t count = UINT64_MAX;
    CHECK_STATUS(sp2_heap_get_items(heap, &items, &count), SP2_OK);
    CHECK_EQ_U64(info.item_count, count);
    if (CHECK_EQ_U64(count, expected->item_count)) {
        CHECK((items == NULL) == (count == 0));
        for (uint64_t i = 0; i < count; i++) {
            check_item(&items[i], &expected->items[i], &info);
        }
    }

    const sp2_range *ranges = NULL;
    CHECK_STATUS(sp2_heap_get_ranges(heap, &ranges, &count), SP2_OK);
    CHECK_EQ_U64(info.range_count, count);
    if (CHECK_EQ_U64(count, expected->range_count)) {
        for (uint64_t i = 0; i < count; i++) {
            CHECK_EQ_U64(ranges[i].start, expected->ranges[i].start);
            CHECK_EQ_U64(ranges[i].end, expected->ranges[i].end);
        }
    }
}

static const char *const stat_names[] = {
#define STAT_NAME(name) #name,
    SP2_RECEIVE_STATS_MAP(STAT_NAME)
#undef STAT_NAME
};

/* The statistics that there were when the vectors were made: those that a vector does not name are
 * 0. A later one is held by the differential test, and by vectors that name it. */
static bool is_known_to_vectors(size_t index) {
    const size_t last = offsetof(sp2_receive_stats, datagrams_dropped_at_stop);
    return offsetof(sp2_receive_stats, heaps) + index * sizeof(uint64_t) <= last;
}

static void check_stats(const sp2_receive_stats *stats, const vector_case *expected) {
    enum { COUNT = sizeof(stat_names) / sizeof(stat_names[0]) };
    const uint64_t values[] = {
#define STAT_VALUE(name) stats->name,
        SP2_RECEIVE_STATS_MAP(STAT_VALUE)
#undef STAT_VALUE
    };
    uint32_t found = 0;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t value = is_known_to_vectors(i) ? 0 : values[i];
        for (uint32_t k = 0; k < expected->stat_count; k++) {
            if (strcmp(expected->stats[k].name, stat_names[i]) == 0) {
                value = expected->stats[k].any ? values[i] : expected->stats[k].value;
                found++;
            }
        }
        if (values[i] != value) {
            fprintf(stderr, "statistic %s:\n", stat_names[i]);
            CHECK_EQ_U64(values[i], value);
        }
    }
    CHECK_EQ_U64(found, expected->stat_count);
}

static sp2_packet_source *add_source(sp2_receive_stream *stream, const vector_case *expected,
                                     const datagram_list *list, const uint8_t *buffer,
                                     size_t length) {
    sp2_dialect dialect = SP2_DIALECT_INIT;
    const sp2_dialect *given = NULL;
    sp2_packet_source *source;
    if (expected->dialect[0] != '\0') {
        REQUIRE_OK(sp2_dialect_find(expected->dialect, &dialect));
        given = &dialect;
    }
    if (expected->feed_buffer) {
        sp2_buffer_source_options options = SP2_BUFFER_SOURCE_OPTIONS_INIT;
        options.data = buffer;
        options.length = length;
        options.dialect = given;
        REQUIRE_OK(sp2_receive_stream_add_buffer_source(stream, &options, &source));
    } else {
        sp2_datagram_source_options options = SP2_DATAGRAM_SOURCE_OPTIONS_INIT;
        options.datagrams = list->datagrams;
        options.count = list->count;
        options.dialect = given;
        REQUIRE_OK(sp2_receive_stream_add_datagram_source(stream, &options, &source));
    }
    return source;
}

/* Releases the source. */
static void check_suggestion(sp2_packet_source *source, const char *name) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    if (name[0] != '\0') {
        CHECK_STR(info.suggested_dialect, name);
    }
    sp2_packet_source_release(source);
}

static void run_case(const vector_file *file, const vector_case *expected, bool in_order) {
    sp2_receive_options options = quiet_options(expected->flags | SP2_RECEIVE_UNKEYED_SEARCH);
    options.flags |= in_order ? SP2_RECEIVE_IN_ORDER : 0;
    options.max_heaps = expected->max_heaps;
    options.bug_compat = expected->bug_compat;
    sp2_test_context("%s, %s, %s", file->tag, expected->name, in_order ? "in order" : "any order");

    datagram_list list = {0};
    for (uint32_t i = 0; i < expected->feed_count; i++) {
        const vector_bytes *packet = &file->packets[expected->feed[i]].bytes;
        uint8_t bytes[VECTOR_MAX_BYTES];
        for (uint32_t k = 0; k < packet->count; k++) {
            bytes[k] = (uint8_t)packet->bytes[k];
        }
        datagrams_add(&list, bytes, packet->count);
    }
    size_t length;
    uint8_t *buffer = datagrams_join(&list, &length);

    sp2_receive_stream *stream = new_stream(&options);
    sp2_packet_source *source = add_source(stream, expected, &list, buffer, length);
    heap_list heaps = pop_all(stream);
    const sp2_receive_stats stats = stats_of(stream);
    sp2_receive_stream_destroy(stream);
    check_suggestion(source, expected->suggests);
    free(buffer);
    datagrams_free(&list);

    if (CHECK_EQ_U64(heaps.count, expected->heap_count)) {
        for (uint64_t i = 0; i < heaps.count; i++) {
            check_vector_heap(heaps.heaps[i], &expected->heaps[i], options.bug_compat);
        }
    }
    check_sums(&stats);
    check_stats(&stats, expected);
    heaps_free(&heaps);
}

static int by_name(const void *a, const void *b) {
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

enum { MOST_FILES = 256 };

/* Files whose names begin with a letter. */
typedef struct file_list {
    char first;
    size_t count;
    char *paths[MOST_FILES];
} file_list;

static void add_file(const char *path, void *context) {
    file_list *files = context;
    const char *name = strrchr(path, '/') + 1;
    const char *dot = strrchr(name, '.');
    if (name[0] == files->first && dot != NULL && strcmp(dot, ".txt") == 0) {
        REQUIRE(files->count < MOST_FILES);
        char *copy = malloc(strlen(path) + 1);
        REQUIRE(copy != NULL);
        files->paths[files->count++] = strcpy(copy, path);
    }
}

/* Runs the vectors whose tag begins with `prefix`. */
static void run_vectors(char prefix) {
    file_list files = {.first = prefix};
    uint32_t cases = 0;
    REQUIRE(test_for_each_file(SP2_VECTOR_DIR, add_file, &files));
    qsort(files.paths, files.count, sizeof(files.paths[0]), by_name);
    for (size_t i = 0; i < files.count; i++) {
        vector_file *file = vector_file_read(files.paths[i]);
        CHECK(file->case_count > 0);
        for (uint32_t k = 0; k < file->case_count; k++) {
            const vector_case *expected = &file->cases[k];
            if (expected->order != VECTOR_ORDER_ANY) {
                run_case(file, expected, true);
                cases++;
            }
            if (expected->order != VECTOR_ORDER_IN) {
                run_case(file, expected, false);
                cases++;
            }
        }
        free(file);
        free(files.paths[i]);
    }
    printf("%zu vectors, %" PRIu32 " runs\n", files.count, cases);
    CHECK(files.count > 0);
}

SP2_TEST(Well_formed_heaps) {
    run_vectors('V');
}

SP2_TEST(Heap_assembly_edge_cases) {
    run_vectors('E');
}

SP2_TEST(Malformed_packets) {
    run_vectors('M');
}

SP2_TEST(Memory_buffer) {
    run_vectors('T');
}

SP2_TEST(Dialects) {
    run_vectors('D');
}
