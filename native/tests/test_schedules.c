/* SPDX-License-Identifier: MIT */
/*
 * The core under all orders of its threads' steps, up to a bound: see schedule/scheduler.h. Each
 * scenario must hold in all of them; and where a fence, a store or a lock is left out of the core,
 * an order must be found that goes wrong.
 */
#include <inttypes.h>
#include <spead2core/spead2core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "memory/allocator.h"
#include "memory/recycler.h"
#include "packet_builder.h"
#include "schedule/platform.h"
#include "schedule/scheduler.h"
#include "sources.h"
#include "test.h"

enum { HEAPS = 3, HEAP_BYTES = 16, ENDLESS = -1, MOST_TIMEOUTS = 100, SOURCES = 2 };

/* What the threads of a scenario share. Only one of them runs at a time. */
static struct {
    sp2_receive_stream *stream;
    uint64_t seen[HEAPS + 1]; /* by cnt: how often the heap was popped */
    uint64_t popped;
    uint64_t last_cnt;
    bool in_order;
    uint32_t calls; /* of the ready callback */
    uint32_t calls_used;
    bool callback_gone;
    uint32_t port;
    sp2_thread_pool *threads;
    sp2_packet_source *sources[SOURCES];
    sp2_allocator *pool;
    int64_t blocks; /* of the pool's base */
    uint32_t ends;  /* of it */
} shared;

static datagram_list heaps;
static datagram_list stop;
static datagram_list halves[SOURCES]; /* by source: heaps 1 and 3, and 2, of two packets each */

/* Heaps 1, 2, 3 of one packet each, and a packet that stops the stream. */
static void make_packets(void) {
    if (heaps.count == 0) {
        for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
            uint8_t *payload = new_payload(HEAP_BYTES, cnt);
            datagrams_add_heap(&heaps, cnt, payload, HEAP_BYTES, HEAP_BYTES);
            free(payload);
        }
        datagrams_add_stop(&stop, HEAPS + 1);
        for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
            uint8_t *payload = new_payload(HEAP_BYTES, cnt);
            datagrams_add_heap(&halves[(cnt - 1) % SOURCES], cnt, payload, HEAP_BYTES,
                               HEAP_BYTES / 2);
            free(payload);
        }
    }
}

static void begin(uint64_t ring_heaps, uint32_t flags) {
    platform_reset();
    memset(&shared, 0, sizeof(shared));
    shared.in_order = true;
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = ring_heaps;
    options.flags = flags;
    options.log_level = SP2_LOG_NONE;
    options.spin_ns = 100;
    SCHEDULE_CHECK(sp2_receive_stream_create(NULL, &options, &shared.stream) == SP2_OK);
}

static void end(void) {
    schedule_join();
    schedule_choices(false);
    sp2_receive_stream_destroy(shared.stream);
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    SCHEDULE_CHECK(sp2_memory_get_stats(&memory) == SP2_OK && memory.used_bytes == 0);
}

static void check_all_popped(void) {
    SCHEDULE_CHECK(shared.popped == HEAPS);
    for (uint64_t cnt = 1; cnt <= HEAPS; cnt++) {
        SCHEDULE_CHECK(shared.seen[cnt] == 1);
    }
}

static void take(sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    SCHEDULE_CHECK(sp2_heap_get_info(heap, &info) == SP2_OK);
    SCHEDULE_CHECK(info.cnt >= 1 && info.cnt <= HEAPS && info.flags & SP2_HEAP_COMPLETE);
    shared.seen[info.cnt]++;
    shared.in_order &= info.cnt > shared.last_cnt;
    shared.last_cnt = info.cnt;
    shared.popped++;
    sp2_heap_release(heap);
}

static void pop_until_stopped(int64_t timeout_ns) {
    int32_t status;
    int timeouts = 0;
    do {
        sp2_heap *heap = NULL;
        uint32_t count;
        status = sp2_receive_stream_pop_wait(shared.stream, &heap, 1, timeout_ns, &count);
        if (status == SP2_OK) {
            take(heap);
        }
        timeouts += status == SP2_E_TIMEOUT;
    } while (status == SP2_OK || (status == SP2_E_TIMEOUT && timeouts < MOST_TIMEOUTS));
    SCHEDULE_CHECK(status == SP2_E_STOPPED);
}

static void consume(void *unused) {
    (void)unused;
    pop_until_stopped(ENDLESS);
}

static void consume_with_timeout(void *unused) {
    (void)unused;
    pop_until_stopped(1000);
}

static void add_reader(void) {
    SCHEDULE_CHECK(add_datagram_source(shared.stream, heaps.datagrams, heaps.count) == SP2_OK);
}

/* ---- scenarios ---- */

static void one_consumer(void) {
    begin(1, 0);
    schedule_start(consume, NULL);
    schedule_choices(true);
    add_reader();
    end();
    check_all_popped();
    SCHEDULE_CHECK(shared.in_order);
}

static void two_consumers(void) {
    begin(1, 0);
    schedule_start(consume, NULL);
    schedule_start(consume, NULL);
    schedule_choices(true);
    add_reader();
    end();
    check_all_popped();
}

static void consumer_with_timeout(void) {
    begin(1, 0);
    schedule_start(consume_with_timeout, NULL);
    schedule_choices(true);
    add_reader();
    end();
    check_all_popped();
    SCHEDULE_CHECK(shared.in_order);
}

static void ready(void *context) {
    (void)context;
    SCHEDULE_CHECK(!shared.callback_gone);
    shared.calls++;
}

static bool was_called(void *unused) {
    (void)unused;
    return shared.calls != shared.calls_used;
}

/* As an event loop does it: pops what there is, asks to be told, and sleeps only if it will be. */
static void consume_by_callback(void *unused) {
    (void)unused;
    for (;;) {
        sp2_heap *heap = NULL;
        uint32_t count;
        const int32_t status = sp2_receive_stream_pop(shared.stream, &heap, 1, &count);
        if (status == SP2_OK) {
            take(heap);
            continue;
        }
        if (status == SP2_E_STOPPED) {
            return;
        }
        SCHEDULE_CHECK(status == SP2_E_EMPTY);
        if (sp2_receive_stream_request_ready(shared.stream) == SP2_E_EMPTY) {
            schedule_wait(was_called, NULL, false);
            shared.calls_used++;
            SCHEDULE_CHECK(shared.calls == shared.calls_used);
        }
    }
}

static void ready_callback(void) {
    begin(1, 0);
    SCHEDULE_CHECK(sp2_receive_stream_set_ready_callback(shared.stream, ready, NULL) == SP2_OK);
    schedule_start(consume_by_callback, NULL);
    schedule_choices(true);
    add_reader();
    end();
    check_all_popped();
    SCHEDULE_CHECK(shared.in_order);
}

static void consume_by_handle(void *unused) {
    (void)unused;
    int64_t handle;
    SCHEDULE_CHECK(sp2_receive_stream_get_fd(shared.stream, &handle) == SP2_OK);
    for (;;) {
        sp2_heap *heap = NULL;
        uint32_t count;
        platform_wait_for_handle(handle);
        const int32_t status = sp2_receive_stream_pop(shared.stream, &heap, 1, &count);
        if (status == SP2_OK) {
            take(heap);
        } else if (status == SP2_E_STOPPED) {
            return;
        }
    }
}

static void handle_for_event_loops(void) {
    begin(1, 0);
    schedule_start(consume_by_handle, NULL);
    schedule_choices(true);
    add_reader();
    end();
    check_all_popped();
}

static void callback_removed(void) {
    begin(HEAPS, 0);
    SCHEDULE_CHECK(sp2_receive_stream_set_ready_callback(shared.stream, ready, NULL) == SP2_OK);
    SCHEDULE_CHECK(sp2_receive_stream_request_ready(shared.stream) == SP2_E_EMPTY);
    schedule_choices(true);
    add_reader();
    SCHEDULE_CHECK(sp2_receive_stream_set_ready_callback(shared.stream, NULL, NULL) == SP2_OK);
    shared.callback_gone = true;
    SCHEDULE_CHECK(sp2_receive_stream_stop(shared.stream) == SP2_OK);
    end();
}

static void stopped_by_user(void) {
    begin(1, 0);
    schedule_start(consume, NULL);
    schedule_choices(true);
    add_reader();
    SCHEDULE_CHECK(sp2_receive_stream_stop(shared.stream) == SP2_OK);
    end();
    SCHEDULE_CHECK(shared.in_order);
}

static void start_stream(void *unused) {
    (void)unused;
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
}

static void explicit_start(void) {
    begin(1, SP2_RECEIVE_EXPLICIT_START);
    schedule_start(consume, NULL);
    schedule_start(start_stream, NULL);
    schedule_choices(true);
    const int32_t status = add_datagram_source(shared.stream, heaps.datagrams, heaps.count);
    SCHEDULE_CHECK(status == SP2_OK || status == SP2_E_STATE);
    if (status == SP2_E_STATE) {
        SCHEDULE_CHECK(sp2_receive_stream_stop(shared.stream) == SP2_OK);
    }
    end();
    SCHEDULE_CHECK(status == SP2_E_STATE || shared.popped == HEAPS);
}

static void send_by_udp(void *unused) {
    static schedule_place here = {"udp_source.c", "send_by_udp", 0};
    (void)unused;
    for (size_t i = 0; i < heaps.count; i++) {
        schedule_point(&here);
        platform_send(shared.port, heaps.datagrams[i].data, (uint32_t)heaps.datagrams[i].length);
    }
    schedule_point(&here);
    platform_send(shared.port, stop.datagrams[0].data, (uint32_t)stop.datagrams[0].length);
}

/* The socket is paused while the ring is full. */
static void udp_with_full_ring(void) {
    const sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    begin(1, 0);
    SCHEDULE_CHECK(add_udp_source(shared.stream, &udp, &shared.port) == SP2_OK);
    schedule_start(consume, NULL);
    schedule_choices(true);
    send_by_udp(NULL);
    end();
    check_all_popped();
    SCHEDULE_CHECK(shared.in_order);
}

static void udp_stopped_by_user(void) {
    const sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    begin(1, 0);
    SCHEDULE_CHECK(add_udp_source(shared.stream, &udp, &shared.port) == SP2_OK);
    schedule_start(consume, NULL);
    schedule_start(send_by_udp, NULL);
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_stop(shared.stream) == SP2_OK);
    end();
    SCHEDULE_CHECK(shared.in_order);
}

/* ---- two streams that share a port, each on a thread of its own, and one slot for heaps ---- */

static sp2_receive_stream *sharing[SOURCES];

static void pop_all_of(sp2_receive_stream *stream) {
    shared.stream = stream;
    shared.last_cnt = 0;
    pop_until_stopped(ENDLESS);
}

static void send_to_source(int source, const sp2_datagram *datagram) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    SCHEDULE_CHECK(sp2_packet_source_get_info(shared.sources[source], &info) == SP2_OK);
    platform_send(info.port, datagram->data, (uint32_t)datagram->length);
}

static void begin_sharing(void) {
    const sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    platform_reset();
    memset(&shared, 0, sizeof(shared));
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = HEAPS;
    options.max_heaps = 1;
    options.flags = SP2_RECEIVE_EXPLICIT_START;
    options.log_level = SP2_LOG_NONE;
    for (int i = 0; i < SOURCES; i++) {
        SCHEDULE_CHECK(sp2_receive_stream_create(NULL, &options, &sharing[i]) == SP2_OK);
    }
    SCHEDULE_CHECK(sp2_receive_streams_add_udp_source(sharing, SOURCES, &udp, shared.sources) ==
                   SP2_OK);
    platform_limit_batch(1);
}

static void start_sharing(void) {
    for (int i = 0; i < SOURCES; i++) {
        SCHEDULE_CHECK(sp2_receive_stream_start(sharing[i]) == SP2_OK);
    }
}

static void end_sharing(void) {
    schedule_join();
    schedule_choices(false);
    for (int i = 0; i < SOURCES; i++) {
        sp2_receive_stream_destroy(sharing[i]);
        sp2_packet_source_release(shared.sources[i]);
    }
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    SCHEDULE_CHECK(sp2_memory_get_stats(&memory) == SP2_OK && memory.used_bytes == 0);
}

/* One half of each heap is in each socket, and so is another stream's stray. */
static void send_split(void) {
    for (size_t cnt = 0; cnt < HEAPS; cnt++) {
        const sp2_datagram *half = &halves[cnt % SOURCES].datagrams[cnt / SOURCES * 2];
        send_to_source(0, &half[0]);
        send_to_source(1, &half[1]);
    }
    send_to_source(0, &stop.datagrams[0]);
}

static void shared_port_is_read(void) {
    begin_sharing();
    send_split();
    schedule_choices(true);
    start_sharing();
    for (int i = 0; i < SOURCES; i++) {
        pop_all_of(sharing[i]);
    }
    end_sharing();
    check_all_popped();
}

static void stop_one(void *unused) {
    (void)unused;
    SCHEDULE_CHECK(sp2_receive_stream_stop(sharing[0]) == SP2_OK);
}

/* The stop item may be of the stream that has ended: then the other one waits for nothing. */
static void shared_port_loses_a_stream(void) {
    begin_sharing();
    send_split();
    schedule_start(stop_one, NULL);
    schedule_choices(true);
    start_sharing();
    schedule_join();
    SCHEDULE_CHECK(sp2_receive_stream_stop(sharing[1]) == SP2_OK);
    end_sharing();
}

/* ---- two sources, each on a thread of its own, and a ring of one heap ---- */

static void begin_two(uint64_t max_heaps, uint32_t flags) {
    platform_reset();
    memset(&shared, 0, sizeof(shared));
    sp2_thread_pool_options threads = SP2_THREAD_POOL_OPTIONS_INIT;
    threads.threads = SOURCES;
    threads.log_level = SP2_LOG_NONE;
    SCHEDULE_CHECK(sp2_thread_pool_create(&threads, &shared.threads) == SP2_OK);
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = 1;
    options.max_heaps = max_heaps;
    options.flags = flags;
    options.log_level = SP2_LOG_NONE;
    SCHEDULE_CHECK(sp2_receive_stream_create(shared.threads, &options, &shared.stream) == SP2_OK);
    for (int i = 0; i < SOURCES; i++) {
        const sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
        SCHEDULE_CHECK(sp2_receive_stream_add_udp_source(shared.stream, &udp, &shared.sources[i]) ==
                       SP2_OK);
    }
}

static uint32_t port_of(int source) {
    sp2_packet_source_info info = SP2_PACKET_SOURCE_INFO_INIT;
    SCHEDULE_CHECK(sp2_packet_source_get_info(shared.sources[source], &info) == SP2_OK);
    return info.port;
}

static void send_halves(int source) {
    for (size_t i = 0; i < halves[source].count; i++) {
        const sp2_datagram *half = &halves[source].datagrams[i];
        platform_send(port_of(source), half->data, (uint32_t)half->length);
    }
}

/* Everything has arrived before anybody looks. */
static void send_all_halves(void) {
    for (int i = 0; i < SOURCES; i++) {
        send_halves(i);
    }
}

static void end_two(void) {
    schedule_join();
    schedule_choices(false);
    sp2_receive_stream_destroy(shared.stream);
    sp2_thread_pool_destroy(shared.threads);
    for (int i = 0; i < SOURCES; i++) {
        sp2_packet_source_release(shared.sources[i]);
    }
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    SCHEDULE_CHECK(sp2_memory_get_stats(&memory) == SP2_OK && memory.used_bytes == 0);
}

static uint64_t count_evicted(void) {
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    SCHEDULE_CHECK(sp2_receive_stream_get_stats(shared.stream, &stats) == SP2_OK);
    return stats.incomplete_heaps_evicted;
}

static void pop_heaps(uint64_t count) {
    while (shared.popped < count) {
        sp2_heap *heap = NULL;
        uint32_t popped;
        SCHEDULE_CHECK(sp2_receive_stream_pop_wait(shared.stream, &heap, 1, ENDLESS, &popped) ==
                       SP2_OK);
        take(heap);
    }
}

/* One slot for heaps, and a packet a slice: each would push out the other's heap. */
static void two_sources_yield(void) {
    begin_two(1, SP2_RECEIVE_EXPLICIT_START);
    platform_limit_batch(1);
    send_all_halves();
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    pop_heaps(HEAPS);
    SCHEDULE_CHECK(count_evicted() == 0);
    end_two();
    check_all_popped();
}

/* Both pause while the ring is full. */
static void two_sources_block(void) {
    begin_two(HEAPS, SP2_RECEIVE_EXPLICIT_START);
    send_all_halves();
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    pop_heaps(HEAPS);
    end_two();
    check_all_popped();
}

/* The rest of heap 1 never arrives, and heap 2 comes all the same. */
static void two_sources_half_lost(void) {
    begin_two(1, SP2_RECEIVE_EXPLICIT_START);
    const sp2_datagram *half = &halves[0].datagrams[0];
    platform_send(port_of(0), half->data, (uint32_t)half->length);
    send_halves(1);
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    pop_heaps(1);
    end_two();
    SCHEDULE_CHECK(shared.seen[2] == 1);
}

static void stop_stream(void *unused) {
    (void)unused;
    SCHEDULE_CHECK(sp2_receive_stream_stop(shared.stream) == SP2_OK);
}

static void two_sources_stop(void) {
    begin_two(1, SP2_RECEIVE_EXPLICIT_START);
    platform_limit_batch(1);
    send_all_halves();
    schedule_start(stop_stream, NULL);
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    pop_until_stopped(ENDLESS);
    end_two();
}

/* The stream ends while its sources wait for room, or for each other. */
static void two_sources_destroy(void) {
    begin_two(1, SP2_RECEIVE_EXPLICIT_START);
    platform_limit_batch(1);
    send_all_halves();
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    sp2_receive_stream_destroy(shared.stream);
    shared.stream = NULL;
    end_two();
}

static void remove_first(void *unused) {
    (void)unused;
    SCHEDULE_CHECK(sp2_packet_source_remove(shared.sources[0]) == SP2_OK);
}

/* The heaps of the other source come nevertheless, whatever waits for what. */
static void one_of_two_sources_removed(void) {
    begin_two(1, SP2_RECEIVE_EXPLICIT_START | SP2_RECEIVE_DELIVER_INCOMPLETE |
                     SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD);
    platform_limit_batch(1);
    send_all_halves();
    schedule_start(remove_first, NULL);
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    while (shared.seen[2] == 0) {
        sp2_heap *heap = NULL;
        uint32_t popped;
        SCHEDULE_CHECK(sp2_receive_stream_pop_wait(shared.stream, &heap, 1, ENDLESS, &popped) ==
                       SP2_OK);
        sp2_heap_info info = SP2_HEAP_INFO_INIT;
        SCHEDULE_CHECK(sp2_heap_get_info(heap, &info) == SP2_OK);
        SCHEDULE_CHECK(info.cnt != 2 || info.flags & SP2_HEAP_COMPLETE);
        shared.seen[info.cnt]++;
        sp2_heap_release(heap);
    }
    end_two();
}

/* What was delivered before the removal can be popped, whatever the source was doing. */
static void removed_with_full_ring(void) {
    begin_two(HEAPS, SP2_RECEIVE_EXPLICIT_START);
    send_halves(0);
    schedule_start(remove_first, NULL);
    schedule_choices(true);
    SCHEDULE_CHECK(sp2_receive_stream_start(shared.stream) == SP2_OK);
    schedule_join();
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    SCHEDULE_CHECK(sp2_receive_stream_get_stats(shared.stream, &stats) == SP2_OK);
    pop_heaps(stats.heaps);
    end_two();
}

/* A handle is used while its stream ends. */
static void use_handle(void *unused) {
    (void)unused;
    sp2_packet_source_stats stats = SP2_PACKET_SOURCE_STATS_INIT;
    port_of(0);
    SCHEDULE_CHECK(sp2_packet_source_get_stats(shared.sources[0], &stats) == SP2_OK);
    remove_first(NULL);
}

static void handle_outlives_stream(void) {
    begin_two(1, 0);
    send_halves(0);
    schedule_start(use_handle, NULL);
    schedule_choices(true);
    sp2_receive_stream_destroy(shared.stream);
    shared.stream = NULL;
    end_two();
}

/* ---- sending ---- */

enum { SENT_HEAPS = 3, SEND_QUEUE = 2 };

typedef struct attempt {
    bool queued;
    bool refused;
    uint32_t completions;
} attempt;

static struct {
    sp2_send_stream *stream;
    sp2_send_heap *heap;
    attempt attempts[2 * SENT_HEAPS];
    uint32_t tried;
    uint32_t queued;
    uint32_t packets;
    uint32_t sent; /* completed without a failure */
    bool again;    /* a completion sends once more */
} sending;

static void queue_heap(void);

static int32_t take_packet(void *context, uint64_t substream, const void *packet, uint64_t length) {
    (void)context;
    (void)substream;
    (void)packet;
    (void)length;
    sending.packets++;
    return 0;
}

static void note_completion(void *context, const sp2_send_result *result) {
    SCHEDULE_CHECK(result->status == SP2_OK || result->status == SP2_E_STOPPED);
    ((attempt *)context)->completions++;
    sending.sent += result->status == SP2_OK ? 1 : 0;
    if (sending.again) {
        sending.again = false;
        queue_heap();
    }
}

static int32_t try_to_queue(void) {
    const sp2_heap_reference one = {sending.heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    attempt *tried = &sending.attempts[sending.tried++];
    const int32_t status =
        sp2_send_stream_send(sending.stream, &one, 1, SP2_GROUP_SERIAL, note_completion, tried);
    tried->queued = status == SP2_OK;
    tried->refused = status != SP2_OK;
    sending.queued += status == SP2_OK ? 1 : 0;
    return status;
}

/* A completion has freed a place: there is room, unless the stream has been stopped. */
static void queue_heap(void) {
    const int32_t status = try_to_queue();
    SCHEDULE_CHECK(status == SP2_OK || status == SP2_E_STOPPED);
}

static void begin_sending(void) {
    platform_reset();
    memset(&sending, 0, sizeof(sending));
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = SEND_QUEUE;
    options.log_level = SP2_LOG_NONE;
    sp2_function_writer_options writer = SP2_FUNCTION_WRITER_OPTIONS_INIT;
    writer.packet = take_packet;
    SCHEDULE_CHECK(sp2_send_stream_create(NULL, &options, &sending.stream) == SP2_OK);
    SCHEDULE_CHECK(sp2_send_stream_add_function_writer(sending.stream, &writer, NULL) == SP2_OK);
    SCHEDULE_CHECK(sp2_send_heap_create(NULL, &sending.heap) == SP2_OK);
    schedule_choices(true);
}

/* Each heap that was queued has been completed once; those that were sent had a packet. */
static void check_sent(void) {
    for (uint32_t i = 0; i < sending.tried; i++) {
        const attempt *tried = &sending.attempts[i];
        SCHEDULE_CHECK(!tried->queued || tried->completions == 1);
        SCHEDULE_CHECK(!tried->refused || tried->completions == 0);
    }
    SCHEDULE_CHECK(sending.packets == sending.sent);
}

static void end_sending(void) {
    sp2_send_stream_destroy(sending.stream);
    schedule_choices(false);
    schedule_join();
    check_sent();
    sp2_send_heap_destroy(sending.heap);
}

/* A user waits for room where there is none. */
static void sent_through_full_queue(void) {
    begin_sending();
    while (sending.queued != SENT_HEAPS) {
        const int32_t status = try_to_queue();
        SCHEDULE_CHECK(status == SP2_OK || (status == SP2_E_FULL && sending.queued >= SEND_QUEUE));
        if (status == SP2_E_FULL) {
            SCHEDULE_CHECK(sp2_send_stream_flush(sending.stream, -1) == SP2_OK);
        }
    }
    SCHEDULE_CHECK(sp2_send_stream_flush(sending.stream, -1) == SP2_OK);
    check_sent();
    SCHEDULE_CHECK(sending.sent == SENT_HEAPS);
    end_sending();
}

/* The second heap has been queued when the first one counts as completed. */
static void sent_by_completion(void) {
    begin_sending();
    sending.again = true;
    queue_heap();
    SCHEDULE_CHECK(sp2_send_stream_flush(sending.stream, -1) == SP2_OK);
    SCHEDULE_CHECK(sp2_send_stream_flush(sending.stream, -1) == SP2_OK);
    SCHEDULE_CHECK(sending.queued == 2 && sending.sent == 2);
    end_sending();
}

static void send_heap(void *unused) {
    (void)unused;
    queue_heap();
}

static void sent_by_two(void) {
    begin_sending();
    schedule_start(send_heap, NULL);
    queue_heap();
    schedule_join();
    end_sending();
    SCHEDULE_CHECK(sending.sent == 2);
}

static void stop_sending(void *unused) {
    (void)unused;
    SCHEDULE_CHECK(sp2_send_stream_stop(sending.stream) == SP2_OK);
    /* Nothing is sent any more. */
    check_sent();
}

static void stopped_while_sending(void) {
    begin_sending();
    schedule_start(stop_sending, NULL);
    queue_heap();
    queue_heap();
    SCHEDULE_CHECK(sp2_send_stream_flush(sending.stream, -1) == SP2_OK);
    check_sent();
    schedule_join();
    end_sending();
}

static void flush_sending(void *unused) {
    (void)unused;
    SCHEDULE_CHECK(sp2_send_stream_flush(sending.stream, -1) == SP2_OK);
}

static void flushed_by_two(void) {
    begin_sending();
    queue_heap();
    schedule_start(flush_sending, NULL);
    flush_sending(NULL);
    check_sent();
    schedule_join();
    end_sending();
}

/* ---- chunks: of one heap of each member, which have a thread and a list each ---- */

enum { MEMBERS = 2, CHUNKS = 3, MEMBER_HEAPS = MEMBERS * CHUNKS };

static struct {
    sp2_chunk_group *group;
    sp2_receive_stream *streams[MEMBERS];
    uint64_t members;
    int64_t last_id;
    uint64_t present;
    uint32_t calls;
    uint32_t calls_used;
} chunks;

static datagram_list member_heaps[MEMBERS];

/* Heaps 0, 2, 4 and 1, 3, 5. */
static void make_member_packets(void) {
    for (uint64_t cnt = 0; member_heaps[MEMBERS - 1].count != CHUNKS; cnt++) {
        uint8_t *payload = new_payload(HEAP_BYTES, cnt);
        datagrams_add_heap(&member_heaps[cnt % MEMBERS], cnt, payload, HEAP_BYTES, HEAP_BYTES);
        free(payload);
    }
}

static void begin_chunks(uint64_t members, uint32_t flags, uint32_t memories) {
    static const sp2_chunk_axis axis = {
        .item = ITEM_HEAP_CNT, .count = MEMBERS, .data_stride = HEAP_BYTES, .present_stride = 1};
    platform_reset();
    make_member_packets();
    memset(&chunks, 0, sizeof(chunks));
    chunks.members = members;
    chunks.last_id = -1;
    sp2_chunk_group_options options = SP2_CHUNK_GROUP_OPTIONS_INIT;
    options.flags = flags;
    options.max_chunks = 1;
    options.ring_chunks = 1;
    options.members = members;
    options.member_timeout_ns = SP2_CHUNK_NO_TIMEOUT;
    SCHEDULE_CHECK(sp2_chunk_group_create(&options, &chunks.group) == SP2_OK);
    for (uint32_t i = 0; i < memories; i++) {
        sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
        sp2_chunk *chunk;
        memory.data_size = MEMBERS * HEAP_BYTES;
        memory.present_size = MEMBERS;
        SCHEDULE_CHECK(sp2_chunk_create(&memory, &chunk) == SP2_OK);
        SCHEDULE_CHECK(sp2_chunk_group_add_free(chunks.group, chunk) == SP2_OK);
    }
    for (uint64_t i = 0; i < members; i++) {
        sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
        sp2_chunk_options member = SP2_CHUNK_OPTIONS_INIT;
        sp2_receive_options stream = SP2_RECEIVE_OPTIONS_INIT;
        layout.flags = SP2_CHUNK_LAYOUT_ORIGIN;
        layout.axes = &axis;
        layout.axis_count = 1;
        member.group = chunks.group;
        member.layout = &layout;
        stream.chunks = &member;
        stream.log_level = SP2_LOG_NONE;
        SCHEDULE_CHECK(sp2_receive_stream_create(NULL, &stream, &chunks.streams[i]) == SP2_OK);
    }
}

static void feed_members(void) {
    for (uint64_t i = 0; i < chunks.members; i++) {
        SCHEDULE_CHECK(add_datagram_source(chunks.streams[i], member_heaps[i].datagrams,
                                           member_heaps[i].count) == SP2_OK);
    }
}

/* Chunks come in order, and what is present of them has its bytes. */
static void take_chunk(sp2_chunk *chunk) {
    sp2_chunk_info info = SP2_CHUNK_INFO_INIT;
    SCHEDULE_CHECK(sp2_chunk_get_info(chunk, &info) == SP2_OK);
    SCHEDULE_CHECK(info.id > chunks.last_id && info.id < CHUNKS);
    chunks.last_id = info.id;
    for (uint64_t i = 0; i < MEMBERS; i++) {
        uint8_t *payload = new_payload(HEAP_BYTES, (uint64_t)info.id * MEMBERS + i);
        SCHEDULE_CHECK(info.present[i] == 0 ||
                       memcmp(info.data + i * HEAP_BYTES, payload, HEAP_BYTES) == 0);
        chunks.present += info.present[i];
        free(payload);
    }
    sp2_chunk_release(chunk);
}

static void consume_chunks(void *unused) {
    (void)unused;
    sp2_chunk *chunk;
    int32_t status;
    while ((status = sp2_chunk_group_pop_wait(chunks.group, ENDLESS, &chunk)) == SP2_OK) {
        take_chunk(chunk);
    }
    SCHEDULE_CHECK(status == SP2_E_STOPPED);
}

/* Returns how many heaps were not placed. */
static uint64_t end_chunks(void) {
    uint64_t lost = 0;
    schedule_join();
    schedule_choices(false);
    for (uint64_t i = 0; i < chunks.members; i++) {
        sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
        SCHEDULE_CHECK(sp2_receive_stream_get_stats(chunks.streams[i], &stats) == SP2_OK);
        lost += stats.too_old_heaps;
        sp2_receive_stream_destroy(chunks.streams[i]);
    }
    sp2_chunk_group_destroy(chunks.group);
    return lost;
}

/* The data ring has room for one chunk, and there is one more than that. */
static void chunks_with_full_ring(void) {
    begin_chunks(1, 0, 2);
    schedule_start(consume_chunks, NULL);
    schedule_choices(true);
    feed_members();
    SCHEDULE_CHECK(end_chunks() == 0 && chunks.present == CHUNKS);
}

static void lossless_members(void) {
    begin_chunks(MEMBERS, SP2_CHUNK_GROUP_LOSSLESS, 2);
    schedule_start(consume_chunks, NULL);
    schedule_choices(true);
    feed_members();
    SCHEDULE_CHECK(end_chunks() == 0 && chunks.present == MEMBER_HEAPS);
}

static void lossy_members(void) {
    begin_chunks(MEMBERS, 0, 2);
    schedule_start(consume_chunks, NULL);
    schedule_choices(true);
    feed_members();
    SCHEDULE_CHECK(end_chunks() + chunks.present == MEMBER_HEAPS);
}

/* A member waits for its chunk, and its stream is destroyed while somebody may let it go on. */
static void waiting_member_destroyed(void) {
    begin_chunks(1, 0, 2);
    feed_members();
    schedule_start(consume_chunks, NULL);
    schedule_choices(true);
    sp2_receive_stream_destroy(chunks.streams[0]);
    chunks.members = 0;
    end_chunks();
}

static void group_stopped(void) {
    begin_chunks(MEMBERS, 0, 2);
    schedule_start(consume_chunks, NULL);
    schedule_choices(true);
    feed_members();
    SCHEDULE_CHECK(sp2_chunk_group_stop(chunks.group, SP2_CHUNK_STOP_DROP) == SP2_OK);
    end_chunks();
}

static void chunk_ready(void *context) {
    (void)context;
    chunks.calls++;
}

static bool chunk_was_called(void *unused) {
    (void)unused;
    return chunks.calls != chunks.calls_used;
}

static void consume_chunks_by_callback(void *unused) {
    (void)unused;
    for (;;) {
        sp2_chunk *chunk;
        const int32_t status = sp2_chunk_group_pop(chunks.group, &chunk);
        if (status == SP2_OK) {
            take_chunk(chunk);
        } else if (status == SP2_E_STOPPED) {
            return;
        } else if (sp2_chunk_group_request_ready(chunks.group) == SP2_E_EMPTY) {
            schedule_wait(chunk_was_called, NULL, false);
            chunks.calls_used++;
        }
    }
}

static void chunks_by_callback(void) {
    begin_chunks(1, 0, 2);
    SCHEDULE_CHECK(sp2_chunk_group_set_ready_callback(chunks.group, chunk_ready, NULL) == SP2_OK);
    schedule_start(consume_chunks_by_callback, NULL);
    schedule_choices(true);
    feed_members();
    SCHEDULE_CHECK(end_chunks() == 0 && chunks.present == CHUNKS);
}

/* ---- the memory pool and the default memory ---- */

static void *base_allocate(void *context, uint64_t size, const sp2_packet_header *packet,
                           void **block_context) {
    (void)context;
    (void)packet;
    (void)block_context;
    shared.blocks++;
    return malloc((size_t)size);
}

static void base_free(void *context, void *block, uint64_t size, void *block_context) {
    (void)context;
    (void)size;
    (void)block_context;
    shared.blocks--;
    free(block);
}

static void base_end(void *context) {
    (void)context;
    shared.ends++;
}

static void use_pool(void *unused) {
    (void)unused;
    void *contexts[2];
    void *blocks[2];
    for (int i = 0; i < 2; i++) {
        blocks[i] = sp2__allocator_allocate(shared.pool, HEAP_BYTES, NULL, &contexts[i]);
        SCHEDULE_CHECK(blocks[i] != NULL);
        memset(blocks[i], i, HEAP_BYTES);
    }
    for (int i = 0; i < 2; i++) {
        sp2__allocator_free(shared.pool, blocks[i], HEAP_BYTES, contexts[i]);
    }
}

static void refilled_pool(void) {
    platform_reset();
    memset(&shared, 0, sizeof(shared));
    sp2_allocator_options base = SP2_ALLOCATOR_OPTIONS_INIT;
    base.allocate = base_allocate;
    base.free = base_free;
    base.finish = base_end;
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = 1;
    options.upper = HEAP_BYTES;
    options.initial = 2;
    options.max_free = 2;
    options.low_water = 2;
    options.log_level = SP2_LOG_NONE;
    SCHEDULE_CHECK(sp2_allocator_create(&base, &options.base) == SP2_OK);
    SCHEDULE_CHECK(sp2_thread_pool_create(NULL, &options.thread_pool) == SP2_OK);
    SCHEDULE_CHECK(sp2_memory_pool_create(&options, &shared.pool) == SP2_OK);
    sp2_allocator_destroy(options.base);
    sp2_thread_pool_destroy(options.thread_pool);
    schedule_start(use_pool, NULL);
    schedule_choices(true);
    use_pool(NULL);
    schedule_join();
    sp2_memory_pool_stats stats = SP2_MEMORY_POOL_STATS_INIT;
    SCHEDULE_CHECK(sp2_memory_pool_get_stats(shared.pool, &stats) == SP2_OK);
    SCHEDULE_CHECK(stats.in_use == 0 && stats.free <= 2 && stats.hits + stats.misses == 4);
    /* Perhaps while it is refilled; its threads end with it. */
    sp2_allocator_destroy(shared.pool);
    schedule_choices(false);
    while (shared.ends == 0) {
        schedule_yield();
    }
    SCHEDULE_CHECK(shared.blocks == 0 && shared.ends == 1);
}

enum { BLOCK_BYTES = 500000 };

static sp2__block take_block(void) {
    sp2__block block;
    SCHEDULE_CHECK(sp2__recycler_take(BLOCK_BYTES, BLOCK_BYTES, &block));
    return block;
}

static void use_default_memory(void *unused) {
    (void)unused;
    sp2__block block = take_block();
    const uint8_t mine = (uint8_t)(schedule_current() + 1);
    block.memory[0] = mine;
    block.memory[BLOCK_BYTES - 1] = mine;
    block.warm = BLOCK_BYTES;
    const sp2__block other = take_block();
    sp2__recycler_give(&other);
    SCHEDULE_CHECK(block.memory[0] == mine && block.memory[BLOCK_BYTES - 1] == mine);
    sp2__recycler_give(&block);
}

/* Threads take and return blocks while the last user leaves. */
static void default_memory(void) {
    platform_reset();
    memset(&shared, 0, sizeof(shared));
    sp2__recycler_add_user();
    schedule_start(use_default_memory, NULL);
    schedule_choices(true);
    use_default_memory(NULL);
    sp2__recycler_remove_user();
    schedule_join();
    schedule_choices(false);
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    SCHEDULE_CHECK(sp2_memory_get_stats(&memory) == SP2_OK);
    SCHEDULE_CHECK(memory.used_bytes == 0 && memory.cached_bytes == 0);
}

static _Atomic uint64_t secret;

static void draw_secret(void *drawn) {
    *(uint64_t *)drawn = sp2__secret_at(&secret);
    SCHEDULE_CHECK(sp2__secret_at(&secret) == *(uint64_t *)drawn);
}

/* Threads that need the same secret first agree on it. */
static void secret_is_drawn(void) {
    platform_reset();
    uint64_t drawn[2] = {0, 0};
    secret = 0;
    schedule_start(draw_secret, &drawn[1]);
    schedule_choices(true);
    draw_secret(&drawn[0]);
    schedule_join();
    schedule_choices(false);
    SCHEDULE_CHECK(drawn[0] != 0 && drawn[0] == drawn[1]);
}

#define STREAM_FILES                                                                               \
    "ring.c ring_sink.c consumer.c flow.c stream.c source.c ingest.c wake.c event_loop.c "         \
    "ready_call.c ready_handle.c settings.c datagram_source.c udp_source.c"

#define SHARING_FILES "steering.c flow.c stream.c source.c ingest.c event_loop.c udp_source.c"

#define CHUNK_FILES                                                                                \
    "chunk_group.c chunk_sink.c ready_call.c flow.c stream.c source.c ingest.c wake.c "            \
    "event_loop.c datagram_source.c"

#define SEND_FILES "stream.c pump.c heap.c wake.c event_loop.c function_writer.c thread_pool.c"

static const schedule_scenario scenarios[] = {
    {"one consumer, full ring", one_consumer, STREAM_FILES, false},
    {"one consumer that looks before it sleeps", one_consumer, STREAM_FILES, true},
    {"two consumers", two_consumers, STREAM_FILES, false},
    {"consumer with a timeout", consumer_with_timeout, STREAM_FILES, false},
    {"consumer with the ready callback", ready_callback, STREAM_FILES, false},
    {"consumer with a handle", handle_for_event_loops, STREAM_FILES, false},
    {"ready callback is removed", callback_removed, STREAM_FILES, false},
    {"stream is stopped by the user", stopped_by_user, STREAM_FILES, false},
    {"source is added while the stream is started", explicit_start, STREAM_FILES, false},
    {"UDP source is paused and resumed", udp_with_full_ring, STREAM_FILES, false},
    {"UDP source is stopped by the user", udp_stopped_by_user, STREAM_FILES, false},
    {"two sources, one slot for heaps", two_sources_yield, STREAM_FILES, false},
    {"two sources, half a heap is lost", two_sources_half_lost, STREAM_FILES, false},
    {"two sources, full ring", two_sources_block, STREAM_FILES, false},
    {"two sources, stopped by the user", two_sources_stop, STREAM_FILES, false},
    {"two sources, destroyed", two_sources_destroy, STREAM_FILES, false},
    {"two sources, one is removed", one_of_two_sources_removed, STREAM_FILES, false},
    {"two sources, one is removed with a full ring", removed_with_full_ring, STREAM_FILES, false},
    {"two sources, a handle outlives its stream", handle_outlives_stream, STREAM_FILES, false},
    {"two streams share a port", shared_port_is_read, SHARING_FILES, false},
    {"two streams share a port, one is stopped", shared_port_loses_a_stream, SHARING_FILES, false},
    {"chunks, full ring", chunks_with_full_ring, CHUNK_FILES, false},
    {"chunks with the ready callback", chunks_by_callback, CHUNK_FILES, false},
    {"chunks of two members, lossless", lossless_members, CHUNK_FILES, false},
    {"chunks of two members, lossy", lossy_members, CHUNK_FILES, false},
    {"member of a group is destroyed while it waits", waiting_member_destroyed, CHUNK_FILES, false},
    {"group is stopped while its members receive", group_stopped, CHUNK_FILES, false},
    {"heaps are sent through a full queue", sent_through_full_queue, SEND_FILES, false},
    {"a completion sends", sent_by_completion, SEND_FILES, false},
    {"two users send", sent_by_two, SEND_FILES, false},
    {"sender is stopped while heaps are queued", stopped_while_sending, SEND_FILES, false},
    {"two users flush", flushed_by_two, SEND_FILES, false},
    {"memory pool is refilled and ends", refilled_pool, "memory_pool.c allocator.c event_loop.c",
     false},
    {"default memory loses its last user", default_memory, "recycler.c", false},
    {"secret is drawn by two threads", secret_is_drawn, "secret.c", false},
};

SP2_TEST(Files_of_scenarios_are_sources_of_the_core) {
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        char files[512];
        char *rest = files;
        snprintf(files, sizeof(files), "%s", scenarios[i].files);
        for (char *file; (file = strtok_r(rest, " ", &rest)) != NULL;) {
            char end_of_path[64];
            snprintf(end_of_path, sizeof(end_of_path), "/%s ", file);
            sp2_test_context("%s: %s", scenarios[i].name, file);
            CHECK(strstr(SCHEDULED_SOURCES " ", end_of_path) != NULL);
        }
    }
}

SP2_TEST(Scenarios_hold_in_every_order_of_steps) {
    make_packets();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        const uint64_t start = sp2_test_now_ns();
        const schedule_result result = schedule_explore(&scenarios[i], MUTATE_NOTHING, "");
        printf("%8" PRIu64 " orders, %s cost %" PRIu32 ", up to %4" PRIu64 " choices, %.1f s: %s\n",
               result.schedules, result.all ? "all up to" : "limit after all up to", result.cost,
               result.points, (double)(sp2_test_now_ns() - start) / 1e9, scenarios[i].name);
        fflush(stdout);
        sp2_test_context("%s", scenarios[i].name);
        CHECK_STR(result.failure, "");
        CHECK(result.schedules > 10);
    }
}

/* What is left out of the core, and the scenario that misses it. */
static const struct {
    const char *scenario;
    schedule_mutation mutation;
    const char *function;
} mutations[] = {
    {"one consumer, full ring", MUTATE_FENCE, "leave_to_consumer"},
    {"one consumer, full ring", MUTATE_FENCE, "sp2__ring_announce"},
    {"one consumer, full ring", MUTATE_STORE, "sp2__ring_stop"},
    {"one consumer, full ring", MUTATE_STORE, "sp2__ring_publish"},
    {"one consumer, full ring", MUTATE_LOCK, "make_room"},
    {"two consumers", MUTATE_LOCK, "sp2__ring_pop"},
    {"consumer with the ready callback", MUTATE_FENCE, "sp2__ring_announce"},
    {"consumer with the ready callback", MUTATE_FENCE, "sp2_receive_stream_request_ready"},
    {"consumer with a handle", MUTATE_LOCK, "sp2__ring_sink_update_handle"},
    {"UDP source is paused and resumed", MUTATE_FENCE, "leave_to_consumer"},
    {"UDP source is paused and resumed", MUTATE_LOCK, "park"},
    {"UDP source is stopped by the user", MUTATE_LOCK, "close_as"},
    {"two sources, one slot for heaps", MUTATE_LOCK, "sp2__stream_enter"},
    {"two sources, full ring", MUTATE_STORE, "set_state"},
    {"two sources, full ring", MUTATE_LOCK, "park"},
    {"two sources, destroyed", MUTATE_LOCK, "run"},
    {"two sources, stopped by the user", MUTATE_LOCK, "run"},
    {"two sources, a handle outlives its stream", MUTATE_LOCK, "close_as"},
    {"chunks, full ring", MUTATE_LOCK, "announce"},
    {"chunks, full ring", MUTATE_LOCK, "park"},
    {"member of a group is destroyed while it waits", MUTATE_LOCK, "sp2__chunk_group_part"},
    {"member of a group is destroyed while it waits", MUTATE_LOCK, "announce"},
    {"default memory loses its last user", MUTATE_LOCK, "lock_class"},
};

static const schedule_scenario *scenario_named(const char *name) {
    size_t i = 0;
    while (strcmp(scenarios[i].name, name) != 0) {
        i++;
    }
    return &scenarios[i];
}

SP2_TEST(Orders_that_go_wrong_are_found_when_something_is_left_out) {
    static const char *const kinds[] = {
        [MUTATE_FENCE] = "fence", [MUTATE_STORE] = "store", [MUTATE_LOCK] = "lock"};
    make_packets();
    for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
        const schedule_result result = schedule_explore(
            scenario_named(mutations[i].scenario), mutations[i].mutation, mutations[i].function);
        printf("found after %6" PRIu64 " orders: no %s in %s (%s): %s\n", result.schedules,
               kinds[mutations[i].mutation], mutations[i].function, mutations[i].scenario,
               result.failure);
        fflush(stdout);
        sp2_test_context("no %s in %s", kinds[mutations[i].mutation], mutations[i].function);
        CHECK(result.failure[0] != '\0');
    }
}
