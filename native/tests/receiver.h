/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_RECEIVER_H
#define SPEAD2CORE_TESTS_RECEIVER_H

#include <spead2core/spead2core.h>

#include "packet_builder.h"
#include "sources.h"
#include "test.h"

/* What the conformance tests do again and again with the public interface. */

#define CHECK_STATUS(call, expected) check_status((call), (expected), __FILE__, __LINE__, #call)
#define REQUIRE_OK(call)                                                                           \
    do {                                                                                           \
        if (!CHECK_STATUS(call, SP2_OK)) {                                                         \
            sp2_test_abandon();                                                                    \
        }                                                                                          \
    } while (0)

bool check_status(int32_t actual, int32_t expected, const char *file, int line, const char *text);

/* Seconds until a test gives up waiting. */
enum { PATIENCE_SECONDS = 20 };
#define PATIENCE_NS ((int64_t)PATIENCE_SECONDS * 1000000000)

typedef struct heap_list {
    sp2_heap **heaps;
    uint64_t count;
} heap_list;

/* Options with these flags that log nothing. */
sp2_receive_options quiet_options(uint32_t flags);
/* A stream on a thread of its own. */
sp2_receive_stream *new_stream(const sp2_receive_options *options);
/* Pops until the stream has stopped. */
heap_list pop_all(sp2_receive_stream *stream);
/* Pops exactly this many heaps. */
heap_list pop_count(sp2_receive_stream *stream, uint64_t count);
void heaps_free(heap_list *list);

sp2_receive_stats stats_of(sp2_receive_stream *stream);
sp2_heap_info info_of(const sp2_heap *heap);

/* Feeds a new stream with datagrams until it stops; `stats` may be NULL. */
heap_list receive(const sp2_receive_options *options, const datagram_list *datagrams,
                  sp2_receive_stats *stats);

/* Checks that `heap` is complete and has this cnt and payload. */
void check_heap(const sp2_heap *heap, uint64_t cnt, const uint8_t *payload, uint64_t length);
/* The same for a heap with fill_payload's content. */
void check_filled_heap(const sp2_heap *heap, uint64_t cnt, uint64_t length);
/* Checks that two lists have the same heaps, with the same bytes where bytes were received. */
bool check_same_heaps(const heap_list *a, const heap_list *b);
/* Checks the sums that always hold once a stream has stopped. */
void check_sums(const sp2_receive_stats *stats);

#endif
