/* SPDX-License-Identifier: MIT */
/*
 * What does a chunk stream cost over the one thing that it cannot avoid, the copy of the payload?
 *
 * Five methods handle the same packets, in turns within one run, so that all see the same machine:
 *
 *   memcpy       copies the payload of each packet to its place in a chunk and does nothing else
 *   nontemporal  the same by streaming stores, with a fence for each slice
 *   heap         the stream as it is without chunks: each heap is popped and looked at
 *   layout       the stream as the member of a chunk group, places found by a layout of two axes
 *   place        the same with a place function in the layout's stead
 *
 * All of it happens on one thread, which plays the part of a packet source: it hands the packets to
 * the stream in slices, as a source does. So there is no wake-up and no socket in the numbers. The
 * packets are those of a few heaps and stay in cache, as they are where a socket has just been read
 * from; their heap cnt and timestamp are changed in place before they are handed over, for every
 * method. The destination is cold: chunks, or as many bytes of heaps, are only used again when
 * ROTATION_BYTES of others have been.
 *
 * A repetition is RUN_BYTES of payload. One repetition gives nanoseconds per packet; the result is
 * the median of the repetitions, with the smallest as min.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "memory/copy.h"
#include "memory/system.h"
#include "packet/wire.h"
#include "packet_builder.h"
#include "receive/stream.h"
#include "spead2core/spead2core.h"

#define CHUNK_BYTES (UINT64_C(16) << 20)
#define RUN_BYTES (4 * CHUNK_BYTES)
#define ROTATION_BYTES (UINT64_C(256) << 20)

enum { TIMESTAMP = 0x1600, ANTENNA = 0x4101, ANTENNAS = 4, ADDRESS_BITS = 48 };

/* Where these words are in a packet; the second one in the first packet of a heap only. */
enum { CNT_WORD = 8, TIMESTAMP_WORD = 40 };

/* Datagrams that a source hands over in a slice. */
enum { SLICE_PACKETS = 64 };

enum { DEFAULT_REPEATS = 21, MAX_REPEATS = 1000, ROTATION_CHUNKS = ROTATION_BYTES / CHUNK_BYTES };

typedef enum method { MEMCPY, NONTEMPORAL, HEAP, LAYOUT, PLACE, METHODS } method;

static const char *const method_names[METHODS] = {"memcpy", "nontemporal", "heap", "layout",
                                                  "place"};

typedef struct settings {
    uint64_t heap;    /* 0: the usual shapes */
    uint64_t payload; /* 0: the usual shapes */
    uint32_t repeats;
    bool repeat_pointers; /* each packet has the items, not only the first of a heap */
    bool json;
} settings;

/* A heap size and packet size with everything made ready. */
typedef struct shape {
    const settings *settings;
    uint64_t heap;
    uint64_t payload;
    uint64_t heaps_per_chunk;
    datagram_list source; /* a heap of each antenna */
    uint8_t *chunks[ROTATION_CHUNKS];
    sp2__copy_lines_fn lines; /* NULL: this processor has no streaming stores */
    uint64_t next_heap[METHODS];
    sp2_receive_stream *streams[METHODS];
    sp2_chunk_group *groups[METHODS];
    sp2_chunk *kept_chunks[ROTATION_CHUNKS]; /* of the method that runs */
    sp2_heap **kept_heaps;
    uint64_t most_kept;
    uint64_t kept; /* ever */
    uint64_t done; /* heaps or presences that were seen */
    double ns[METHODS][MAX_REPEATS];
} shape;

static _Noreturn void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_chunk: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

/* As the library gets the memory of its chunks. */
static void *new_chunk_memory(void) {
    void *memory = sp2__system_alloc(CHUNK_BYTES);
    if (memory == NULL) {
        stop_with("a chunk", "not enough memory");
    }
    memset(memory, 0, CHUNK_BYTES);
    return memory;
}

/* ---- packets ---- */

static void add_packet(shape *s, uint64_t antenna, uint64_t offset, const uint8_t *content) {
    packet_builder packet;
    packet_begin_heap(&packet, ADDRESS_BITS, 0, (int64_t)s->heap, offset, s->payload);
    if (offset == 0 || s->settings->repeat_pointers) {
        packet_add_immediate(&packet, TIMESTAMP, 0);
        packet_add_immediate(&packet, ANTENNA, antenna);
    }
    packet_add_payload(&packet, content + offset, (size_t)s->payload);
    datagrams_add_packet(&s->source, &packet);
}

static void make_packets(shape *s) {
    for (uint64_t antenna = 0; antenna < ANTENNAS; antenna++) {
        uint8_t *content = new_payload(s->heap, antenna);
        for (uint64_t offset = 0; offset < s->heap; offset += s->payload) {
            add_packet(s, antenna, offset, content);
        }
        free(content);
    }
}

static void set_word(uint8_t *word, uint64_t item, uint64_t value) {
    const uint64_t pointer = SP2__IMMEDIATE_BIT | item << ADDRESS_BITS | value;
    const uint64_t swapped = SP2__SWAP_U64(pointer);
    memcpy(word, &swapped, sizeof(swapped));
}

/* The packet that follows, as that of heap `n`. */
SP2__INLINE const sp2_datagram *packet_of(const shape *s, uint64_t n, uint64_t offset,
                                          uint64_t *index) {
    const sp2_datagram *packet = &s->source.datagrams[*index];
    uint8_t *bytes = (uint8_t *)(uintptr_t)packet->data;
    *index = *index + 1 == s->source.count ? 0 : *index + 1;
    set_word(bytes + CNT_WORD, ITEM_HEAP_CNT, n);
    if (offset == 0 || s->settings->repeat_pointers) {
        set_word(bytes + TIMESTAMP_WORD, TIMESTAMP, n / ANTENNAS);
    }
    return packet;
}

/* ---- methods ---- */

static void copy_all(shape *s, method which) {
    uint64_t index = 0;
    uint64_t slice = 0;
    const uint64_t heaps = RUN_BYTES / s->heap;
    for (uint64_t i = 0; i < heaps; i++) {
        const uint64_t n = s->next_heap[which]++;
        uint8_t *to =
            s->chunks[n / s->heaps_per_chunk % ROTATION_CHUNKS] + n % s->heaps_per_chunk * s->heap;
        for (uint64_t offset = 0; offset < s->heap; offset += s->payload) {
            const sp2_datagram *packet = packet_of(s, n, offset, &index);
            const uint8_t *from =
                (const uint8_t *)packet->data + packet->length - (size_t)s->payload;
            if (which == MEMCPY) {
                memcpy(to + offset, from, (size_t)s->payload);
            } else {
                sp2__copy_nontemporal(s->lines, to + offset, from, (size_t)s->payload);
                if (++slice % SLICE_PACKETS == 0) {
                    sp2__copy_fence();
                }
            }
        }
    }
    sp2__copy_fence();
}

static void take_heaps(shape *s) {
    sp2_heap *heaps[SLICE_PACKETS];
    uint32_t count;
    while (sp2_receive_stream_pop(s->streams[HEAP], heaps, SLICE_PACKETS, &count) == SP2_OK) {
        for (uint32_t i = 0; i < count; i++) {
            sp2_heap_info info = SP2_HEAP_INFO_INIT;
            check(sp2_heap_get_info(heaps[i], &info), "sp2_heap_get_info");
            s->done += info.payload_length == s->heap;
            sp2_heap **place = &s->kept_heaps[s->kept++ % s->most_kept];
            sp2_heap_release(*place);
            *place = heaps[i];
        }
    }
}

static void take_chunks(shape *s, method which) {
    sp2_chunk *chunk;
    while (sp2_chunk_group_pop(s->groups[which], &chunk) == SP2_OK) {
        sp2_chunk_info info = SP2_CHUNK_INFO_INIT;
        check(sp2_chunk_get_info(chunk, &info), "sp2_chunk_get_info");
        s->done += info.present_count;
        sp2_chunk **place = &s->kept_chunks[s->kept++ % ROTATION_CHUNKS];
        sp2_chunk_release(*place);
        *place = chunk;
    }
}

static void hand_over(shape *s, method which) {
    sp2_receive_stream *stream = s->streams[which];
    uint64_t index = 0;
    uint64_t slice = 0;
    const uint64_t heaps = RUN_BYTES / s->heap;
    sp2__stream_enter(stream);
    for (uint64_t i = 0; i < heaps; i++) {
        const uint64_t n = s->next_heap[which]++;
        for (uint64_t offset = 0; offset < s->heap; offset += s->payload) {
            const sp2_datagram *packet = packet_of(s, n, offset, &index);
            if (sp2__stream_add_datagram(stream, packet->data, packet->length) != SP2__MORE) {
                stop_with(method_names[which], "the stream is blocked");
            }
            if (++slice % SLICE_PACKETS == 0) {
                sp2__stream_leave(stream);
                if (which == HEAP) {
                    take_heaps(s);
                } else {
                    take_chunks(s, which);
                }
                sp2__stream_enter(stream);
            }
        }
    }
    sp2__stream_leave(stream);
}

/* ---- streams ---- */

static void place(sp2_chunk_place *at, uint64_t size, void *context) {
    const shape *s = context;
    const uint64_t index = (uint64_t)at->items[0] * ANTENNAS + (uint64_t)at->items[1];
    (void)size;
    at->chunk_id = (int64_t)(index / s->heaps_per_chunk);
    at->heap_index = index % s->heaps_per_chunk;
    at->heap_offset = at->heap_index * s->heap;
}

static void make_member(shape *s, method which) {
    static const uint64_t items[] = {TIMESTAMP, ANTENNA};
    sp2_chunk_memory memory = SP2_CHUNK_MEMORY_INIT;
    sp2_chunk_axis axes[] = {
        {.item = TIMESTAMP,
         .count = s->heaps_per_chunk / ANTENNAS,
         .data_stride = ANTENNAS * s->heap,
         .present_stride = ANTENNAS},
        {.item = ANTENNA, .count = ANTENNAS, .data_stride = s->heap, .present_stride = 1},
    };
    sp2_chunk_layout layout = SP2_CHUNK_LAYOUT_INIT;
    sp2_chunk_options chunks = SP2_CHUNK_OPTIONS_INIT;
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    check(sp2_chunk_group_create(NULL, &s->groups[which]), "sp2_chunk_group_create");
    memory.data_size = CHUNK_BYTES;
    memory.present_size = s->heaps_per_chunk;
    /* Those of the window, and one on the way, beside those that are kept. */
    for (int i = 0; i < ROTATION_CHUNKS + SP2_CHUNK_DEFAULT_MAX_CHUNKS + 1; i++) {
        sp2_chunk *chunk;
        check(sp2_chunk_create(&memory, &chunk), "sp2_chunk_create");
        check(sp2_chunk_group_add_free(s->groups[which], chunk), "sp2_chunk_group_add_free");
    }
    layout.heap_length = s->heap;
    layout.axes = axes;
    layout.axis_count = 2;
    chunks.group = s->groups[which];
    chunks.layout = which == LAYOUT ? &layout : NULL;
    chunks.place = which == PLACE ? place : NULL;
    chunks.place_context = s;
    chunks.items = items;
    chunks.item_count = 2;
    options.chunks = &chunks;
    check(sp2_receive_stream_create(NULL, &options, &s->streams[which]),
          "sp2_receive_stream_create");
}

static void free_member(shape *s, method which) {
    for (int i = 0; i < ROTATION_CHUNKS; i++) {
        sp2_chunk_release(s->kept_chunks[i]);
        s->kept_chunks[i] = NULL;
    }
    sp2_receive_stream_destroy(s->streams[which]);
    sp2_chunk_group_destroy(s->groups[which]);
}

static void make_heap_stream(shape *s) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = 2 * SLICE_PACKETS;
    s->most_kept = ROTATION_BYTES / s->heap;
    s->kept_heaps = calloc((size_t)s->most_kept, sizeof(sp2_heap *));
    if (s->kept_heaps == NULL) {
        stop_with("calloc", "not enough memory");
    }
    check(sp2_receive_stream_create(NULL, &options, &s->streams[HEAP]),
          "sp2_receive_stream_create");
}

static void free_heap_stream(shape *s) {
    for (uint64_t i = 0; i < s->most_kept; i++) {
        sp2_heap_release(s->kept_heaps[i]);
    }
    free(s->kept_heaps);
    sp2_receive_stream_destroy(s->streams[HEAP]);
}

/* ---- measuring ---- */

static void run(shape *s, method which) {
    if (which == MEMCPY || which == NONTEMPORAL) {
        copy_all(s, which);
    } else {
        hand_over(s, which);
    }
}

/* The chunks of a method are made before its turn and freed after it: all of them together are
 * gigabytes. The rotation goes round once before anything is measured. */
static void measure_method(shape *s, method which, uint32_t repeats) {
    const uint64_t rounds = ROTATION_BYTES / RUN_BYTES + 1;
    if (which == HEAP) {
        make_heap_stream(s);
    } else if (which == LAYOUT || which == PLACE) {
        make_member(s, which);
    }
    s->kept = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        run(s, which);
    }
    s->done = 0;
    const uint64_t before = s->next_heap[which];
    for (uint32_t i = 0; i < repeats; i++) {
        const uint64_t start = sp2__clock_ns();
        run(s, which);
        s->ns[which][i] = (double)(sp2__clock_ns() - start) * (double)s->payload / RUN_BYTES;
    }
    /* What is still in the window or the ring is as much as at the start. */
    if (which > NONTEMPORAL && s->done != s->next_heap[which] - before) {
        stop_with(method_names[which], "not every heap has come");
    }
    if (which == HEAP) {
        free_heap_stream(s);
    } else if (which == LAYOUT || which == PLACE) {
        free_member(s, which);
    }
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the values. */
static double median_of(double *ns, uint32_t count) {
    qsort(ns, count, sizeof(*ns), by_value);
    return (ns[(count - 1) / 2] + ns[count / 2]) / 2;
}

static void print_heading(const settings *options) {
    if (!options->json) {
        printf("ns per packet, chunks of %d MiB, median of %u repetitions%s\n"
               "%10s %8s %9s %12s %9s %9s %9s %14s %14s\n",
               (int)(CHUNK_BYTES >> 20), (unsigned)options->repeats,
               options->repeat_pointers ? ", items in every packet" : "", "heap", "packet",
               "memcpy", "nontemporal", "heap", "layout", "place", "layout / copy",
               "layout - copy");
    }
}

static void print(shape *s, const double *median) {
    const double copy = median[NONTEMPORAL] < median[MEMCPY] ? median[NONTEMPORAL] : median[MEMCPY];
    if (!s->settings->json) {
        printf("%10llu %8llu %9.1f %12.1f %9.1f %9.1f %9.1f %14.2f %11.1f ns\n",
               (unsigned long long)s->heap, (unsigned long long)s->payload, median[MEMCPY],
               median[NONTEMPORAL], median[HEAP], median[LAYOUT], median[PLACE],
               median[LAYOUT] / copy, median[LAYOUT] - copy);
        return;
    }
    for (int i = 0; i < METHODS; i++) {
        printf("{\"bench\":\"chunk\",\"method\":\"%s\",\"heap\":%llu,\"payload\":%llu,"
               "\"repeat_pointers\":%s,\"repeats\":%u,\"ns_per_packet\":%.2f,\"min\":%.2f,"
               "\"over_copy\":%.3f}\n",
               method_names[i], (unsigned long long)s->heap, (unsigned long long)s->payload,
               s->settings->repeat_pointers ? "true" : "false", (unsigned)s->settings->repeats,
               median[i], s->ns[i][0], median[i] / copy);
    }
}

/* The methods take turns: each repetition of the whole is a few of each. */
static void measure(const settings *options, uint64_t heap, uint64_t payload) {
    enum { TURN = 3 };
    static shape s;
    sp2__copy_kind kinds[SP2__MOST_COPY_KINDS];
    const size_t kind_count = sp2__copy_kinds(kinds);
    double median[METHODS] = {0};
    s = (shape){.settings = options, .heap = heap, .payload = payload};
    s.heaps_per_chunk = CHUNK_BYTES / heap;
    s.lines = kind_count != 0 ? kinds[kind_count - 1].lines : NULL;
    make_packets(&s);
    for (int i = 0; i < ROTATION_CHUNKS; i++) {
        s.chunks[i] = new_chunk_memory();
    }
    static double all[METHODS][MAX_REPEATS];
    for (uint32_t done = 0; done < options->repeats; done += TURN) {
        const uint32_t turn = options->repeats - done < TURN ? options->repeats - done : TURN;
        for (int i = 0; i < METHODS; i++) {
            if (i == NONTEMPORAL && s.lines == NULL) {
                continue;
            }
            measure_method(&s, (method)i, turn);
            memcpy(&all[i][done], s.ns[i], turn * sizeof(double));
        }
    }
    for (int i = 0; i < METHODS; i++) {
        memcpy(s.ns[i], all[i], options->repeats * sizeof(double));
        median[i] = median_of(s.ns[i], options->repeats);
    }
    if (s.lines == NULL) {
        median[NONTEMPORAL] = median[MEMCPY];
    }
    print(&s, median);
    fflush(stdout);
    for (int i = 0; i < ROTATION_CHUNKS; i++) {
        sp2__system_free(s.chunks[i], CHUNK_BYTES);
    }
    datagrams_free(&s.source);
}

static void print_help(void) {
    printf(
        "usage: bench_chunk [options]\n"
        "Compares receiving into chunks with a plain and a non-temporal copy of the same\n"
        "packets, and with receiving heaps, on one thread and with a cold destination.\n"
        "  --heap BYTES       heap size, a power of two of at most %d; default: 1, 8 and 64 KiB\n"
        "  --payload BYTES    payload per packet, a divisor of the heap size\n"
        "  --repeats N        repetitions of each method, 1 to %d; default %d\n"
        "  --repeat-pointers  every packet has the items, not only the first of a heap\n"
        "  --json             JSON lines instead of the table\n"
        "  --help             this text\n",
        (int)(CHUNK_BYTES / ANTENNAS), MAX_REPEATS, DEFAULT_REPEATS);
}

static uint64_t number(const char *option, const char *text, uint64_t low, uint64_t high) {
    char *end = NULL;
    const uint64_t value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || value < low || value > high) {
        stop_with(option, "needs a number; see --help");
    }
    return value;
}

static settings parse(int argc, char **argv) {
    settings s = {.repeats = DEFAULT_REPEATS};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        if (strcmp(option, "--help") == 0) {
            print_help();
            exit(0);
        } else if (strcmp(option, "--json") == 0) {
            s.json = true;
        } else if (strcmp(option, "--repeat-pointers") == 0) {
            s.repeat_pointers = true;
        } else if (strcmp(option, "--heap") == 0) {
            s.heap = number(option, argv[++i], 1, CHUNK_BYTES / ANTENNAS);
        } else if (strcmp(option, "--payload") == 0) {
            s.payload = number(option, argv[++i], 1, CHUNK_BYTES / ANTENNAS);
        } else if (strcmp(option, "--repeats") == 0) {
            s.repeats = (uint32_t)number(option, argv[++i], 1, MAX_REPEATS);
        } else {
            stop_with(option, "unknown option; see --help");
        }
    }
    if (s.heap != 0 && (s.heap & (s.heap - 1)) != 0) {
        stop_with("--heap", "has to be a power of two");
    }
    return s;
}

int main(int argc, char **argv) {
    static const uint64_t shapes[][2] = {{1024, 1024}, {8192, 8192}, {65536, 1024}, {65536, 8192}};
    const settings s = parse(argc, argv);
    if (s.heap != 0 || s.payload != 0) {
        const uint64_t heap = s.heap != 0 ? s.heap : s.payload;
        const uint64_t payload = s.payload != 0 ? s.payload : heap;
        if (heap % payload != 0) {
            stop_with("--payload", "has to divide the heap size");
        }
        print_heading(&s);
        measure(&s, heap, payload);
        return 0;
    }
    print_heading(&s);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        measure(&s, shapes[i][0], shapes[i][1]);
    }
    return 0;
}
