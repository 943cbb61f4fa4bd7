/* SPDX-License-Identifier: MIT */
#include "receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POP_AT_ONCE = 16 };

/* The library itself refuses arguments and states; it only asks the system about sockets. */
static bool check_os_code(int32_t status, const char *file, int line, const char *text) {
    const bool refused = status == SP2_E_ARG || status == SP2_E_STATE || status == SP2_E_TOO_NEW;
    if (!refused || strstr(sp2_last_error_message(), "which is no open socket") != NULL) {
        return true;
    }
    return sp2_test_check_i64(sp2_last_error_os_code(), 0, file, line, text);
}

bool check_status(int32_t actual, int32_t expected, const char *file, int line, const char *text) {
    if (actual == expected) {
        return check_os_code(actual, file, line, text);
    }
    char message[512];
    snprintf(message, sizeof(message), "%s gives %s, expected %s (last error: \"%s\")", text,
             sp2_status_name(actual), sp2_status_name(expected), sp2_last_error_message());
    return sp2_test_check(false, file, line, message);
}

sp2_receive_options quiet_options(uint32_t flags) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.flags = flags;
    options.log_level = SP2_LOG_NONE;
    return options;
}

sp2_receive_stream *new_stream(const sp2_receive_options *options) {
    const sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *stream = NULL;
    REQUIRE_OK(sp2_receive_stream_create(NULL, options != NULL ? options : &quiet, &stream));
    REQUIRE(stream != NULL);
    return stream;
}

static heap_list pop_up_to(sp2_receive_stream *stream, uint64_t most, int32_t *status) {
    heap_list list = {NULL, 0};
    uint64_t capacity = 0;
    *status = SP2_OK;
    while (list.count < most) {
        if (capacity - list.count < POP_AT_ONCE) {
            capacity = 2 * capacity + POP_AT_ONCE;
            list.heaps = realloc(list.heaps, (size_t)capacity * sizeof(sp2_heap *));
            REQUIRE(list.heaps != NULL);
        }
        const uint64_t rest = most - list.count;
        const uint32_t ask = rest < POP_AT_ONCE ? (uint32_t)rest : POP_AT_ONCE;
        uint32_t count = 12345;
        *status =
            sp2_receive_stream_pop_wait(stream, list.heaps + list.count, ask, PATIENCE_NS, &count);
        CHECK(*status == SP2_OK ? count >= 1 && count <= ask : count == 0);
        if (*status != SP2_OK) {
            break;
        }
        list.count += count;
    }
    return list;
}

heap_list pop_all(sp2_receive_stream *stream) {
    int32_t status;
    const heap_list list = pop_up_to(stream, UINT64_MAX, &status);
    CHECK_STATUS(status, SP2_E_STOPPED);
    return list;
}

heap_list pop_count(sp2_receive_stream *stream, uint64_t count) {
    int32_t status;
    const heap_list list = pop_up_to(stream, count, &status);
    CHECK_STATUS(status, SP2_OK);
    CHECK_EQ_U64(list.count, count);
    return list;
}

void heaps_free(heap_list *list) {
    for (uint64_t i = 0; i < list->count; i++) {
        sp2_heap_release(list->heaps[i]);
    }
    free(list->heaps);
    *list = (heap_list){NULL, 0};
}

sp2_receive_stats stats_of(sp2_receive_stream *stream) {
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    CHECK_STATUS(sp2_receive_stream_get_stats(stream, &stats), SP2_OK);
    return stats;
}

sp2_heap_info info_of(const sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    CHECK_STATUS(sp2_heap_get_info(heap, &info), SP2_OK);
    return info;
}

heap_list receive(const sp2_receive_options *options, const datagram_list *datagrams,
                  sp2_receive_stats *stats) {
    sp2_receive_stream *stream = new_stream(options);
    REQUIRE_OK(add_datagram_source(stream, datagrams->datagrams, datagrams->count));
    const heap_list list = pop_all(stream);
    const sp2_receive_stats all = stats_of(stream);
    check_sums(&all);
    if (stats != NULL) {
        *stats = all;
    }
    sp2_receive_stream_destroy(stream);
    return list;
}

void check_heap(const sp2_heap *heap, uint64_t cnt, const uint8_t *payload, uint64_t length) {
    const sp2_heap_info info = info_of(heap);
    CHECK_EQ_U64(info.cnt, cnt);
    CHECK_EQ_U64(info.flags & (SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS),
                 SP2_HEAP_COMPLETE | SP2_HEAP_CONTIGUOUS);
    CHECK_EQ_I64(info.heap_length, (int64_t)length);
    CHECK_EQ_U64(info.received_length, length);
    if (CHECK_EQ_U64(info.payload_length, length)) {
        CHECK_MEM(info.payload, payload, (size_t)length);
    }
}

void check_filled_heap(const sp2_heap *heap, uint64_t cnt, uint64_t length) {
    uint8_t *payload = new_payload(length, cnt);
    check_heap(heap, cnt, payload, length);
    free(payload);
}

static bool check_same_items(const sp2_heap *a, const sp2_heap *b) {
    const sp2_item *items[2];
    uint64_t counts[2];
    REQUIRE_OK(sp2_heap_get_items(a, &items[0], &counts[0]));
    REQUIRE_OK(sp2_heap_get_items(b, &items[1], &counts[1]));
    bool same = CHECK_EQ_U64(counts[0], counts[1]);
    for (uint64_t i = 0; same && i < counts[0]; i++) {
        same = CHECK_EQ_U64(items[0][i].wire, items[1][i].wire) &&
               CHECK_EQ_U64(items[0][i].length, items[1][i].length) &&
               CHECK_MEM(items[0][i].data, items[1][i].data, items[0][i].length);
    }
    return same;
}

static bool check_same_heap(const sp2_heap *a, const sp2_heap *b) {
    const sp2_heap_info x = info_of(a);
    const sp2_heap_info y = info_of(b);
    const sp2_range *ranges[2];
    uint64_t counts[2];
    REQUIRE_OK(sp2_heap_get_ranges(a, &ranges[0], &counts[0]));
    REQUIRE_OK(sp2_heap_get_ranges(b, &ranges[1], &counts[1]));
    bool same = CHECK_EQ_U64(x.cnt, y.cnt) && CHECK_EQ_U64(x.flags, y.flags) &&
                CHECK_EQ_I64(x.heap_length, y.heap_length) &&
                CHECK_EQ_U64(x.received_length, y.received_length) &&
                CHECK_EQ_U64(x.payload_length, y.payload_length) &&
                CHECK((x.payload == NULL) == (y.payload == NULL)) &&
                CHECK_EQ_U64(counts[0], counts[1]) &&
                (counts[0] == 0 || CHECK_MEM(ranges[0], ranges[1], counts[0] * sizeof(sp2_range)));
    for (uint64_t i = 0; same && x.payload != NULL && i < counts[0]; i++) {
        same = CHECK_MEM(x.payload + ranges[0][i].start, y.payload + ranges[0][i].start,
                         ranges[0][i].end - ranges[0][i].start);
    }
    if (same && (x.flags & SP2_HEAP_CONTIGUOUS) && x.payload_length != 0) {
        same = CHECK_MEM(x.payload, y.payload, x.payload_length);
    }
    return same && check_same_items(a, b);
}

bool check_same_heaps(const heap_list *a, const heap_list *b) {
    bool same = CHECK_EQ_U64(a->count, b->count);
    for (uint64_t i = 0; same && i < a->count; i++) {
        same = check_same_heap(a->heaps[i], b->heaps[i]);
    }
    return same;
}

void check_sums(const sp2_receive_stats *stats) {
    CHECK_EQ_U64(stats->packets,
                 stats->packets_accepted + stats->rejected_unsized + stats->rejected_length +
                     stats->rejected_flavour + stats->rejected_order + stats->rejected_duplicate +
                     stats->rejected_overlap + stats->too_large + stats->allocation_failed);
    CHECK(stats->max_batch <= stats->packets);
    CHECK(stats->incomplete_heaps_evicted + stats->incomplete_heaps_flushed <= stats->heaps);
}
