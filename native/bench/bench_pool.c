/* SPDX-License-Identifier: MIT */
/*
 * Does a running stream pay for new pages when every heap is kept for a while?
 *
 * A stream is fed from memory with heaps, which this program's thread takes at a steady rate, keeps
 * for a while, and releases. The page faults of the process (getrusage, minor faults) are counted
 * for each phase of as many heaps. Three memories take their turns:
 *
 *   pool     a memory pool whose initial blocks are enough: as many as heaps are in use at a time,
 *            which is rate times time kept, and those under assembly and in the ring
 *   half     a memory pool with half as many: the rest are misses, once
 *   default  no allocator: the default memory, which recycles
 *
 * The first packets of a run wait until the pool is made, so that the phase "start" is what making
 * the stream and its pool costs.
 */
#include <errno.h>
#include <inttypes.h>
#include <spead2core/spead2core.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "packet_builder.h"
#include "sources.h"

#define PAYLOAD UINT64_C(8192)

/* `in_flight`: heaps that are under assembly, wait in the ring, or wait for room in it. */
enum { SOURCE_HEAPS = 2, PHASES = 10, MAX_HEAPS = 4, RING_HEAPS = 4, IN_FLIGHT = 10 };

typedef struct bench_settings {
    uint64_t heap;
    uint64_t heaps;
    double rate;   /* heaps a second */
    double keep_s; /* how long each is kept */
    bool json;
} bench_settings;

typedef struct kept_heap {
    sp2_heap *heap;
    double release_at;
} kept_heap;

/* One memory with everything that it is measured with. */
typedef struct run {
    const bench_settings *settings;
    const char *memory;
    uint64_t initial; /* blocks of the pool; 0: the default memory */
    sp2_allocator *pool;
    sp2_receive_stream *stream;
    kept_heap *kept; /* a queue: those of index [released, taken) */
    uint64_t taken;
    uint64_t released;
    uint64_t most_kept;
    double start;
    /* At the latest phase: */
    double phase_start;
    uint64_t faults;
    uint64_t misses;
} run;

static void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_pool: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void sleep_until(double when) {
    const struct timespec until = {(time_t)when, (long)((when - (double)(time_t)when) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

static uint64_t minor_faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt;
}

/* The packets of a few heaps, named again and again. */
static sp2_datagram *make_packets(const bench_settings *s, datagram_list *source) {
    for (uint64_t cnt = 1; cnt <= SOURCE_HEAPS; cnt++) {
        uint8_t *payload = new_payload(s->heap, cnt);
        datagrams_add_heap(source, cnt, payload, s->heap, PAYLOAD);
        free(payload);
    }
    const uint64_t count = source->count / SOURCE_HEAPS * s->heaps;
    sp2_datagram *packets = malloc((size_t)count * sizeof(*packets));
    if (packets == NULL) {
        stop_with("packets", "not enough memory");
    }
    for (uint64_t i = 0; i < count; i++) {
        packets[i] = source->datagrams[i % source->count];
    }
    return packets;
}

static uint64_t misses_of(const run *r) {
    if (r->pool != NULL) {
        sp2_memory_pool_stats stats = SP2_MEMORY_POOL_STATS_INIT;
        check(sp2_memory_pool_get_stats(r->pool, &stats), "sp2_memory_pool_get_stats");
        return stats.misses;
    }
    sp2_memory_stats stats = SP2_MEMORY_STATS_INIT;
    check(sp2_memory_get_stats(&stats), "sp2_memory_get_stats");
    return stats.misses;
}

/* Prints what has happened since the last phase. */
static void end_phase(run *r, const char *phase, uint64_t heaps) {
    const double now = now_s();
    const uint64_t faults = minor_faults();
    const uint64_t misses = misses_of(r);
    const uint64_t new_faults = faults - r->faults;
    const char *format = r->settings->json
                             ? "{\"bench\":\"pool\",\"memory\":\"%s\",\"heap\":%" PRIu64
                               ",\"initial\":%" PRIu64 ",\"phase\":\"%s\",\"heaps\":%" PRIu64
                               ",\"minor_faults\":%" PRIu64 ",\"misses\":%" PRIu64
                               ",\"kept\":%" PRIu64 ",\"seconds\":%.3f}\n"
                             : "%-8s %10" PRIu64 " %8" PRIu64 "  %-6s %7" PRIu64 " %13" PRIu64
                               " %7" PRIu64 " %6" PRIu64 " %8.3f\n";
    printf(format, r->memory, r->settings->heap, r->initial, phase, heaps, new_faults,
           misses - r->misses, r->taken - r->released, now - r->phase_start);
    r->phase_start = now_s();
    r->faults = minor_faults();
    r->misses = misses;
}

static void release_due(run *r, double now) {
    while (r->released < r->taken && r->kept[r->released].release_at <= now) {
        sp2_heap_release(r->kept[r->released++].heap);
    }
}

static void start(run *r, sp2_thread_pool *threads) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.max_heaps = MAX_HEAPS;
    options.ring_heaps = RING_HEAPS;
    check(sp2_receive_stream_create(threads, &options, &r->stream), "sp2_receive_stream_create");
    if (r->initial != 0) {
        sp2_memory_pool_options pool = SP2_MEMORY_POOL_OPTIONS_INIT;
        pool.flags = SP2_MEMORY_POOL_NO_WARNING;
        pool.lower = r->settings->heap;
        pool.upper = r->settings->heap;
        pool.initial = r->initial;
        pool.max_free = r->settings->heaps > r->initial ? r->settings->heaps : r->initial;
        check(sp2_memory_pool_create(&pool, &r->pool), "sp2_memory_pool_create");
        check(sp2_receive_stream_set_memory_allocator(r->stream, r->pool),
              "sp2_receive_stream_set_memory_allocator");
    }
}

/* Takes one heap at its time. */
static void take(run *r) {
    const double due = r->start + (double)r->taken / r->settings->rate;
    for (double now = now_s();; now = now_s()) {
        release_due(r, now);
        if (now >= due) {
            break;
        }
        const bool earlier = r->released < r->taken && r->kept[r->released].release_at < due;
        sleep_until(earlier ? r->kept[r->released].release_at : due);
    }
    uint32_t count;
    kept_heap *kept = &r->kept[r->taken];
    check(sp2_receive_stream_pop_wait(r->stream, &kept->heap, 1, -1, &count),
          "sp2_receive_stream_pop_wait");
    kept->release_at = now_s() + r->settings->keep_s;
    r->taken++;
    if (r->taken - r->released > r->most_kept) {
        r->most_kept = r->taken - r->released;
    }
}

static void measure(const bench_settings *s, const char *memory, uint64_t initial,
                    const sp2_datagram *packets, uint64_t packet_count) {
    run r = {.settings = s, .memory = memory, .initial = initial};
    r.kept = calloc((size_t)s->heaps, sizeof(*r.kept));
    if (r.kept == NULL) {
        stop_with("heaps", "not enough memory");
    }
    memset(r.kept, 1, (size_t)s->heaps * sizeof(*r.kept));
    sp2_thread_pool *threads;
    check(sp2_thread_pool_create(NULL, &threads), "sp2_thread_pool_create");
    r.misses = misses_of(&r);
    r.phase_start = now_s();
    r.faults = minor_faults();
    start(&r, threads);
    r.misses = initial != 0 ? 0 : r.misses;
    end_phase(&r, "start", 0);

    check(add_datagram_source(r.stream, packets, packet_count), "add_datagram_source");
    r.start = now_s();
    for (uint64_t phase = 1; phase <= PHASES; phase++) {
        const uint64_t first = r.taken;
        while (r.taken < s->heaps * phase / PHASES) {
            take(&r);
        }
        char name[24];
        snprintf(name, sizeof(name), "%" PRIu64, phase);
        end_phase(&r, name, r.taken - first);
    }
    release_due(&r, r.start + 1e9);
    if (!s->json && initial != 0) {
        const uint64_t wanted = r.most_kept + IN_FLIGHT;
        printf("%s: at most %" PRIu64 " heaps kept (rate x time: %.0f) and up to %d in flight, "
               "%" PRIu64 " initial blocks: at most %" PRIu64 " misses expected, %" PRIu64
               " seen\n",
               memory, r.most_kept, s->rate * s->keep_s, IN_FLIGHT, initial,
               wanted > initial ? wanted - initial : 0, misses_of(&r));
    }
    sp2_receive_stream_destroy(r.stream);
    sp2_allocator_destroy(r.pool);
    sp2_thread_pool_destroy(threads);
    free(r.kept);
}

static void print_help(void) {
    printf("usage: bench_pool [options]\n"
           "Counts page faults of a stream whose heaps are kept for a while, in phases, with a\n"
           "memory pool that is large enough, with one of half the size, and with the default\n"
           "memory.\n"
           "  --heap BYTES     heap size, a multiple of 8192; default 1048576\n"
           "  --heaps N        heaps for each memory; default 10000\n"
           "  --rate N         heaps a second; default 4000\n"
           "  --keep-ms N      how long each heap is kept; default 100\n"
           "  --json           JSON lines instead of a table\n"
           "  --help           this text\n");
}

static double number(const char *option, const char *text, double low, double high) {
    char *end = NULL;
    const double value = text == NULL ? 0 : strtod(text, &end);
    if (text == NULL || end == text || *end != '\0' || !(value >= low && value <= high)) {
        char why[128];
        snprintf(why, sizeof(why), "needs a number from %.15g to %.15g", low, high);
        stop_with(option, why);
    }
    return value;
}

static bench_settings parse(int argc, char **argv) {
    bench_settings s = {.heap = 1048576, .heaps = 10000, .rate = 4000, .keep_s = 0.1};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        const char *value = argv[i + 1];
        if (strcmp(option, "--help") == 0) {
            print_help();
            exit(0);
        } else if (strcmp(option, "--json") == 0) {
            s.json = true;
            continue;
        } else if (strcmp(option, "--heap") == 0) {
            s.heap = (uint64_t)number(option, value, 1, 1e9) / PAYLOAD * PAYLOAD;
            s.heap = s.heap == 0 ? PAYLOAD : s.heap;
        } else if (strcmp(option, "--heaps") == 0) {
            s.heaps = (uint64_t)number(option, value, PHASES, 1e6);
        } else if (strcmp(option, "--rate") == 0) {
            s.rate = number(option, value, 1, 1e6);
        } else if (strcmp(option, "--keep-ms") == 0) {
            s.keep_s = number(option, value, 0, 1e4) / 1e3;
        } else {
            stop_with(option, "unknown option; see --help");
        }
        i++;
    }
    return s;
}

int main(int argc, char **argv) {
    const bench_settings s = parse(argc, argv);
    datagram_list source = {0};
    sp2_datagram *packets = make_packets(&s, &source);
    const uint64_t packet_count = source.count / SOURCE_HEAPS * s.heaps;
    const uint64_t enough = (uint64_t)(s.rate * s.keep_s) + IN_FLIGHT;
    if (!s.json) {
        printf("%-8s %10s %8s  %-6s %7s %13s %7s %6s %8s\n", "memory", "heap", "initial", "phase",
               "heaps", "minor faults", "misses", "kept", "seconds");
    }
    measure(&s, "pool", enough + enough / 10, packets, packet_count);
    measure(&s, "half", enough / 2, packets, packet_count);
    measure(&s, "default", 0, packets, packet_count);
    free(packets);
    datagrams_free(&source);
    return 0;
}
