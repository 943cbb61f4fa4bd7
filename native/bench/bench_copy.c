/* SPDX-License-Identifier: MIT */
/*
 * Which way of copying is faster, where heaps do not fit the caches or somebody reads them?
 *
 * These handle the same packets, in turns within one run:
 *
 *   memcpy       one thread copies the payload of each packet to its place in a heap and does
 *                nothing else (not with --consume: nobody would read its heaps).
 *   plain, nontemporal, auto
 *                the whole receive path, with one method of sp2_receive_stream_set_memcpy each.
 *
 * With --rotate the consumer keeps that many bytes of heaps and releases the oldest for each new
 * one, so that memory comes round when no cache has it any more; memcpy writes to the very same
 * heaps. The packets, as those of a socket, stay in cache: those of a heap begin so closely one
 * after the other, each in the payload of the one before if need be, that a source has
 * SOURCE_BYTES.
 *
 * With --consume the consumer, on a CPU of its own, reads every byte of a heap as soon as it gets
 * it. What is measured is then the slower of the two.
 */
#include "bench_assemble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet_builder.h"
#include "sources.h"

#define MIB ((uint64_t)1 << 20)

/* What all packets of a source heap take, about. */
#define SOURCE_BYTES (MIB / 2)

/* A repetition: enough to write over every cache, and enough heaps to be a stream. */
#define RUN_BYTES (256 * MIB)
#define RUN_HEAPS 8

/* Packets begin at a multiple of this: a cache line. */
#define STEP 64

enum { DEFAULT_REPEATS = 15 };

typedef enum method { MEMCPY, PLAIN, NONTEMPORAL, AUTO, METHODS } method;

static const char *const names[METHODS] = {"memcpy", "plain", "nontemporal", "auto"};
static const int32_t identifiers[METHODS] = {0, SP2_MEMCPY_STD, SP2_MEMCPY_NONTEMPORAL,
                                             SP2_MEMCPY_AUTO};

typedef struct comparison {
    const bench_settings *settings;
    uint64_t heap;
    uint64_t payload;
    uint64_t packets; /* in the list */
    uint64_t heaps;   /* in the list */
    uint8_t *source[SOURCE_HEAPS];
    sp2_datagram *list;
    sp2_thread_pool *pool;
    sp2_heap **kept; /* a circle; the oldest is at `turn` */
    uint64_t kept_count;
    uint64_t turn;
    uint64_t sum; /* of all bytes read, so that the compiler does not leave the reading out */
} comparison;

/* Writes the header of a packet to its place, and says where the packet is. */
static sp2_datagram place_packet(const comparison *c, uint8_t *at, uint64_t cnt, uint64_t offset) {
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, (int64_t)c->heap, offset, c->payload);
    if (offset == 0) {
        packet_add_address(&packet, 0x1000, 0);
    }
    memcpy(at, packet.bytes, packet.length);
    const sp2_datagram datagram = {at, packet.length + c->payload};
    packet_free(&packet);
    return datagram;
}

static void make_packets(comparison *c) {
    const uint64_t per_heap = c->heap / c->payload;
    const uint64_t closest = SOURCE_BYTES / per_heap / STEP * STEP;
    const uint64_t whole = (c->payload / STEP + 2) * STEP;
    const uint64_t step = closest < STEP ? STEP : closest < whole ? closest : whole;
    for (uint64_t h = 0; h < SOURCE_HEAPS; h++) {
        c->source[h] = allocate((size_t)(step * per_heap + whole));
        for (uint64_t i = 0; i < per_heap; i++) {
            c->list[h * per_heap + i] =
                place_packet(c, c->source[h] + i * step, h + 1, i * c->payload);
        }
    }
    for (uint64_t i = SOURCE_HEAPS * per_heap; i < c->packets; i++) {
        c->list[i] = c->list[i % (SOURCE_HEAPS * per_heap)];
    }
}

static const uint8_t *payload_of(const comparison *c, const sp2_datagram *packet) {
    return (const uint8_t *)packet->data + packet->length - c->payload;
}

static uint64_t sum_of(const uint8_t *bytes, uint64_t length) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i + sizeof(sum) <= length; i += sizeof(sum)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        sum += word;
    }
    return sum;
}

static sp2_heap_info info_of(const sp2_heap *heap) {
    sp2_heap_info info = SP2_HEAP_INFO_INIT;
    check(sp2_heap_get_info(heap, &info), "sp2_heap_get_info");
    return info;
}

static void check_content(const comparison *c, const sp2_heap_info *info) {
    const uint64_t per_heap = c->heap / c->payload;
    const sp2_datagram *first = &c->list[(info->cnt - 1) * per_heap];
    for (uint64_t i = 0; i < per_heap; i++) {
        if (memcmp(info->payload + i * c->payload, payload_of(c, &first[i]), (size_t)c->payload) !=
            0) {
            stop_with("receive", "a heap has the wrong content");
        }
    }
}

/* What the consumer does with a heap; whether it is complete. */
static bool take_heap(comparison *c, sp2_heap *heap, bool compare) {
    const sp2_heap_info info = info_of(heap);
    if (compare) {
        check_content(c, &info);
    }
    if (c->settings->consume) {
        c->sum += sum_of(info.payload, info.payload_length);
    }
    if (c->kept_count != 0) {
        sp2_heap *oldest = c->kept[c->turn];
        c->kept[c->turn] = heap;
        c->turn = c->turn + 1 == c->kept_count ? 0 : c->turn + 1;
        heap = oldest;
    }
    sp2_heap_release(heap);
    return (info.flags & SP2_HEAP_COMPLETE) != 0;
}

/* Nanoseconds per packet. */
static double receive_once(comparison *c, method way, bool compare) {
    sp2_receive_stream *stream;
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = c->settings->ring_heaps;
    check(sp2_receive_stream_create(c->pool, &options, &stream), "sp2_receive_stream_create");
    check(sp2_receive_stream_set_memcpy(stream, identifiers[way]), "sp2_receive_stream_set_memcpy");
    check(add_datagram_source(stream, c->list, c->packets), "add_datagram_source");
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    uint64_t complete = 0;
    uint64_t before_start = 0;
    double start = 0;
    double end = 0;
    while (sp2_receive_stream_pop_wait(stream, heaps, POP_BATCH, -1, &count) == SP2_OK) {
        for (uint32_t i = 0; i < count; i++) {
            complete += take_heap(c, heaps[i], compare);
        }
        end = now_ns();
        if (before_start == 0) {
            before_start = complete;
            start = end;
        }
    }
    sp2_receive_stream_destroy(stream);
    if (complete != c->heaps) {
        stop_with("receive", "not every heap arrived complete");
    }
    return (end - start) / (double)((c->heaps - before_start) * (c->heap / c->payload));
}

static double memcpy_once(comparison *c) {
    const size_t payload = (size_t)c->payload;
    const uint64_t per_heap = c->heap / c->payload;
    const double start = now_ns();
    for (uint64_t first = 0; first < c->packets; first += per_heap) {
        /* The heap is this program's alone, and nobody reads it any more. */
        uint8_t *to = (uint8_t *)(uintptr_t)info_of(c->kept[c->turn]).payload;
        c->turn = c->turn + 1 == c->kept_count ? 0 : c->turn + 1;
        for (uint64_t i = 0; i < per_heap; i++, to += payload) {
            memcpy(to, payload_of(c, &c->list[first + i]), payload);
        }
    }
    return (now_ns() - start) / (double)c->packets;
}

static double run_once(comparison *c, method way, bool compare) {
    if (way == MEMCPY) {
        run_on(c->settings->worker_cpu);
        return memcpy_once(c);
    }
    run_on(c->settings->consumer_cpu);
    return receive_once(c, way, compare);
}

static void print_table_line(const comparison *c, double results[METHODS][MAX_REPEATS],
                             uint32_t done, method first) {
    printf("%9llu %7llu", (unsigned long long)c->heap, (unsigned long long)c->payload);
    double medians[METHODS] = {0};
    for (method way = first; way < METHODS; way++) {
        medians[way] = median_of(results[way], done);
        printf("  %5.2f (%5.2f to %5.2f)", (double)c->payload / medians[way],
               (double)c->payload / results[way][done - 1], (double)c->payload / results[way][0]);
    }
    printf("  %5.2f  %5.2f\n", medians[first] / medians[NONTEMPORAL],
           medians[PLAIN] / medians[AUTO]);
}

static void print_json_lines(const comparison *c, double results[METHODS][MAX_REPEATS],
                             uint32_t done, method first) {
    for (method way = first; way < METHODS; way++) {
        const double median = median_of(results[way], done);
        printf("{\"bench\":\"copy\",\"method\":\"%s\",\"heap\":%llu,\"payload\":%llu,"
               "\"rotate\":%llu,\"consume\":%s,\"ring_heaps\":%llu,\"repeats\":%u,\"ns_per_"
               "packet\":%.2f,"
               "\"min\":%.2f,\"max\":%.2f,\"gb_per_s\":%.2f}\n",
               names[way], (unsigned long long)c->heap, (unsigned long long)c->payload,
               (unsigned long long)c->settings->rotate, c->settings->consume ? "true" : "false",
               (unsigned long long)c->settings->ring_heaps, done, median, results[way][0],
               results[way][done - 1], (double)c->payload / median);
    }
}

static void compare(const bench_settings *settings, uint64_t heap, uint64_t payload) {
    comparison c = {.settings = settings, .heap = heap, .payload = payload};
    c.heaps = RUN_BYTES / heap < RUN_HEAPS ? RUN_HEAPS : RUN_BYTES / heap;
    c.packets = c.heaps * (heap / payload);
    c.list = allocate((size_t)c.packets * sizeof(*c.list));
    make_packets(&c);
    c.pool = new_pool(settings);
    c.kept_count = (settings->rotate + heap - 1) / heap;
    c.kept = calloc((size_t)c.kept_count + 1, sizeof(sp2_heap *));
    if (c.kept == NULL) {
        stop_with("calloc", "not enough memory");
    }
    for (uint64_t received = 0; received <= c.kept_count; received += c.heaps) {
        run_once(&c, received % 2 == 0 ? PLAIN : NONTEMPORAL, received < c.heaps * 2);
    }

    static double results[METHODS][MAX_REPEATS];
    const method first = settings->rotate != 0 && !settings->consume ? MEMCPY : PLAIN;
    const uint32_t repeats = settings->repeats != 0 ? settings->repeats : DEFAULT_REPEATS;
    const double end = now_ns() + settings->seconds * 1e9;
    uint32_t done = 0;
    while (settings->seconds > 0 ? now_ns() < end && done < MAX_REPEATS : done < repeats) {
        for (method way = first; way < METHODS; way++) {
            results[way][done] = run_once(&c, way, false);
        }
        done++;
    }
    (settings->json ? print_json_lines : print_table_line)(&c, results, done, first);
    fflush(stdout);

    __asm__ volatile("" : : "r"(c.sum));
    for (uint64_t i = 0; i < c.kept_count; i++) {
        sp2_heap_release(c.kept[i]);
    }
    sp2_thread_pool_destroy(c.pool);
    free(c.kept);
    free(c.list);
    for (uint64_t h = 0; h < SOURCE_HEAPS; h++) {
        free(c.source[h]);
    }
}

static void print_title(const bench_settings *s) {
    const bool with_memcpy = s->rotate != 0 && !s->consume;
    printf("GB/s: median (smallest to largest); %llu MiB of heaps kept%s\n",
           (unsigned long long)(s->rotate / MIB), s->consume ? "; every byte is read" : "");
    printf("%9s %7s", "heap", "payload");
    for (method way = with_memcpy ? MEMCPY : PLAIN; way < METHODS; way++) {
        printf("  %-22s", names[way]);
    }
    printf("  nt/%s auto/plain\n", with_memcpy ? "memcpy" : "plain");
}

void compare_copies(const bench_settings *settings) {
    static const uint64_t usual_heaps[] = {65536, 1048576, 16777216};
    static const uint64_t usual_payloads[] = {1024, 4096, 8192};
    if (!settings->json) {
        print_title(settings);
    }
    for (size_t h = 0; h < (settings->heap != 0 ? 1 : 3); h++) {
        for (size_t p = 0; p < (settings->payload != 0 ? 1 : 3); p++) {
            const uint64_t heap = settings->heap != 0 ? settings->heap : usual_heaps[h];
            const uint64_t payload = settings->payload != 0 ? settings->payload : usual_payloads[p];
            if (heap % payload != 0) {
                stop_with("--payload", "has to divide the heap size");
            }
            compare(settings, heap, payload);
        }
    }
}
