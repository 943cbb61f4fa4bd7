/* SPDX-License-Identifier: MIT */
/* Queues of packets between streams of one process (addendum A5.7): nothing is lost, writers wait
 * for room, and each end may close, in any order. */
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"
#include "test.h"
#include "test_threads.h"

enum { HEAP_BYTES = 100000, HEAPS = 200, SENDERS = 4 };

/* Packets of 1472 bytes, of which 40 are no payload, and 8 more in the first one. */
enum { PACKETS_OF_HEAP = (HEAP_BYTES + 8 + 1431) / 1432 };

typedef struct tally {
    _Atomic uint64_t completed;
    _Atomic uint64_t ok;
    _Atomic uint64_t stopped;
    _Atomic uint64_t packets;
    _Atomic uint64_t failed;
} tally;

static void completed(void *context, const sp2_send_result *result) {
    tally *counts = context;
    atomic_fetch_add(&counts->ok, result->status == SP2_OK);
    atomic_fetch_add(&counts->stopped, result->status == SP2_E_STOPPED);
    atomic_fetch_add(&counts->packets, result->packets);
    atomic_fetch_add(&counts->failed, result->failed);
    atomic_fetch_add(&counts->completed, 1);
}

static sp2_inproc_queue *new_queue(uint64_t max_bytes) {
    sp2_inproc_queue_options options = SP2_INPROC_QUEUE_OPTIONS_INIT;
    sp2_inproc_queue *queue;
    options.max_bytes = max_bytes;
    REQUIRE_OK(sp2_inproc_queue_create(&options, &queue));
    return queue;
}

static sp2_send_stream *new_sender(sp2_thread_pool *pool, sp2_inproc_queue *const *queues,
                                   uint32_t count) {
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    sp2_inproc_writer_options writer = SP2_INPROC_WRITER_OPTIONS_INIT;
    sp2_send_stream *sender;
    options.max_heaps = HEAPS;
    REQUIRE_OK(sp2_send_stream_create(pool, &options, &sender));
    writer.queues = queues;
    writer.queue_count = count;
    REQUIRE_OK(sp2_send_stream_add_inproc_writer(sender, &writer, NULL));
    return sender;
}

static sp2_receive_stream *new_reader(sp2_inproc_queue *queue, uint64_t ring_heaps,
                                      sp2_packet_source **source) {
    sp2_receive_options options = quiet_options(0);
    options.ring_heaps = ring_heaps;
    options.max_heaps = SENDERS * HEAPS; /* others may send all of theirs within one heap */
    sp2_receive_stream *stream = new_stream(&options);
    sp2_inproc_source_options reader = SP2_INPROC_SOURCE_OPTIONS_INIT;
    reader.queue = queue;
    REQUIRE_OK(sp2_receive_stream_add_inproc_source(stream, &reader, source));
    return stream;
}

static sp2_send_heap *new_heap(const void *payload, uint64_t length) {
    sp2_send_heap *heap;
    REQUIRE_OK(sp2_send_heap_create(NULL, &heap));
    REQUIRE_OK(sp2_send_heap_add_item(heap, 0x1234, payload, length, 0));
    return heap;
}

static uint8_t *filled_bytes(void) {
    uint8_t *payload = malloc(HEAP_BYTES);
    REQUIRE(payload != NULL);
    for (int i = 0; i < HEAP_BYTES; i++) {
        payload[i] = (uint8_t)(i * 7 + i / 251);
    }
    return payload;
}

static void send_one(sp2_send_stream *sender, sp2_send_heap *heap, int64_t cnt, uint64_t substream,
                     tally *counts) {
    const sp2_heap_reference one = {heap, cnt, substream, SP2_STREAM_RATE};
    REQUIRE_OK(sp2_send_stream_send(sender, &one, 1, SP2_GROUP_SERIAL, completed, counts));
}

/* Each sender sends its heaps with cnts of its own. */
typedef struct sending {
    sp2_inproc_queue *queue;
    sp2_send_heap *heap;
    int64_t first_cnt;
    tally counts;
} sending;

static void *send_all(void *context) {
    sending *own = context;
    sp2_send_stream *sender = new_sender(NULL, &own->queue, 1);
    for (int64_t i = 0; i < HEAPS; i++) {
        send_one(sender, own->heap, own->first_cnt + i, 0, &own->counts);
    }
    sp2_send_stream_destroy(sender);
    return NULL;
}

/* Several senders through one queue: all heaps arrive, those of each sender in order. */
static void check_loss_free(uint64_t max_bytes) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, HEAP_BYTES);
    sp2_inproc_queue *queue = new_queue(max_bytes);
    sp2_packet_source *source;
    sp2_receive_stream *receiver = new_reader(queue, 2, &source);
    sending senders[SENDERS];
    test_thread threads[SENDERS];
    int64_t next[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (sending){.queue = queue, .heap = heap, .first_cnt = 1 + i * HEAPS};
        next[i] = senders[i].first_cnt;
        test_thread_start(&threads[i], send_all, &senders[i]);
    }
    for (int received = 0; received < SENDERS * HEAPS; received++) {
        sp2_heap *got;
        uint32_t count;
        REQUIRE_OK(sp2_receive_stream_pop_wait(receiver, &got, 1, PATIENCE_NS, &count));
        const sp2_heap_info info = info_of(got);
        const int64_t sender = ((int64_t)info.cnt - 1) / HEAPS;
        REQUIRE(sender < SENDERS);
        CHECK_EQ_I64(info.cnt, next[sender]);
        next[sender]++;
        CHECK_EQ_U64(info.payload_length, HEAP_BYTES);
        CHECK_MEM(info.payload, payload, HEAP_BYTES);
        sp2_heap_release(got);
    }
    uint64_t packets = 0;
    for (int i = 0; i < SENDERS; i++) {
        test_thread_join(threads[i]);
        CHECK_EQ_U64(senders[i].counts.completed, HEAPS);
        CHECK_EQ_U64(senders[i].counts.ok, HEAPS);
        packets += senders[i].counts.packets;
    }
    REQUIRE_OK(sp2_inproc_queue_stop(queue));
    sp2_inproc_queue_destroy(queue);
    heap_list rest = pop_all(receiver);
    CHECK_EQ_U64(rest.count, 0);
    heaps_free(&rest);
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    REQUIRE_OK(sp2_packet_source_get_stats(source, &stats));
    CHECK_EQ_U64(stats.datagrams, packets);
    CHECK_EQ_U64(stats.packets, packets);
    CHECK_EQ_U64(stats_of(receiver).batches, packets);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(receiver);
    sp2_send_heap_destroy(heap);
    free(payload);
}

SP2_TEST(Heaps_of_several_senders_arrive_without_loss) {
    check_loss_free(0);
}

SP2_TEST(Queue_of_two_packets_loses_nothing) {
    check_loss_free(3000);
}

SP2_TEST(Queue_without_a_bound_takes_all) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, HEAP_BYTES);
    sp2_inproc_queue *queue = new_queue(SP2_INPROC_UNBOUNDED);
    sp2_send_stream *sender = new_sender(NULL, &queue, 1);
    tally counts = {0};
    for (int64_t i = 1; i <= HEAPS; i++) {
        send_one(sender, heap, i, 0, &counts);
    }
    sp2_send_stream_destroy(sender); /* nobody reads yet */
    CHECK_EQ_U64(counts.ok, HEAPS);
    REQUIRE_OK(sp2_inproc_queue_stop(queue));
    sp2_receive_stream *receiver = new_reader(queue, HEAPS, NULL);
    sp2_inproc_queue_destroy(queue);
    heap_list heaps = pop_all(receiver);
    CHECK_EQ_U64(heaps.count, HEAPS);
    for (uint64_t i = 0; i < heaps.count; i++) {
        CHECK_EQ_U64(info_of(heaps.heaps[i]).cnt, i + 1);
        CHECK_MEM(info_of(heaps.heaps[i]).payload, payload, HEAP_BYTES);
    }
    heaps_free(&heaps);
    sp2_receive_stream_destroy(receiver);
    sp2_send_heap_destroy(heap);
    free(payload);
}

SP2_TEST(Full_queue_makes_the_stream_wait_and_the_callers_go_on) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, HEAP_BYTES);
    sp2_inproc_queue *queue = new_queue(8000);
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    sp2_send_stream *sender = new_sender(pool, &queue, 1);
    sp2_send_stream *other;
    sp2_inproc_queue *free_queue = new_queue(SP2_INPROC_UNBOUNDED);
    tally counts = {0};
    tally other_counts = {0};
    send_one(sender, heap, 1, 0, &counts);
    sp2_send_stats stats = SP2_SEND_STATS_INIT;
    WAIT_UNTIL(sp2_send_stream_get_stats(sender, &stats) == SP2_OK && stats.writer_blocked != 0,
               PATIENCE_SECONDS);
    /* Callers do not wait, and neither does another stream of the same thread. */
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, payload, 1400), SP2_E_FULL);
    CHECK_STATUS(sp2_send_stream_flush(sender, 0), SP2_E_TIMEOUT);
    other = new_sender(pool, &free_queue, 1);
    send_one(other, heap, 1, 0, &other_counts);
    CHECK_STATUS(sp2_send_stream_flush(other, PATIENCE_NS), SP2_OK);
    CHECK_EQ_U64(counts.completed, 0);
    sp2_receive_stream *receiver = new_reader(queue, 1, NULL);
    heap_list got = pop_count(receiver, 1);
    CHECK_MEM(info_of(got.heaps[0]).payload, payload, HEAP_BYTES);
    CHECK_STATUS(sp2_send_stream_flush(sender, PATIENCE_NS), SP2_OK);
    CHECK_EQ_U64(counts.ok, 1);
    heaps_free(&got);
    sp2_send_stream_destroy(other);
    sp2_send_stream_destroy(sender);
    sp2_receive_stream_destroy(receiver);
    sp2_inproc_queue_destroy(free_queue);
    sp2_inproc_queue_destroy(queue);
    sp2_thread_pool_destroy(pool);
    sp2_send_heap_destroy(heap);
    free(payload);
}

/* A sender that waits for room is told when there will never be any. */
static void check_writers_end(void (*end)(sp2_inproc_queue *queue, sp2_receive_stream *receiver)) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, HEAP_BYTES);
    sp2_inproc_queue *queue = new_queue(8000);
    sp2_send_stream *sender = new_sender(NULL, &queue, 1);
    sp2_receive_options paused = quiet_options(SP2_RECEIVE_EXPLICIT_START);
    sp2_receive_stream *receiver = new_stream(&paused);
    sp2_inproc_source_options reader = SP2_INPROC_SOURCE_OPTIONS_INIT;
    reader.queue = queue;
    REQUIRE_OK(sp2_receive_stream_add_inproc_source(receiver, &reader, NULL));
    tally counts = {0};
    for (int64_t i = 1; i <= 3; i++) {
        send_one(sender, heap, i, 0, &counts);
    }
    sp2_send_stats stats = SP2_SEND_STATS_INIT;
    WAIT_UNTIL(sp2_send_stream_get_stats(sender, &stats) == SP2_OK && stats.writer_blocked != 0,
               PATIENCE_SECONDS);
    end(queue, receiver);
    CHECK_STATUS(sp2_send_stream_flush(sender, PATIENCE_NS), SP2_OK);
    CHECK_EQ_U64(counts.stopped, 3);
    CHECK_EQ_U64(counts.packets + counts.failed, 3 * PACKETS_OF_HEAP);
    send_one(sender, heap, 4, 0, &counts);
    sp2_send_stream_destroy(sender);
    CHECK_EQ_U64(counts.stopped, 4);
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, payload, 10), SP2_E_STOPPED);
    sp2_receive_stream_destroy(receiver);
    sp2_inproc_queue_destroy(queue);
    sp2_send_heap_destroy(heap);
    free(payload);
}

static void stop_queue(sp2_inproc_queue *queue, sp2_receive_stream *receiver) {
    (void)receiver;
    CHECK_STATUS(sp2_inproc_queue_stop(queue), SP2_OK);
}

static void stop_receiver(sp2_inproc_queue *queue, sp2_receive_stream *receiver) {
    (void)queue;
    CHECK_STATUS(sp2_receive_stream_stop(receiver), SP2_OK);
}

SP2_TEST(Stopped_queue_completes_the_heaps_that_wait) {
    check_writers_end(stop_queue);
}

SP2_TEST(Receiver_that_stops_stops_the_queue) {
    check_writers_end(stop_receiver);
}

SP2_TEST(Removed_source_leaves_the_queue_to_another) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, 1000);
    sp2_inproc_queue *queue = new_queue(0);
    sp2_send_stream *sender = new_sender(NULL, &queue, 1);
    sp2_packet_source *source;
    sp2_receive_stream *first = new_reader(queue, 4, &source);
    sp2_receive_options options = quiet_options(0);
    sp2_receive_stream *second = new_stream(&options);
    sp2_inproc_source_options reader = SP2_INPROC_SOURCE_OPTIONS_INIT;
    reader.queue = queue;
    CHECK_STATUS(sp2_receive_stream_add_inproc_source(second, &reader, NULL), SP2_E_STATE);
    tally counts = {0};
    send_one(sender, heap, 1, 0, &counts);
    heap_list heaps = pop_count(first, 1);
    heaps_free(&heaps);
    REQUIRE_OK(sp2_packet_source_remove(source));
    send_one(sender, heap, 2, 0, &counts);
    CHECK_STATUS(sp2_send_stream_flush(sender, PATIENCE_NS), SP2_OK);
    REQUIRE_OK(sp2_receive_stream_add_inproc_source(second, &reader, NULL));
    heaps = pop_count(second, 1);
    CHECK_EQ_U64(info_of(heaps.heaps[0]).cnt, 2);
    heaps_free(&heaps);
    CHECK_EQ_U64(counts.ok, 2);
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    REQUIRE_OK(sp2_packet_source_get_info(source, &info));
    CHECK_EQ_U64(info.kind, SP2_SOURCE_INPROC);
    CHECK_EQ_U64(info.state, SP2_SOURCE_REMOVED);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(first);
    sp2_receive_stream_destroy(second);
    sp2_send_stream_destroy(sender);
    sp2_inproc_queue_destroy(queue);
    sp2_send_heap_destroy(heap);
    free(payload);
}

SP2_TEST(Packet_larger_than_the_bound_is_taken_by_an_empty_queue) {
    const uint64_t large = (uint64_t)3 << 20;
    sp2_inproc_queue *queue = new_queue(1000);
    uint8_t *bytes = calloc(1, (size_t)large);
    REQUIRE(bytes != NULL);
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, bytes, large), SP2_OK);
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, bytes, 0), SP2_E_FULL);
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, bytes, SP2_INPROC_MAX_PACKET + (uint64_t)1),
                 SP2_E_ARG);
    sp2_packet_source *source;
    sp2_receive_stream *receiver = new_reader(queue, 4, &source);
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    WAIT_UNTIL(sp2_packet_source_get_stats(source, &stats) == SP2_OK && stats.datagrams == 1,
               PATIENCE_SECONDS);
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, bytes, 0), SP2_OK);
    WAIT_UNTIL(sp2_packet_source_get_stats(source, &stats) == SP2_OK && stats.datagrams == 2,
               PATIENCE_SECONDS);
    CHECK_EQ_U64(stats.malformed, 1);
    CHECK_EQ_U64(stats.empty, 1);
    CHECK_EQ_U64(stats.bytes, large);
    sp2_packet_source_release(source);
    sp2_receive_stream_destroy(receiver);
    sp2_inproc_queue_destroy(queue);
    free(bytes);
}

SP2_TEST(Queues_of_one_writer_are_its_substreams) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, HEAP_BYTES);
    sp2_inproc_queue *queues[3];
    sp2_receive_stream *receivers[3];
    for (int i = 0; i < 3; i++) {
        queues[i] = new_queue(5000);
        receivers[i] = new_reader(queues[i], 4, NULL);
    }
    sp2_send_stream *sender = new_sender(NULL, queues, 3);
    tally counts = {0};
    sp2_heap_reference group[3];
    for (uint64_t i = 0; i < 3; i++) {
        group[i] = (sp2_heap_reference){heap, (int64_t)i + 1, i, SP2_STREAM_RATE};
    }
    REQUIRE_OK(sp2_send_stream_send(sender, group, 3, SP2_GROUP_ROUND_ROBIN, completed, &counts));
    for (uint64_t i = 0; i < 3; i++) {
        heap_list heaps = pop_count(receivers[i], 1);
        CHECK_EQ_U64(info_of(heaps.heaps[0]).cnt, i + 1);
        CHECK_MEM(info_of(heaps.heaps[0]).payload, payload, HEAP_BYTES);
        heaps_free(&heaps);
    }
    sp2_send_stream_destroy(sender);
    CHECK_EQ_U64(counts.ok, 1);
    for (int i = 0; i < 3; i++) {
        sp2_inproc_queue_destroy(queues[i]);
        sp2_receive_stream_destroy(receivers[i]);
    }
    sp2_send_heap_destroy(heap);
    free(payload);
}

SP2_TEST(Ends_go_in_any_order) {
    uint8_t *payload = filled_bytes();
    sp2_send_heap *heap = new_heap(payload, HEAP_BYTES);
    for (int order = 0; order < 6; order++) {
        sp2_test_context("order %d", order);
        sp2_inproc_queue *queue = new_queue(order % 2 == 0 ? 8000 : 0);
        sp2_send_stream *sender = new_sender(NULL, &queue, 1);
        sp2_receive_stream *receiver = new_reader(queue, 1, NULL);
        tally counts = {0};
        for (int64_t i = 1; i <= 20; i++) {
            send_one(sender, heap, i, 0, &counts);
        }
        if (order / 2 == 0) {
            sp2_inproc_queue_destroy(queue);
            sp2_receive_stream_destroy(receiver);
            sp2_send_stream_destroy(sender);
        } else if (order / 2 == 1) {
            sp2_receive_stream_destroy(receiver);
            sp2_send_stream_destroy(sender);
            sp2_inproc_queue_destroy(queue);
        } else {
            REQUIRE_OK(sp2_send_stream_stop(sender));
            sp2_send_stream_destroy(sender);
            sp2_inproc_queue_destroy(queue);
            sp2_receive_stream_destroy(receiver);
        }
        CHECK_EQ_U64(counts.completed, 20);
        CHECK_EQ_U64(counts.ok + counts.stopped, 20);
    }
    sp2_test_context("%s", "");
    sp2_send_heap_destroy(heap);
    free(payload);
}

SP2_TEST(Options_that_break_a_rule_are_refused) {
    sp2_inproc_queue *queue = new_queue(0);
    sp2_inproc_queue_options options = SP2_INPROC_QUEUE_OPTIONS_INIT;
    sp2_inproc_writer_options writer = SP2_INPROC_WRITER_OPTIONS_INIT;
    sp2_inproc_source_options reader = SP2_INPROC_SOURCE_OPTIONS_INIT;
    sp2_inproc_queue *none = queue;
    sp2_receive_options quiet = quiet_options(0);
    sp2_receive_stream *receiver = new_stream(&quiet);
    sp2_send_stream *sender;
    uint64_t first = 7;
    REQUIRE_OK(sp2_send_stream_create(NULL, NULL, &sender));
    options.flags = 1;
    CHECK_STATUS(sp2_inproc_queue_create(&options, &none), SP2_E_TOO_NEW);
    CHECK(none == NULL);
    CHECK_STATUS(sp2_inproc_queue_create(NULL, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_send_stream_add_inproc_writer(sender, &writer, &first), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "a writer has at least one queue");
    CHECK_EQ_U64(first, 0);
    writer.queues = &none;
    writer.queue_count = 1;
    CHECK_STATUS(sp2_send_stream_add_inproc_writer(sender, &writer, NULL), SP2_E_ARG);
    writer.queues = &queue;
    writer.reserved = 1;
    CHECK_STATUS(sp2_send_stream_add_inproc_writer(sender, &writer, NULL), SP2_E_ARG);
    writer.reserved = 0;
    writer.flags = 1;
    CHECK_STATUS(sp2_send_stream_add_inproc_writer(sender, &writer, NULL), SP2_E_TOO_NEW);
    CHECK_STATUS(sp2_send_stream_add_inproc_writer(sender, NULL, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_send_stream_add_inproc_writer(NULL, &writer, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_add_inproc_source(receiver, &reader, NULL), SP2_E_ARG);
    CHECK_STATUS(sp2_receive_stream_add_inproc_source(receiver, NULL, NULL), SP2_E_ARG);
    reader.queue = queue;
    reader.flags = 1;
    CHECK_STATUS(sp2_receive_stream_add_inproc_source(receiver, &reader, NULL), SP2_E_TOO_NEW);
    CHECK_STATUS(sp2_inproc_queue_add_packet(NULL, "", 0), SP2_E_ARG);
    CHECK_STATUS(sp2_inproc_queue_add_packet(queue, NULL, 1), SP2_E_ARG);
    CHECK_STATUS(sp2_inproc_queue_stop(NULL), SP2_E_ARG);
    sp2_inproc_queue_destroy(NULL);
    sp2_send_stream_destroy(sender);
    sp2_receive_stream_destroy(receiver);
    sp2_inproc_queue_destroy(queue);
}
