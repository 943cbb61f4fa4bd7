/* SPDX-License-Identifier: MIT */
/* How payload gets from packets into heaps: the methods, and functions of the user's. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loopback.h"
#include "receiver.h"
#include "test_threads.h"

static const int32_t methods[] = {SP2_MEMCPY_DEFAULT, SP2_MEMCPY_STD, SP2_MEMCPY_NONTEMPORAL,
                                  SP2_MEMCPY_AUTO};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

/* What copies the packets of a stream: `copy`, or a method if that is NULL. */
typedef struct copying {
    int32_t method;
    sp2_copy_fn copy;
    void *context;
} copying;

static heap_list receive_by(const sp2_receive_options *options, const datagram_list *list,
                            const copying *how, sp2_receive_stats *stats) {
    sp2_receive_stream *stream = new_stream(options);
    if (how->copy != NULL) {
        REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, how->copy, how->context));
    } else {
        REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, how->method));
    }
    REQUIRE_OK(add_datagram_source(stream, list->datagrams, list->count));
    const heap_list heaps = pop_all(stream);
    *stats = stats_of(stream);
    check_sums(stats);
    sp2_receive_stream_destroy(stream);
    return heaps;
}

static void copy_as_usual(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    if (context != NULL) {
        ++*(uint64_t *)context;
    }
    memcpy(heap + packet->payload_offset, packet->payload, (size_t)packet->payload_length);
}

/* A heap as most senders make them: its packets say nothing but what they must, which is the short
 * way through the core. */
static void add_usual_heap(datagram_list *list, uint64_t cnt, const uint8_t *payload,
                           uint64_t length, uint64_t packet) {
    for (uint64_t offset = 0; offset < length; offset += packet) {
        const uint64_t rest = length - offset;
        datagrams_add_part(list, 48, cnt, (int64_t)length, payload, offset,
                           rest < packet ? rest : packet);
    }
}

/* ---- every way gives the same heaps ---- */

enum { TRACES = 150, MOST_PACKETS = 60, HEAPS = 5, LONGEST_HEAP = 20000, LONGEST_PAYLOAD = 3000 };

/* Packets of heaps of random lengths, mostly in order, some lost, doubled or unsized, so that
 * payload goes to every alignment of a cache line from every other. */
static datagram_list random_trace(sp2_test_rng *rng) {
    datagram_list list = {0};
    uint64_t next[HEAPS] = {0};
    uint64_t lengths[HEAPS];
    uint8_t *payloads[HEAPS];
    for (uint64_t cnt = 0; cnt < HEAPS; cnt++) {
        lengths[cnt] = 1 + sp2_test_below(rng, LONGEST_HEAP);
        payloads[cnt] = new_payload(lengths[cnt], cnt);
    }
    for (int i = 0; i < MOST_PACKETS; i++) {
        const uint64_t cnt = sp2_test_below(rng, HEAPS);
        uint64_t offset = next[cnt];
        if (sp2_test_below(rng, 10) == 0) {
            offset = sp2_test_below(rng, lengths[cnt]);
        }
        const uint64_t rest = lengths[cnt] - offset;
        const uint64_t length =
            sp2_test_below(rng, rest < LONGEST_PAYLOAD ? rest + 1 : LONGEST_PAYLOAD);
        const bool sized = sp2_test_below(rng, 20) != 0 && cnt != 0;
        datagrams_add_part(&list, 48, cnt, sized ? (int64_t)lengths[cnt] : NO_HEAP_LENGTH,
                           payloads[cnt], offset, length);
        next[cnt] = offset + length == lengths[cnt] ? 0 : offset + length;
    }
    for (uint64_t cnt = 0; cnt < HEAPS; cnt++) {
        free(payloads[cnt]);
    }
    return list;
}

static bool check_same_by(const sp2_receive_options *options, const datagram_list *list,
                          const copying *how, const heap_list *expected,
                          const sp2_receive_stats *expected_stats) {
    sp2_receive_stats stats;
    heap_list heaps = receive_by(options, list, how, &stats);
    stats.worker_blocked = expected_stats->worker_blocked; /* depends on the consumer */
    const bool same =
        CHECK_MEM(&stats, expected_stats, sizeof(stats)) && check_same_heaps(&heaps, expected);
    heaps_free(&heaps);
    return same;
}

SP2_TEST(Every_method_gives_the_same_heaps) {
    static const uint32_t orders[] = {0, SP2_RECEIVE_IN_ORDER, SP2_RECEIVE_NO_UNSIZED_HEAPS};
    const copying plain = {.method = SP2_MEMCPY_STD};
    const copying own = {.copy = copy_as_usual};
    sp2_test_rng rng = sp2_test_random();
    bool same = true;
    for (int trace = 0; same && trace < TRACES; trace++) {
        sp2_receive_options options = quiet_options(
            orders[trace % 3] | SP2_RECEIVE_DELIVER_INCOMPLETE | SP2_RECEIVE_KEEP_RANGES |
            (trace % 2 == 0 ? SP2_RECEIVE_KEEP_INCOMPLETE_PAYLOAD : 0));
        options.max_heaps = 1 + sp2_test_below(&rng, HEAPS);
        options.ring_heaps = 1 + sp2_test_below(&rng, 3);
        datagram_list list = random_trace(&rng);
        sp2_receive_stats stats;
        sp2_test_context("trace %d, plain", trace);
        heap_list expected = receive_by(&options, &list, &plain, &stats);
        for (int i = 0; same && i < METHODS; i++) {
            const copying how = {.method = methods[i]};
            sp2_test_context("trace %d, method %d", trace, (int)methods[i]);
            same = check_same_by(&options, &list, &how, &expected, &stats);
        }
        sp2_test_context("trace %d, a user-supplied function", trace);
        same = same && check_same_by(&options, &list, &own, &expected, &stats);
        heaps_free(&expected);
        datagrams_free(&list);
    }
}

/* ---- while the stream runs ---- */

enum { STREAM_HEAPS = 600, STREAM_HEAP_BYTES = 30000, STREAM_PACKET = 1400 };

static datagram_list many_heaps(void) {
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= STREAM_HEAPS; cnt++) {
        uint8_t *payload = new_payload(STREAM_HEAP_BYTES, cnt);
        add_usual_heap(&list, cnt, payload, STREAM_HEAP_BYTES, STREAM_PACKET);
        free(payload);
    }
    return list;
}

/* A consumer looks at every byte of a heap as soon as it can have it. Without the fence before the
 * heap is published it could find bytes missing where processors show stores in another order than
 * they were made; non-temporal ones are such on x86, too, though hardly ever long enough. */
SP2_TEST(Consumer_finds_every_byte_of_nontemporal_heaps) {
    datagram_list list = many_heaps();
    for (uint64_t ring_heaps = 1; ring_heaps <= 64; ring_heaps *= 8) {
        sp2_receive_options options = quiet_options(0);
        options.ring_heaps = ring_heaps;
        sp2_receive_stream *stream = new_stream(&options);
        REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_NONTEMPORAL));
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        uint64_t seen = 0;
        sp2_heap *heap;
        uint32_t count;
        int32_t status;
        while ((status = sp2_receive_stream_pop(stream, &heap, 1, &count)) != SP2_E_STOPPED) {
            if (status == SP2_OK) {
                check_filled_heap(heap, ++seen, STREAM_HEAP_BYTES);
                sp2_heap_release(heap);
            }
        }
        CHECK_EQ_U64(seen, STREAM_HEAPS);
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}

/* A function that must not be called once it has been replaced. */
typedef struct watched_copy {
    atomic_bool replaced;
    uint64_t calls; /* under the stream's lock */
} watched_copy;

static void copy_watched(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    watched_copy *watched = context;
    CHECK(!atomic_load(&watched->replaced));
    copy_as_usual(&watched->calls, heap, packet);
    CHECK(!atomic_load(&watched->replaced));
}

typedef struct switching {
    sp2_receive_stream *stream;
    atomic_bool end;
    uint64_t calls;
} switching;

static void *switch_copying(void *argument) {
    switching *s = argument;
    /* The one in use must stay valid while the other is prepared. */
    watched_copy watched[2] = {{.replaced = true}, {.replaced = true}};
    for (uint32_t turn = 0; !atomic_load(&s->end); turn++) {
        watched_copy *next = &watched[turn % 2];
        watched_copy *last = &watched[1 - turn % 2];
        next->calls = 0;
        atomic_store(&next->replaced, false);
        CHECK_STATUS(sp2_receive_stream_set_copy_function(s->stream, copy_watched, next), SP2_OK);
        atomic_store(&last->replaced, true);
        s->calls += last->calls;
        if (turn % 3 == 0) {
            CHECK_STATUS(sp2_receive_stream_set_memcpy(s->stream, methods[turn / 3 % METHODS]),
                         SP2_OK);
            atomic_store(&next->replaced, true);
        }
        sp2_test_nap();
    }
    CHECK_STATUS(sp2_receive_stream_set_copy_function(s->stream, NULL, NULL), SP2_OK);
    return NULL;
}

SP2_TEST(Copying_may_be_changed_while_the_stream_receives) {
    datagram_list list = many_heaps();
    uint64_t calls = 0;
    /* Until the other thread has had its turn often enough, however they are scheduled. */
    for (int round = 0; round < 100 && (round < 5 || calls == 0); round++) {
        sp2_receive_stream *stream = new_stream(NULL);
        switching s = {.stream = stream};
        test_thread thread;
        test_thread_start(&thread, switch_copying, &s);
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        for (uint64_t cnt = 1; cnt <= STREAM_HEAPS; cnt++) {
            heap_list one = pop_count(stream, 1);
            if (one.count == 1) {
                check_filled_heap(one.heaps[0], cnt, STREAM_HEAP_BYTES);
            }
            heaps_free(&one);
        }
        atomic_store(&s.end, true);
        test_thread_join(thread);
        calls += s.calls;
        sp2_receive_stream_destroy(stream);
    }
    CHECK(calls != 0);
    datagrams_free(&list);
}

SP2_TEST(Nontemporal_heap_is_there_although_nothing_follows_it) {
    enum { LENGTH = 5000, ROUNDS = 50 };
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_NONTEMPORAL));
    const uint32_t port = open_loopback_source(stream);
    for (uint64_t cnt = 1; cnt <= ROUNDS; cnt++) {
        uint8_t *payload = new_payload(LENGTH, cnt);
        datagram_list list = {0};
        add_usual_heap(&list, cnt, payload, LENGTH, 1000);
        send_to_loopback(port, &list);
        heap_list one = pop_count(stream, 1);
        REQUIRE(one.count == 1);
        check_heap(one.heaps[0], cnt, payload, LENGTH);
        heaps_free(&one);
        datagrams_free(&list);
        free(payload);
    }
    sp2_receive_stream_destroy(stream);
}

SP2_TEST(Function_set_within_a_heap_gets_all_packets_from_then_on) {
    enum { LENGTH = 5000, PACKET = 500, BEFORE = 4 };
    uint8_t *payload = new_payload(LENGTH, 1);
    datagram_list list = {0};
    add_usual_heap(&list, 1, payload, LENGTH, PACKET);
    uint64_t calls = 0;
    sp2_receive_stream *stream = new_stream(NULL);
    const uint32_t port = open_loopback_source(stream);
    const datagram_list first = {.datagrams = list.datagrams, .count = BEFORE};
    const datagram_list rest = {.datagrams = list.datagrams + BEFORE, .count = list.count - BEFORE};
    send_to_loopback(port, &first);
    WAIT_UNTIL(stats_of(stream).packets == BEFORE, PATIENCE_SECONDS);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_as_usual, &calls));
    send_to_loopback(port, &rest);
    heap_list one = pop_count(stream, 1);
    REQUIRE(one.count == 1);
    check_heap(one.heaps[0], 1, payload, LENGTH);
    CHECK_EQ_U64(calls, LENGTH / PACKET - BEFORE);
    heaps_free(&one);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    free(payload);
}

/* A consumer that looks all the time must not be told of the end before it can see the last heaps.
 */
SP2_TEST(End_of_a_stream_does_not_hide_its_last_nontemporal_heaps) {
    enum { STREAMS = 800, LENGTH = 2000, LAST_HEAPS = 3 };
    datagram_list list = {0};
    for (uint64_t cnt = 1; cnt <= LAST_HEAPS; cnt++) {
        uint8_t *payload = new_payload(LENGTH, cnt);
        add_usual_heap(&list, cnt, payload, LENGTH, LENGTH);
        free(payload);
    }
    sp2_thread_pool *pool;
    REQUIRE_OK(sp2_thread_pool_create(NULL, &pool));
    const sp2_receive_options options = quiet_options(0);
    uint64_t seen = 0;
    for (int i = 0; i < STREAMS; i++) {
        sp2_receive_stream *stream;
        REQUIRE_OK(sp2_receive_stream_create(pool, &options, &stream));
        REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_NONTEMPORAL));
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        sp2_heap *heap;
        uint32_t count;
        int32_t status;
        while ((status = sp2_receive_stream_pop(stream, &heap, 1, &count)) != SP2_E_STOPPED) {
            if (status == SP2_OK) {
                seen++;
                sp2_heap_release(heap);
            }
        }
        sp2_receive_stream_destroy(stream);
    }
    CHECK_EQ_U64(seen, STREAMS * LAST_HEAPS);
    sp2_thread_pool_destroy(pool);
    datagrams_free(&list);
}

SP2_TEST(Stop_ends_a_stream_with_nontemporal_heaps) {
    datagram_list list = many_heaps();
    for (uint64_t popped = 0; popped < 40; popped += 13) {
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_NONTEMPORAL));
        REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
        heap_list first = pop_count(stream, popped);
        REQUIRE_OK(sp2_receive_stream_stop(stream));
        heap_list rest = pop_all(stream);
        for (uint64_t i = 0; i < rest.count; i++) {
            check_filled_heap(rest.heaps[i], popped + i + 1, STREAM_HEAP_BYTES);
        }
        heaps_free(&first);
        heaps_free(&rest);
        sp2_receive_stream_destroy(stream);
    }
    datagrams_free(&list);
}

/* ---- functions of the user's ---- */

/* Puts bytes in the opposite order into the heap and counts them. */
static void copy_reversed(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    CHECK(context == NULL);
    for (uint64_t i = 0; i < packet->payload_length; i++) {
        const uint64_t at = (uint64_t)packet->heap_length - 1 - packet->payload_offset - i;
        heap[at] = packet->payload[i];
    }
    if (packet->custom_stats != NULL) {
        packet->custom_stats[0] += packet->payload_length;
        if (packet->custom_stats[1] < packet->payload_offset) {
            packet->custom_stats[1] = packet->payload_offset;
        }
    }
}

SP2_TEST(Function_may_scatter_the_bytes_of_a_heap) {
    enum { LENGTH = 1000, PACKET = 96 };
    uint8_t payload[LENGTH];
    uint8_t reversed[LENGTH];
    fill_payload(payload, LENGTH, 7);
    for (int i = 0; i < LENGTH; i++) {
        reversed[i] = payload[LENGTH - 1 - i];
    }
    for (size_t other = 2; other <= 5; other++) {
        datagram_list list = {0};
        add_usual_heap(&list, 7, payload, LENGTH, PACKET);
        datagrams_swap(&list, 2, other);
        const copying how = {.copy = copy_reversed};
        sp2_receive_stats stats;
        heap_list heaps = receive_by(NULL, &list, &how, &stats);
        REQUIRE(heaps.count == 1);
        check_heap(heaps.heaps[0], 7, reversed, LENGTH);
        heaps_free(&heaps);
        datagrams_free(&list);
    }
}

SP2_TEST(Function_may_keep_custom_statistics) {
    enum { LENGTH = 1000, PACKET = 96 };
    static const sp2_custom_stat wanted[] = {{.name = "bytes", .mode = SP2_STAT_COUNTER},
                                             {.name = "offset", .mode = SP2_STAT_MAXIMUM}};
    sp2_receive_options options = quiet_options(0);
    options.custom_stats = wanted;
    options.custom_stat_count = 2;
    datagram_list list = {0};
    uint8_t payload[LENGTH] = {0};
    add_usual_heap(&list, 1, payload, LENGTH, PACKET);
    add_usual_heap(&list, 2, payload, LENGTH, PACKET);
    sp2_receive_stream *stream = new_stream(&options);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_reversed, NULL));
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    CHECK_EQ_U64(heaps.count, 2);
    heaps_free(&heaps);
    uint64_t values[64];
    uint32_t count;
    REQUIRE_OK(sp2_receive_stream_get_stat_values(stream, values, 64, &count));
    REQUIRE(count >= 2 && count <= 64);
    CHECK_EQ_U64(values[count - 2], 2 * LENGTH);
    CHECK_EQ_U64(values[count - 1], LENGTH / PACKET * PACKET);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
}

SP2_TEST(Function_is_called_once_for_each_accepted_packet_with_payload) {
    enum { LENGTH = 300, PACKET = 100 };
    uint8_t payload[LENGTH];
    uint64_t calls = 0;
    const copying how = {.copy = copy_as_usual, .context = &calls};
    sp2_receive_stats stats;
    fill_payload(payload, LENGTH, 1);
    datagram_list list = {0};
    datagrams_add_part(&list, 48, 1, LENGTH, payload, 0, 0);
    datagrams_add_part(&list, 48, 1, LENGTH, payload, 100, PACKET);
    datagrams_add_part(&list, 48, 1, LENGTH, payload, 100, PACKET);     /* a duplicate */
    datagrams_add_part(&list, 48, 1, LENGTH, payload, 50, PACKET);      /* overlaps */
    datagrams_add_part(&list, 48, 1, LENGTH + 100, payload, 0, PACKET); /* another length */
    datagrams_add_part(&list, 40, 1, LENGTH, payload, 0, PACKET);       /* another flavour */
    datagrams_add_part(&list, 48, 1, LENGTH, payload, 0, PACKET);
    datagrams_add_part(&list, 48, 1, LENGTH, payload, 200, PACKET);
    heap_list heaps = receive_by(NULL, &list, &how, &stats);
    CHECK_EQ_U64(calls, 3);
    CHECK_EQ_U64(stats.packets, 8);
    REQUIRE(heaps.count == 1);
    check_heap(heaps.heaps[0], 1, payload, LENGTH);
    heaps_free(&heaps);
    datagrams_free(&list);
}

/* What was copied once must be carried over as it is when the heap grows. */
static void copy_inverted(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    ++*(uint64_t *)context;
    for (uint64_t i = 0; i < packet->payload_length; i++) {
        heap[packet->payload_offset + i] = (uint8_t)~packet->payload[i];
    }
}

SP2_TEST(Growth_of_an_unsized_heap_does_not_call_the_function) {
    enum { LENGTH = 50000, PACKET = 500 };
    uint8_t *payload = new_payload(LENGTH, 3);
    datagram_list list = {0};
    for (uint64_t offset = 0; offset < LENGTH; offset += PACKET) {
        datagrams_add_part(&list, 48, 3, NO_HEAP_LENGTH, payload, offset, PACKET);
    }
    for (int i = 0; i < LENGTH; i++) {
        payload[i] = (uint8_t)~payload[i];
    }
    uint64_t calls = 0;
    const copying how = {.copy = copy_inverted, .context = &calls};
    sp2_receive_stats stats;
    heap_list heaps = receive_by(NULL, &list, &how, &stats);
    CHECK_EQ_U64(calls, LENGTH / PACKET);
    REQUIRE(heaps.count == 1);
    const sp2_heap_info info = info_of(heaps.heaps[0]);
    if (CHECK_EQ_U64(info.payload_length, LENGTH)) {
        CHECK_MEM(info.payload, payload, LENGTH);
    }
    heaps_free(&heaps);
    datagrams_free(&list);
    free(payload);
}

typedef struct seen_header {
    uint64_t calls;
    sp2_packet_header header;
    uint8_t first_pointer[8];
} seen_header;

static void remember_header(void *context, uint8_t *heap, const sp2_packet_header *packet) {
    seen_header *seen = context;
    seen->calls++;
    seen->header = *packet;
    REQUIRE(packet->pointers != NULL);
    memcpy(seen->first_pointer, packet->pointers, sizeof(seen->first_pointer));
    copy_as_usual(NULL, heap, packet);
}

SP2_TEST(Function_is_told_what_the_packet_says) {
    uint8_t payload[24];
    fill_payload(payload, sizeof(payload), 9);
    packet_builder packet;
    packet_begin_heap(&packet, 40, 9, 24, 0, 24);
    packet_add_immediate(&packet, 0x1234, 77);
    packet_add_payload(&packet, payload, sizeof(payload));
    datagram_list list = {0};
    datagrams_add_packet(&list, &packet);
    seen_header seen = {0};
    const copying how = {.copy = remember_header, .context = &seen};
    sp2_receive_stats stats;
    heap_list heaps = receive_by(NULL, &list, &how, &stats);
    REQUIRE(heaps.count == 1);
    check_heap(heaps.heaps[0], 9, payload, sizeof(payload));
    const sp2_packet_header *header = &seen.header;
    const uint8_t *bytes = list.datagrams[0].data;
    CHECK_EQ_U64(seen.calls, 1);
    CHECK_EQ_U64(header->size, sizeof(*header));
    CHECK_EQ_U64(header->address_bits, 40);
    CHECK_EQ_U64(header->cnt, 9);
    CHECK_EQ_I64(header->heap_length, 24);
    CHECK_EQ_U64(header->payload_offset, 0);
    CHECK_EQ_U64(header->payload_length, 24);
    CHECK(header->payload == bytes + list.datagrams[0].length - 24);
    CHECK_EQ_U64(header->pointer_count, 1);
    CHECK_MEM(seen.first_pointer, bytes + 40, 8);
    CHECK(header->custom_stats == NULL);
    heaps_free(&heaps);
    datagrams_free(&list);
}

static uint64_t calls_of_next_stream(sp2_receive_stream *stream, uint64_t *calls) {
    uint8_t payload[100];
    fill_payload(payload, sizeof(payload), 1);
    datagram_list list = {0};
    add_usual_heap(&list, 1, payload, sizeof(payload), 50);
    REQUIRE_OK(add_datagram_source(stream, list.datagrams, list.count));
    heap_list heaps = pop_all(stream);
    REQUIRE(heaps.count == 1);
    check_heap(heaps.heaps[0], 1, payload, sizeof(payload));
    heaps_free(&heaps);
    sp2_receive_stream_destroy(stream);
    datagrams_free(&list);
    return *calls;
}

SP2_TEST(Method_takes_the_place_of_a_function) {
    for (int i = 0; i < METHODS; i++) {
        uint64_t calls = 0;
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_as_usual, &calls));
        REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, methods[i]));
        CHECK_EQ_U64(calls_of_next_stream(stream, &calls), 0);
    }
}

SP2_TEST(Function_takes_the_place_of_a_method_until_it_is_null) {
    for (int i = 0; i < METHODS; i++) {
        uint64_t calls = 0;
        sp2_receive_stream *stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_set_memcpy(stream, methods[i]));
        REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_as_usual, &calls));
        CHECK_EQ_U64(calls_of_next_stream(stream, &calls), 2);
        calls = 0;
        stream = new_stream(NULL);
        REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_as_usual, &calls));
        REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, NULL, NULL));
        CHECK_EQ_U64(calls_of_next_stream(stream, &calls), 0);
    }
}

/* ---- arguments ---- */

SP2_TEST(Unknown_method_is_refused_and_changes_nothing) {
    static const int32_t unknown[] = {-1, 4, 1000, INT32_MIN, INT32_MAX};
    uint64_t calls = 0;
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_set_copy_function(stream, copy_as_usual, &calls));
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        char value[16];
        snprintf(value, sizeof(value), "%d", (int)unknown[i]);
        CHECK_STATUS(sp2_receive_stream_set_memcpy(stream, unknown[i]), SP2_E_ARG);
        CHECK_CONTAINS(sp2_last_error_message(), value);
    }
    CHECK_EQ_U64(calls_of_next_stream(stream, &calls), 2);
}

SP2_TEST(Null_stream_is_refused) {
    CHECK_STATUS(sp2_receive_stream_set_memcpy(NULL, SP2_MEMCPY_STD), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "stream");
    CHECK_STATUS(sp2_receive_stream_set_copy_function(NULL, copy_as_usual, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "stream");
}

SP2_TEST(Copying_of_a_stopped_stream_may_be_changed) {
    sp2_receive_stream *stream = new_stream(NULL);
    REQUIRE_OK(sp2_receive_stream_stop(stream));
    CHECK_STATUS(sp2_receive_stream_set_memcpy(stream, SP2_MEMCPY_NONTEMPORAL), SP2_OK);
    CHECK_STATUS(sp2_receive_stream_set_copy_function(stream, copy_as_usual, NULL), SP2_OK);
    sp2_receive_stream_destroy(stream);
}
