/* SPDX-License-Identifier: MIT */
/* Moments between a consumer and the heaps that wait for room which no caller can bring about. */
#include "receive/ring_sink.h"
#include "receive/stream.h"
#include "receiver.h"

enum { HEAP_BYTES = 32, HEAPS = 4 };

/* Another consumer has taken all that was in the ring, but has not looked yet whether heaps wait
 * for the room: this one lets them follow, and takes the first. */
SP2_TEST(Pop_takes_a_heap_that_it_let_into_the_ring) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        uint8_t payload[HEAP_BYTES];
        fill_payload(payload, HEAP_BYTES, cnt);
        datagrams_add_heap(&list, cnt, payload, HEAP_BYTES, HEAP_BYTES);
    }
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = 1;
    sp2_receive_stream *stream = new_stream(&options);
    sp2__ring_sink *sink = &stream->ring_sink;
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    WAIT_UNTIL(atomic_load(&sink->asks_consumer), PATIENCE_SECONDS);
    sp2_heap *first;
    sp2_heap *second = NULL;
    uint32_t count = 0;
    REQUIRE(sp2__ring_pop(&sink->ring, &first, 1) == 1);
    REQUIRE_OK(sp2_receive_stream_pop(stream, &second, 1, &count));
    CHECK_EQ_U64(count, 1);
    check_filled_heap(second, 2, HEAP_BYTES);
    sp2_heap_release(second);
    sp2_heap_release(first);
    heap_list rest = pop_all(stream);
    CHECK_EQ_U64(rest.count, HEAPS - 2);
    heaps_free(&rest);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}
