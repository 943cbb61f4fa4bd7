/* SPDX-License-Identifier: MIT */
/*
 * Sends a SPEAD stream over UDP: a few heaps with a counter and samples, and a stop.
 *
 *   c-send HOST PORT
 *
 * The same source works with both libraries, spead2core and spead2aot.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spead2core/spead2core.h>

enum { HEAPS = 2, SAMPLES = 1024, ID_COUNT = 0x1000, ID_SAMPLES = 0x1001 };

static int fail(const char *what, int32_t status) {
    fprintf(stderr, "%s: %s: %s\n", what, sp2_status_name(status), sp2_last_error_message());
    return EXIT_FAILURE;
}

/* Says what the items are, so that receivers can read them. */
static int32_t describe(sp2_send_heap *heap) {
    static const sp2_format_field u16 = {16, 'u', 0};
    static const int64_t shape = SAMPLES;
    sp2_descriptor count = {.id = ID_COUNT, .name = "count", .description = "of heaps"};
    sp2_descriptor samples = {.id = ID_SAMPLES, .name = "samples", .description = "big-endian"};
    count.name_length = (uint32_t)strlen(count.name);
    count.description_length = (uint32_t)strlen(count.description);
    count.format = &u16;
    count.format_fields = 1;
    samples.name_length = (uint32_t)strlen(samples.name);
    samples.description_length = (uint32_t)strlen(samples.description);
    samples.format = &u16;
    samples.format_fields = 1;
    samples.shape = &shape;
    samples.rank = 1;
    const int32_t status = sp2_send_heap_add_descriptor(heap, &count);
    return status == SP2_OK ? sp2_send_heap_add_descriptor(heap, &samples) : status;
}

/* What became of a heap; on the stream's thread. */
static void completed(void *context, const sp2_send_result *result) {
    (void)context;
    if (result->status != SP2_OK) {
        fprintf(stderr, "c-send: %" PRIu64 " packets could not be sent (%s)\n", result->failed,
                sp2_status_name(result->status));
    }
}

/* Sends a heap and waits until its memory may be changed again. */
static int32_t send_and_wait(sp2_send_stream *stream, sp2_send_heap *heap) {
    const sp2_heap_reference one = {heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    const int32_t status = sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, completed, NULL);
    return status == SP2_OK ? sp2_send_stream_flush(stream, -1) : status;
}

static int32_t send_all(sp2_send_stream *stream, sp2_send_heap *heap) {
    static uint8_t samples[SAMPLES * 2];
    int32_t status = describe(heap);
    for (uint64_t n = 1; n <= HEAPS && status == SP2_OK; n++) {
        memset(samples, (int)n, sizeof(samples));
        status = sp2_send_heap_add_immediate(heap, ID_COUNT, n);
        if (status == SP2_OK) {
            status = sp2_send_heap_add_item(heap, ID_SAMPLES, samples, sizeof(samples), 0);
        }
        if (status == SP2_OK) {
            status = send_and_wait(stream, heap);
        }
        if (status == SP2_OK) {
            status = sp2_send_heap_clear(heap);
        }
    }
    if (status == SP2_OK) {
        status = sp2_send_heap_add_control(heap, SP2_STREAM_CONTROL_STOP);
    }
    return status == SP2_OK ? send_and_wait(stream, heap) : status;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: c-send HOST PORT\n");
        return EXIT_FAILURE;
    }
    const sp2_udp_destination destination = {argv[1], (uint32_t)strtoul(argv[2], NULL, 10), 0};
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    sp2_send_stream *stream = NULL;
    sp2_send_heap *heap = NULL;
    udp.destinations = &destination;
    udp.destination_count = 1;
    int32_t status = sp2_send_stream_create(NULL, NULL, &stream);
    if (status == SP2_OK) {
        status = sp2_send_stream_add_udp_writer(stream, &udp, NULL);
    }
    if (status == SP2_OK) {
        status = sp2_send_heap_create(NULL, &heap);
    }
    if (status == SP2_OK) {
        status = send_all(stream, heap);
    }
    if (status == SP2_OK) {
        sp2_send_stats stats = SP2_SEND_STATS_INIT;
        sp2_send_stream_get_stats(stream, &stats);
        printf("%" PRIu64 " heaps, %" PRIu64 " packets, %" PRIu64 " bytes\n", stats.heaps,
               stats.packets, stats.bytes);
    }
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    return status == SP2_OK ? EXIT_SUCCESS : fail("c-send", status);
}
