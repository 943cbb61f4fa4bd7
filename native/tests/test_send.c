/* SPDX-License-Identifier: MIT */
/* Sending (spec section 9, addendum A9): packets byte for byte, the queue, completions, the rate.
 */
#include <math.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

enum { MOST_PACKETS = 64, MOST_BYTES = 4096 };

/* What a stream sent, in hex with one packet a line, and what it was told to fail. */
typedef struct sink {
    char text[MOST_PACKETS * 512];
    size_t length;
    uint32_t packets;
    uint32_t fail_from; /* packets from this one on fail; 0: none */
    _Atomic uint32_t completed;
    sp2_send_result results[MOST_PACKETS];
    sp2_send_stream *again; /* the first completion sends once more */
    sp2_heap_reference again_heap;
    uint8_t bytes[MOST_BYTES]; /* counts up */
} sink;

static int32_t take_packet(void *context, uint64_t substream, const void *packet, uint64_t length) {
    sink *to = context;
    (void)substream;
    to->packets++;
    if (to->fail_from != 0 && to->packets >= to->fail_from) {
        return 5; /* EIO */
    }
    for (uint64_t i = 0; i < length && to->length + 4 < sizeof(to->text); i++) {
        to->length +=
            (size_t)snprintf(to->text + to->length, 3, "%02x", ((const uint8_t *)packet)[i]);
    }
    if (to->length + 1 < sizeof(to->text)) {
        to->text[to->length++] = '\n';
        to->text[to->length] = '\0';
    }
    return 0;
}

static void completed(void *context, const sp2_send_result *result) {
    sink *to = context;
    const uint32_t number = atomic_load(&to->completed);
    to->results[number % MOST_PACKETS] = *result;
    atomic_store(&to->completed, number + 1);
    if (to->again != NULL) {
        sp2_send_stream *stream = to->again;
        to->again = NULL;
        CHECK_EQ_I64(
            sp2_send_stream_send(stream, &to->again_heap, 1, SP2_GROUP_SERIAL, completed, to),
            SP2_OK);
    }
}

static sink *new_sink(void) {
    sink *to = calloc(1, sizeof(*to));
    REQUIRE(to != NULL);
    for (int i = 0; i < MOST_BYTES; i++) {
        to->bytes[i] = (uint8_t)i;
    }
    return to;
}

static sp2_send_stream *new_stream(sink *to, const sp2_send_stream_options *options) {
    sp2_send_stream *stream;
    REQUIRE(sp2_send_stream_create(NULL, options, &stream) == SP2_OK);
    sp2_function_writer_options writer = SP2_FUNCTION_WRITER_OPTIONS_INIT;
    writer.packet = take_packet;
    writer.context = to;
    writer.substreams = 2;
    REQUIRE(sp2_send_stream_add_function_writer(stream, &writer, NULL) == SP2_OK);
    return stream;
}

static sp2_send_stream *new_sized_stream(sink *to, uint32_t max_packet_size) {
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_packet_size = max_packet_size;
    options.max_heaps = MOST_PACKETS;
    return new_stream(to, &options);
}

static sp2_send_heap *new_heap(uint32_t flags) {
    sp2_send_heap_options options = SP2_SEND_HEAP_OPTIONS_INIT;
    options.flags = flags;
    sp2_send_heap *heap;
    REQUIRE(sp2_send_heap_create(&options, &heap) == SP2_OK);
    return heap;
}

static sp2_heap_reference reference(sp2_send_heap *heap) {
    return (sp2_heap_reference){heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
}

/* Sends one heap as heap 1 in packets of at most `size` bytes and compares them. */
static void check_packets(sp2_send_heap *heap, uint32_t size, const char *expected) {
    sink *to = new_sink();
    sp2_send_stream *stream = new_sized_stream(to, size);
    const sp2_heap_reference one = reference(heap);
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to), SP2_OK);
    CHECK_EQ_I64(sp2_send_stream_flush(stream, -1), SP2_OK);
    CHECK_STR(to->text, expected);
    CHECK_EQ_U64(to->completed, 1);
    CHECK_EQ_I64(to->results[0].status, SP2_OK);
    CHECK_EQ_U64(to->results[0].packets, to->packets);
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    free(to);
}

static uint8_t counting[64];

static void add_item(sp2_send_heap *heap, uint64_t id, uint64_t length, uint32_t flags) {
    for (unsigned i = 0; i < sizeof(counting); i++) {
        counting[i] = (uint8_t)i;
    }
    CHECK_EQ_I64(sp2_send_heap_add_item(heap, id, counting, length, flags), SP2_OK);
}

SP2_TEST(Packets_are_cut_as_vectors_P1_to_P3_say) {
    sp2_send_heap *heap = new_heap(0);
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1600, 5), SP2_OK);
    add_item(heap, 0x1000, 40, 0);
    check_packets(heap, 72,
                  "5304030500000006800001000000000180000200000000288000030000000000"
                  "80000400000000108016000000000005"
                  "0010000000000000000102030405060708090a0b0c0d0e0f\n"
                  "5304030500000004800001000000000180000200000000288000030000000010"
                  "8000040000000018101112131415161718191a1b1c1d1e1f2021222324252627\n");
    heap = new_heap(SP2_SEND_REPEAT_POINTERS);
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1600, 5), SP2_OK);
    add_item(heap, 0x1000, 40, 0);
    check_packets(heap, 72,
                  "5304030500000006800001000000000180000200000000288000030000000000"
                  "80000400000000108016000000000005"
                  "0010000000000000000102030405060708090a0b0c0d0e0f\n"
                  "5304030500000006800001000000000180000200000000288000030000000010"
                  "80000400000000108016000000000005"
                  "0010000000000000101112131415161718191a1b1c1d1e1f\n"
                  "5304030500000006800001000000000180000200000000288000030000000020"
                  "80000400000000088016000000000005"
                  "00100000000000002021222324252627\n");
    heap = new_heap(0);
    add_item(heap, 0x1000, 9, 0);
    check_packets(heap, 79,
                  "5304030500000005800001000000000180000200000000098000030000000000"
                  "80000400000000090010000000000000000102030405060708\n");
}

SP2_TEST(Padding_follows_every_real_byte_as_P6_says) {
    sp2_send_heap *heap = new_heap(0);
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1600, 1), SP2_OK);
    add_item(heap, 0x1000, 9, 0);
    check_packets(heap, 56,
                  "5304030500000005800001000000000180000200000000118000030000000000"
                  "800004000000000880160000000000010001020304050607\n"
                  "5304030500000005800001000000000180000200000000118000030000000008"
                  "800004000000000800100000000000000800000000000000\n"
                  "5304030500000005800001000000000180000200000000118000030000000010"
                  "8000040000000001000000000000000900\n");
}

SP2_TEST(Heaps_without_payload_have_one_byte_as_P7_to_P10_say) {
    static const char head[] = "800001000000000180000200000000018000030000000000"
                               "8000040000000001";
    char expected[256];
    sp2_send_heap *heap = new_heap(0);
    CHECK_EQ_I64(sp2_send_heap_add_control(heap, SP2_STREAM_CONTROL_START), SP2_OK);
    snprintf(expected, sizeof(expected), "5304030500000006%s8000060000000000000000000000000000\n",
             head);
    check_packets(heap, 72, expected);
    heap = new_heap(0);
    CHECK_EQ_I64(sp2_send_heap_add_control(heap, SP2_STREAM_CONTROL_STOP), SP2_OK);
    snprintf(expected, sizeof(expected), "5304030500000006%s8000060000000002000000000000000000\n",
             head);
    check_packets(heap, 72, expected);
    snprintf(expected, sizeof(expected), "5304030500000005%s000000000000000000\n", head);
    check_packets(new_heap(0), 72, expected);
    heap = new_heap(0);
    add_item(heap, 0x1000, 1, SP2_SEND_ALLOW_IMMEDIATE);
    snprintf(expected, sizeof(expected), "5304030500000006%s8010000000000000000000000000000000\n",
             head);
    check_packets(heap, 72, expected);
}

SP2_TEST(Dialects_break_the_rules_of_their_senders) {
    static const struct {
        uint32_t flags;
        const char *data;    /* of a heap with an immediate and four bytes of payload */
        const char *control; /* of a heap with a stop alone */
    } cases[] = {
        {SP2_SEND_SKA_LOW_SPS,
         "5304030500000003800001000000000180000400000000048016000000000005"
         "00010203\n",
         "5304030500000003800001000000000180000400000000008000060000000002\n"},
        {SP2_SEND_SKA_LOW_ANTENNA_BUFFER | SP2_SEND_REPEAT_POINTERS,
         "5304030500000004800001000000000180000400000000048016000000000005"
         "001000000000000000010203\n",
         "5304030500000003800001000000000180000400000000008000060000000002\n"},
        {SP2_SEND_PYSPEAD,
         "5304030500000004800001000000000180160000000000050010000000000000"
         "800004000000000400010203\n",
         "530403050000000280000100000000018000060000000002\n"},
        {SP2_SEND_DATAGRAM_IS_HEAP,
         "5304030500000006800001000000000080000200000000388000030000000000"
         "8000040000000004801600000000000500100000000000"
         "0000010203\n",
         "5304030500000005800001000000000080000200000000008000030000000000"
         "80000400000000008000060000000002\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sp2_test_context("case %zu", i);
        sp2_send_heap *heap = new_heap(cases[i].flags);
        CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1600, 5), SP2_OK);
        add_item(heap, 0x1000, 4, 0);
        check_packets(heap, 72, cases[i].data);
        heap = new_heap(cases[i].flags);
        CHECK_EQ_I64(sp2_send_heap_add_control(heap, SP2_STREAM_CONTROL_STOP), SP2_OK);
        check_packets(heap, 72, cases[i].control);
    }
}

SP2_TEST(Heap_of_a_dialect_must_fit_one_packet) {
    sink *to = new_sink();
    sp2_send_stream *stream = new_sized_stream(to, 72);
    sp2_send_heap *heap = new_heap(SP2_SEND_SKA_LOW_ANTENNA_BUFFER);
    add_item(heap, 0x1000, 40, 0);
    sp2_heap_reference one = reference(heap);
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, NULL, NULL), SP2_OK);
    CHECK_EQ_I64(sp2_send_stream_flush(stream, -1), SP2_OK);
    CHECK_EQ_U64(to->packets, 1);
    sp2_send_heap_destroy(heap);
    heap = new_heap(SP2_SEND_SKA_LOW_ANTENNA_BUFFER);
    add_item(heap, 0x1000, 41, 0);
    one = reference(heap);
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, NULL, NULL), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "one packet");
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    CHECK_EQ_U64(to->packets, 1);
    free(to);
    sp2_send_heap_options options = SP2_SEND_HEAP_OPTIONS_INIT;
    options.flags = SP2_SEND_PYSPEAD | SP2_SEND_SKA_LOW_SPS;
    CHECK_EQ_I64(sp2_send_heap_create(&options, &heap), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "one dialect");
    options.flags = 32;
    CHECK_EQ_I64(sp2_send_heap_create(&options, &heap), SP2_E_TOO_NEW);
}

SP2_TEST(Heap_that_packets_cannot_carry_is_refused_by_send) {
    sink *to = new_sink();
    sp2_send_stream *stream = new_sized_stream(to, 72);
    sp2_send_heap *heap = new_heap(SP2_SEND_REPEAT_POINTERS);
    for (unsigned i = 0; i < 3; i++) {
        add_item(heap, 0x1000 + i, 1, 0);
    }
    const sp2_heap_reference one = reference(heap);
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "at most 2 can");
    sp2_send_stream_destroy(stream);
    CHECK_EQ_U64(to->completed, 0);
    sp2_send_heap_destroy(heap);
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_packet_size = 55;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    free(to);
}

/* The heap cnt and payload offset of each packet, as "1/0 2/18 ". */
static const char *packet_places(sink *to, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    for (const char *line = to->text; *line != '\0'; line = strchr(line, '\n') + 1) {
        unsigned long long cnt = 0;
        unsigned long long offset = 0;
        char field[17] = {0};
        memcpy(field, line + 22, 10);
        cnt = strtoull(field, NULL, 16);
        memcpy(field, line + 54, 10);
        offset = strtoull(field, NULL, 16);
        length += (size_t)snprintf(text + length, size - length, "%llx/%llu ", cnt, offset);
    }
    return text;
}

SP2_TEST(Counts_follow_the_sequence_as_C1_says) {
    sink *to = new_sink();
    char text[256];
    sp2_send_stream *stream = new_sized_stream(to, 72);
    sp2_send_heap *heap = new_heap(0);
    CHECK_EQ_I64(sp2_send_stream_set_cnt_sequence(stream, 1, 0), SP2_E_ARG);
    CHECK_EQ_I64(sp2_send_stream_set_cnt_sequence(stream, ((uint64_t)1 << 40) - 1, 3), SP2_OK);
    sp2_heap_reference one = reference(heap);
    for (int i = 0; i < 4; i++) {
        one.cnt = i == 2 ? 9 : SP2_HEAP_CNT_AUTOMATIC;
        CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to),
                     SP2_OK);
    }
    one.cnt = (int64_t)1 << 40;
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to), SP2_E_ARG);
    sp2_send_stream_flush(stream, -1);
    CHECK_STR(packet_places(to, text, sizeof(text)), "ffffffffff/0 2/0 9/0 5/0 ");
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    free(to);
}

/* Heaps of 40, 16 and 64 bytes. */
static void make_group(sp2_send_heap **heaps, sp2_heap_reference *references) {
    static const uint64_t lengths[3] = {40, 16, 64};
    for (int i = 0; i < 3; i++) {
        heaps[i] = new_heap(0);
        add_item(heaps[i], 0x1000, lengths[i], 0);
        references[i] = reference(heaps[i]);
    }
}

static void check_group(int32_t mode, int64_t middle_cnt, const char *expected) {
    sink *to = new_sink();
    char text[256];
    sp2_send_heap *heaps[3];
    sp2_heap_reference group[3];
    sp2_send_stream *stream = new_sized_stream(to, 72);
    make_group(heaps, group);
    group[1].cnt = middle_cnt;
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 3, mode, completed, to), SP2_OK);
    sp2_send_stream_flush(stream, -1);
    CHECK_STR(packet_places(to, text, sizeof(text)), expected);
    CHECK_EQ_U64(to->completed, 1);
    CHECK_EQ_U64(to->results[0].bytes, 384);
    sp2_send_stream_destroy(stream);
    for (int i = 0; i < 3; i++) {
        sp2_send_heap_destroy(heaps[i]);
    }
    free(to);
}

SP2_TEST(Groups_are_ordered_as_G1_and_G2_say) {
    check_group(SP2_GROUP_ROUND_ROBIN, SP2_HEAP_CNT_AUTOMATIC, "1/0 2/0 3/0 1/24 3/24 3/56 ");
    check_group(SP2_GROUP_SERIAL, 0x77, "1/0 1/24 77/0 2/0 2/24 2/56 ");
}

SP2_TEST(Refused_group_queues_nothing_and_uses_no_cnt) {
    sink *to = new_sink();
    char text[64];
    sp2_send_heap *heaps[3];
    sp2_heap_reference group[3];
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = 2;
    sp2_send_stream *stream = new_stream(to, &options);
    make_group(heaps, group);
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 3, SP2_GROUP_SERIAL, completed, to),
                 SP2_E_FULL);
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 0, SP2_GROUP_SERIAL, completed, to),
                 SP2_E_ARG);
    group[1].substream = 2;
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 2, SP2_GROUP_SERIAL, completed, to),
                 SP2_E_ARG);
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 1, 7, completed, to), SP2_E_ARG);
    group[0].rate = NAN;
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 1, SP2_GROUP_SERIAL, completed, to),
                 SP2_E_ARG);
    group[0].rate = SP2_STREAM_RATE;
    group[1].substream = 1;
    CHECK_EQ_I64(sp2_send_stream_send(stream, group, 2, SP2_GROUP_SERIAL, completed, to), SP2_OK);
    sp2_send_stream_flush(stream, -1);
    CHECK_STR(packet_places(to, text, sizeof(text)), "1/0 2/0 ");
    sp2_send_stats stats = SP2_SEND_STATS_INIT;
    CHECK_EQ_I64(sp2_send_stream_get_stats(stream, &stats), SP2_OK);
    CHECK_EQ_U64(stats.heaps, 2);
    CHECK_EQ_U64(stats.groups, 1);
    CHECK_EQ_U64(stats.heaps_refused, 3);
    sp2_send_stream_destroy(stream);
    for (int i = 0; i < 3; i++) {
        sp2_send_heap_destroy(heaps[i]);
    }
    free(to);
}

SP2_TEST(Failed_packets_are_told_and_the_rest_is_sent) {
    sink *to = new_sink();
    sp2_send_heap *heap = new_heap(0);
    add_item(heap, 0x1000, 64, 0);
    to->fail_from = 2;
    sp2_send_stream *stream = new_sized_stream(to, 72);
    const sp2_heap_reference one = reference(heap);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to),
                     SP2_OK);
    }
    sp2_send_stream_flush(stream, -1);
    CHECK_EQ_U64(to->completed, 2);
    CHECK_EQ_U64(to->packets, 6);
    CHECK_EQ_I64(to->results[0].status, SP2_E_OS);
    CHECK_EQ_I64(to->results[0].os_code, 5);
    CHECK_EQ_U64(to->results[0].packets, 1);
    CHECK_EQ_U64(to->results[0].bytes, 72);
    CHECK_EQ_U64(to->results[0].failed, 2);
    CHECK_EQ_U64(to->results[1].failed, 3);
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    free(to);
}

SP2_TEST(Completion_may_send_again_into_the_place_it_freed) {
    sink *to = new_sink();
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = 1;
    sp2_send_heap *heap = new_heap(0);
    sp2_send_stream *stream = new_stream(to, &options);
    to->again = stream;
    to->again_heap = reference(heap);
    CHECK_EQ_I64(sp2_send_stream_send(stream, &to->again_heap, 1, SP2_GROUP_SERIAL, completed, to),
                 SP2_OK);
    while (atomic_load(&to->completed) != 2) {
        CHECK_EQ_I64(sp2_send_stream_flush(stream, -1), SP2_OK);
    }
    CHECK_EQ_U64(to->packets, 2);
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    free(to);
}

SP2_TEST(Stop_completes_what_waits_for_its_rate_once_each) {
    sink *to = new_sink();
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = 32;
    options.rate = 1; /* a byte a second */
    options.burst_size = 1;
    sp2_send_heap *heap = new_heap(0);
    sp2_send_stream *stream = new_stream(to, &options);
    const sp2_heap_reference one = reference(heap);
    for (int i = 0; i < 32; i++) {
        CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to),
                     SP2_OK);
    }
    /* The first one may be sent at once; the second has to wait for as many seconds as it has
     * bytes. */
    while (atomic_load(&to->completed) == 0) {
        CHECK_EQ_I64(sp2_send_stream_flush(stream, 1000000), SP2_E_TIMEOUT);
    }
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1000, 1), SP2_E_STATE);
    CHECK_EQ_I64(sp2_send_stream_stop(stream), SP2_OK);
    CHECK_EQ_U64(to->completed, 32);
    CHECK_EQ_I64(to->results[0].status, SP2_OK);
    for (int i = 1; i < 32; i++) {
        CHECK_EQ_I64(to->results[i].status, SP2_E_STOPPED);
        CHECK_EQ_U64(to->results[i].packets, 0);
    }
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to),
                 SP2_E_STOPPED);
    CHECK_EQ_I64(sp2_send_stream_stop(stream), SP2_OK);
    sp2_send_stream_destroy(stream);
    CHECK_EQ_U64(to->completed, 32);
    sp2_send_heap_destroy(heap);
    free(to);
}

SP2_TEST(Stream_sends_at_its_rate) {
    sink *to = new_sink();
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = 64;
    options.rate = 1e6;
    options.burst_size = 1000;
    options.max_packet_size = 1048;
    sp2_send_heap *heap = new_heap(0);
    CHECK_EQ_I64(sp2_send_heap_add_item(heap, 0x1000, to->bytes, 1000, 0), SP2_OK);
    sp2_send_stream *stream = new_stream(to, &options);
    const sp2_heap_reference one = reference(heap);
    const uint64_t start = sp2_test_now_ns();
    for (int i = 0; i < 51; i++) {
        CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to),
                     SP2_OK);
    }
    sp2_send_stream_flush(stream, -1);
    const uint64_t elapsed = sp2_test_now_ns() - start;
    /* 50 waits of 1,048 us: never less, and a machine with other work may take longer. */
    CHECK(elapsed >= 52400000);
    CHECK_EQ_U64(to->packets, 51);
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    free(to);
}

/* The bytes of the one packet that a heap is sent as. */
static uint64_t packet_of(sp2_send_heap *heap, uint8_t *bytes, uint64_t capacity) {
    sink *to = new_sink();
    sp2_send_stream *stream = new_sized_stream(to, 1472);
    const sp2_heap_reference one = reference(heap);
    uint64_t length = 0;
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to), SP2_OK);
    sp2_send_stream_destroy(stream);
    CHECK_EQ_U64(to->packets, 1);
    for (const char *hex = to->text; *hex != '\n' && length < capacity; hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};
        bytes[length++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    free(to);
    return length;
}

/* The only heap that is in a packet. */
static sp2_heap *receive_packet(const uint8_t *bytes, uint64_t length) {
    sp2_receive_stream *stream;
    sp2_buffer_source_options source = SP2_BUFFER_SOURCE_OPTIONS_INIT;
    sp2_heap *heap;
    uint32_t count;
    source.data = bytes;
    source.length = length;
    REQUIRE(sp2_receive_stream_create(NULL, NULL, &stream) == SP2_OK);
    REQUIRE(sp2_receive_stream_add_buffer_source(stream, &source, NULL) == SP2_OK);
    REQUIRE(sp2_receive_stream_pop_wait(stream, &heap, 1, -1, &count) == SP2_OK);
    sp2_receive_stream_destroy(stream);
    return heap;
}

SP2_TEST(Descriptors_that_are_sent_are_received_as_they_were) {
    static const sp2_format_field format[2] = {{10, 'u', 0}, {6, 'i', 0}};
    static const int64_t shape[2] = {SP2_DIMENSION_VARIABLE, 4};
    static const char name[] = "gain";
    static const char about[] = "what it is";
    static const char header[] = "{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}";
    sp2_descriptor sent[2] = {
        {.id = 0x1234,
         .name = name,
         .name_length = sizeof(name) - 1,
         .description = about,
         .description_length = sizeof(about) - 1,
         .format = format,
         .format_fields = 2,
         .shape = shape,
         .rank = 2},
        {.id = 0x1235, .numpy_header = header, .numpy_header_length = sizeof(header) - 1}};
    sp2_send_heap *heap = new_heap(0);
    uint8_t bytes[1472];
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_I64(sp2_send_heap_add_descriptor(heap, &sent[i]), SP2_OK);
    }
    sp2_heap *received = receive_packet(bytes, packet_of(heap, bytes, sizeof(bytes)));
    const sp2_descriptor *list;
    uint64_t count;
    REQUIRE(sp2_heap_get_descriptors(received, &list, &count) == SP2_OK);
    REQUIRE(count == 2);
    CHECK_EQ_U64(list[0].id, 0x1234);
    CHECK_STR(list[0].name, name);
    CHECK_STR(list[0].description, about);
    CHECK_EQ_U64(list[0].format_fields, 2);
    CHECK_MEM(list[0].format, format, sizeof(format));
    CHECK_EQ_U64(list[0].rank, 2);
    CHECK_MEM(list[0].shape, shape, sizeof(shape));
    CHECK_EQ_U64(list[1].id, 0x1235);
    CHECK_STR(list[1].numpy_header, header);
    CHECK_EQ_U64(list[1].flags, 0);
    sp2_heap_release(received);
    sp2_send_heap_destroy(heap);
}

SP2_TEST(Item_or_descriptor_that_breaks_a_rule_is_refused_and_not_added) {
    sp2_send_heap *heap = new_heap(0);
    uint8_t bytes[64];
    sp2_descriptor descriptor = {.id = 0x1234};
    static const sp2_format_field wide = {(uint64_t)1 << 30, 'u', 0};
    for (uint64_t id = 1; id <= 4; id++) {
        CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, id, 1), SP2_E_ARG);
        CHECK_EQ_I64(sp2_send_heap_add_item(heap, id, bytes, 1, 0), SP2_E_ARG);
    }
    CHECK_CONTAINS(sp2_last_error_message(), "the stream itself writes");
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, (uint64_t)1 << 23, 1), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "23 bits in SPEAD-64-40");
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1000, (uint64_t)1 << 40), SP2_E_ARG);
    CHECK_EQ_I64(sp2_send_heap_add_item(heap, 0x1000, bytes, (uint64_t)1 << 40, 0), SP2_E_ARG);
    CHECK_EQ_I64(sp2_send_heap_add_item(heap, 0x1000, NULL, 1, 0), SP2_E_ARG);
    CHECK_EQ_I64(sp2_send_heap_add_item(heap, 0x1000, bytes, 1, 2), SP2_E_TOO_NEW);
    CHECK_EQ_I64(sp2_send_heap_add_control(heap, 1), SP2_E_ARG);
    CHECK_EQ_I64(sp2_send_heap_add_descriptor(heap, &descriptor), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "neither numpy_header nor format");
    descriptor.format = &wide;
    descriptor.format_fields = 1;
    CHECK_EQ_I64(sp2_send_heap_add_descriptor(heap, &descriptor), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "format[0] has the kind 117");
    /* As vector P9: a heap without any item. */
    CHECK_EQ_U64(packet_of(heap, bytes, sizeof(bytes)), 49);
    sp2_send_heap_destroy(heap);
}

SP2_TEST(Heap_that_is_cleared_is_filled_anew) {
    sp2_send_heap *heap = new_heap(0);
    uint8_t bytes[1472];
    const sp2_item *items;
    uint64_t count;
    add_item(heap, 0x1000, 40, 0);
    CHECK_EQ_I64(sp2_send_heap_clear(heap), SP2_OK);
    add_item(heap, 0x1001, 9, 0);
    CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1002, 7), SP2_OK);
    sp2_heap *received = receive_packet(bytes, packet_of(heap, bytes, sizeof(bytes)));
    REQUIRE(sp2_heap_get_items(received, &items, &count) == SP2_OK);
    REQUIRE(count == 2);
    CHECK_EQ_U64(items[0].id, 0x1001);
    CHECK_EQ_U64(items[0].length, 9);
    CHECK_EQ_U64(items[1].id, 0x1002);
    CHECK_EQ_U64(items[1].value, 7);
    sp2_heap_release(received);
    sp2_send_heap_destroy(heap);
}

SP2_TEST(Destroy_sends_what_is_queued_and_a_heap_outlives_its_handle) {
    sink *to = new_sink();
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_heaps = 1000;
    options.rate = 1e8;
    options.burst_size = 1;
    sp2_send_stream *stream = new_stream(to, &options);
    for (int i = 0; i < 1000; i++) {
        sp2_send_heap *heap = new_heap(0);
        CHECK_EQ_I64(sp2_send_heap_add_immediate(heap, 0x1000, (uint64_t)i), SP2_OK);
        const sp2_heap_reference one = reference(heap);
        CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, to),
                     SP2_OK);
        sp2_send_heap_destroy(heap);
    }
    sp2_send_stream_destroy(stream);
    CHECK_EQ_U64(to->completed, 1000);
    CHECK_EQ_U64(to->packets, 1000);
    free(to);
}

SP2_TEST(Options_of_a_stream_that_break_a_rule_are_refused) {
    sp2_send_stream *stream = NULL;
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    options.max_packet_size = 65536;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.max_packet_size = 0;
    options.rate = -1;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.rate = INFINITY;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.rate = 0;
    options.burst_rate_ratio = 0.99;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.burst_rate_ratio = 0;
    options.pacing = SP2_PACING_PACKETS;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    CHECK_CONTAINS(sp2_last_error_message(), "set a rate");
    options.pacing = 2;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.pacing = 0;
    options.max_heaps = SP2_SEND_MAX_HEAPS + 1;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_ARG);
    options.max_heaps = 0;
    options.flags = 1;
    CHECK_EQ_I64(sp2_send_stream_create(NULL, &options, &stream), SP2_E_TOO_NEW);
    CHECK(stream == NULL);
}

SP2_TEST(Writer_after_the_first_heap_or_a_stop_is_refused) {
    sink *to = new_sink();
    sp2_send_stream *stream = new_sized_stream(to, 72);
    sp2_send_heap *heap = new_heap(0);
    sp2_function_writer_options writer = SP2_FUNCTION_WRITER_OPTIONS_INIT;
    uint64_t first = 7;
    CHECK_EQ_I64(sp2_send_stream_add_function_writer(stream, &writer, &first), SP2_E_ARG);
    CHECK_EQ_U64(first, 0);
    writer.packet = take_packet;
    writer.context = to;
    CHECK_EQ_I64(sp2_send_stream_add_function_writer(stream, &writer, &first), SP2_OK);
    CHECK_EQ_U64(first, 2);
    const sp2_heap_reference one = reference(heap);
    CHECK_EQ_I64(sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, NULL, NULL), SP2_OK);
    CHECK_EQ_I64(sp2_send_stream_add_function_writer(stream, &writer, &first), SP2_E_STATE);
    CHECK_EQ_I64(sp2_send_stream_flush(stream, -1), SP2_OK);
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    free(to);
}
