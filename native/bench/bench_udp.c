/* SPDX-License-Identifier: MIT */
/*
 * How fast does the UDP reader receive, and what does it cost?
 *
 * A sender and a receiver in one process, each on a processor of its own, over loopback. The sender
 * keeps to a rate, with segmentation offload: it hands the kernel messages of up to 64 KiB that are
 * to be cut into packets. Over loopback nobody cuts them: they cross as one and arrive joined, as
 * packets do from a network card with receive offload. So this measures the kernel's socket, its
 * copy to the program and the library. It does not measure a network card, its driver, or the IP
 * layer for each packet, and the sender pays for the kernel's receive path up to the socket.
 *
 * The consumer counts heaps and gives them back, in the ready callback, which runs on the
 * receiver's thread: with two processors there is none left for it. A thread that shared the
 * receiver's processor would wait for its turn for milliseconds, and the heaps with it, until they
 * have left the caches.
 *
 * A run is free of loss if every packet that was sent was used. Processor time is that of the
 * pool's thread; user and system time are told apart by the kernel's clock tick, so a single run
 * says little about them.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sources.h"
#include "udp_sender.h"

enum { MAX_LIST = 16, POP_BATCH = 64, RING_HEAPS = 64, NO_CPU = -1 };

/* Least part of the rate that a sender must reach for the rate to count as tried. */
#define SENDER_TOLERANCE 0.98

/* A receiver that has not got a packet for so long has all that it will get. */
#define QUIET_NS 50000000.0

#define MIB (UINT64_C(1) << 20)

typedef struct number_list {
    uint32_t count;
    double values[MAX_LIST];
} number_list;

typedef struct bench_settings {
    bool ladder;
    bool json;
    bool offload;
    number_list payloads;
    number_list heaps;
    number_list buffers;
    number_list rates;
    uint32_t runs;
    double seconds;
    int32_t sender_cpu;
    int32_t receiver_cpu;
} bench_settings;

/* One combination to measure. */
typedef struct shape {
    uint64_t buffer;
    uint64_t heap;
    uint64_t payload;
    double gbps;
} shape;

/* One run, or the sum of several. */
typedef struct measurement {
    uint32_t runs;
    uint32_t loss_free;
    uint64_t lost_packets;
    uint64_t kernel_drop_messages; /* packets that the kernel had joined count as one */
    uint64_t packets;
    uint64_t batches;
    uint64_t payload_bytes;
    double gbps; /* achieved by the sender: the mean */
    double user_seconds;
    double system_seconds;
    double steal_seconds; /* taken from the two processors by the host of a virtual machine */
} measurement;

static sp2_thread_pool *pool;
static int pool_thread;

static void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_udp: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- processor time ---- */

static void start_pool(const bench_settings *settings) {
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    options.affinity = &settings->receiver_cpu;
    options.affinity_count = settings->receiver_cpu == NO_CPU ? 0 : 1;
    options.name = "bench";
    check(sp2_thread_pool_create(&options, &pool), "sp2_thread_pool_create");
}

/* The pool's thread by its name; 0 if it has not got it yet. */
static int find_pool_thread(void) {
    int found = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks != NULL && (entry = readdir(tasks)) != NULL;) {
        char path[300];
        char name[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fgets(name, sizeof(name), file) != NULL && strcmp(name, "bench-0\n") == 0) {
                found = atoi(entry->d_name);
            }
            fclose(file);
        }
    }
    closedir(tasks);
    return found;
}

/* Seconds on one of the processor clocks that Linux has for each thread. */
static double thread_clock(int thread, int kind) {
    enum { PER_THREAD = 4 };
    struct timespec time = {0, 0};
    const clockid_t clock = (clockid_t)((~(unsigned)thread << 3) | PER_THREAD | (unsigned)kind);
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

typedef struct cpu_time {
    double ticks_all; /* user and system, by the clock tick */
    double ticks_user;
    double exact; /* both, exactly */
} cpu_time;

static cpu_time pool_time(void) {
    return (cpu_time){thread_clock(pool_thread, 0), thread_clock(pool_thread, 1),
                      thread_clock(pool_thread, 2)};
}

/* Seconds that the host has taken from a processor since the machine was started. */
static double steal_seconds(int32_t cpu) {
    char line[512];
    char name[16];
    unsigned long long steal = 0;
    FILE *file = fopen("/proc/stat", "r");
    snprintf(name, sizeof(name), "cpu%d ", (int)cpu);
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            sscanf(line, "%*s %*u %*u %*u %*u %*u %*u %*u %llu", &steal);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)steal / (double)sysconf(_SC_CLK_TCK);
}

/* ---- one run ---- */

static sp2_receive_stats stats_of(sp2_receive_stream *stream) {
    sp2_receive_stats stats = SP2_RECEIVE_STATS_INIT;
    check(sp2_receive_stream_get_stats(stream, &stats), "sp2_receive_stream_get_stats");
    return stats;
}

typedef struct consumer {
    sp2_receive_stream *stream;
    atomic_ulong taken;
} consumer;

/* The ready callback: takes all heaps, until there is nothing and it will be called again. */
static void take_heaps(void *context) {
    consumer *c = context;
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    do {
        while (sp2_receive_stream_pop(c->stream, heaps, POP_BATCH, &count) == SP2_OK) {
            for (uint32_t i = 0; i < count; i++) {
                sp2_heap_release(heaps[i]);
            }
            atomic_fetch_add(&c->taken, count);
        }
    } while (sp2_receive_stream_request_ready(c->stream) == SP2_OK);
}

/* Waits until the sender has ended and nothing arrives any more. */
static void wait_for_end(sp2_receive_stream *stream, udp_sender *sender) {
    const struct timespec nap = {0, 5000000};
    uint64_t packets = 0;
    double latest = now_ns();
    while (!udp_sender_is_done(sender) || now_ns() - latest < QUIET_NS) {
        nanosleep(&nap, NULL);
        const uint64_t now = stats_of(stream).packets;
        latest = now != packets ? now_ns() : latest;
        packets = now;
    }
}

static sp2_receive_stream *open_stream(const shape *s, uint32_t *port) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    sp2_udp_source_options udp = SP2_UDP_SOURCE_OPTIONS_INIT;
    sp2_receive_stream *stream;
    /* Loss is counted; messages about it would only take time. */
    options.log_level = SP2_LOG_NONE;
    options.ring_heaps = RING_HEAPS;
    udp.bind_host = "127.0.0.1";
    udp.buffer_size = s->buffer;
    check(sp2_receive_stream_create(pool, &options, &stream), "sp2_receive_stream_create");
    check(add_udp_source(stream, &udp, port), "add_udp_source");
    return stream;
}

static measurement run_once(const bench_settings *settings, const shape *s, double seconds) {
    uint32_t port;
    sp2_receive_stream *stream = open_stream(s, &port);
    const udp_sender_plan plan = {
        .port = port,
        .cpu = settings->sender_cpu,
        .heap = s->heap,
        .payload = s->payload,
        .gbps = s->gbps,
        .seconds = seconds,
        .offload = settings->offload,
    };
    udp_sender *sender = udp_sender_create(&plan);
    if (sender == NULL) {
        stop_with("the sender cannot be made", strerror(errno));
    }
    const double steal =
        steal_seconds(settings->sender_cpu) + steal_seconds(settings->receiver_cpu);
    const cpu_time before = pool_time();
    consumer c = {.stream = stream};
    check(sp2_receive_stream_set_ready_callback(stream, take_heaps, &c),
          "sp2_receive_stream_set_ready_callback");
    take_heaps(&c);
    udp_sender_start(sender);
    wait_for_end(stream, sender);
    const cpu_time after = pool_time();
    const udp_sender_result sent = udp_sender_finish(sender);
    const sp2_receive_stats stats = stats_of(stream);
    sp2_receive_stream_destroy(stream);
    const double ticks = after.ticks_all - before.ticks_all;
    const double user = ticks > 0 ? (after.ticks_user - before.ticks_user) / ticks : 0;
    const double cpu = after.exact - before.exact;
    return (measurement){
        .runs = 1,
        .loss_free = stats.packets_accepted == sent.packets && atomic_load(&c.taken) == sent.heaps,
        .lost_packets = sent.packets - stats.packets_accepted,
        .kernel_drop_messages = stats.kernel_drop_messages,
        .packets = stats.packets,
        .batches = stats.batches,
        .payload_bytes = stats.payload_bytes,
        .gbps = sent.gbps,
        .user_seconds = cpu * user,
        .system_seconds = cpu * (1 - user),
        .steal_seconds =
            steal_seconds(settings->sender_cpu) + steal_seconds(settings->receiver_cpu) - steal,
    };
}

static void add_measurement(measurement *sum, const measurement *m) {
    sum->gbps = (sum->gbps * sum->runs + m->gbps) / (sum->runs + 1);
    sum->runs++;
    sum->loss_free += m->loss_free;
    sum->lost_packets += m->lost_packets;
    sum->kernel_drop_messages += m->kernel_drop_messages;
    sum->packets += m->packets;
    sum->batches += m->batches;
    sum->payload_bytes += m->payload_bytes;
    sum->user_seconds += m->user_seconds;
    sum->system_seconds += m->system_seconds;
    sum->steal_seconds += m->steal_seconds;
}

/* Lets the memory for this shape be there, as it is in a program that receives for long. */
static void warm_up(const bench_settings *settings, const shape *s) {
    shape slow = *s;
    slow.gbps = 5;
    run_once(settings, &slow, 0.1);
}

static bool sender_is_the_limit(const shape *s, const measurement *m) {
    return m->gbps < s->gbps * SENDER_TOLERANCE;
}

static measurement run_all(const bench_settings *settings, const shape *s) {
    measurement sum = {0};
    for (uint32_t run = 0; run < settings->runs; run++) {
        const measurement m = run_once(settings, s, settings->seconds);
        add_measurement(&sum, &m);
        fprintf(stderr,
                "\r%4.0f Gb/s, buffer %2.0f MiB, heap %5.0f KiB, payload %5.0f: run %u of %u, %u "
                "free of loss ",
                s->gbps, (double)s->buffer / MIB, (double)s->heap / 1024, (double)s->payload,
                run + 1, settings->runs, sum.loss_free);
    }
    fprintf(stderr, "\r%100s\r", "");
    return sum;
}

/* ---- output ---- */

static double per_gb(double seconds, const measurement *m) {
    return m->payload_bytes == 0 ? 0 : seconds / ((double)m->payload_bytes / 1e9);
}

static double packets_per_batch(const measurement *m) {
    return m->batches == 0 ? 0 : (double)m->packets / (double)m->batches;
}

static void print_json(const bench_settings *settings, const shape *s, const measurement *m) {
    printf("{\"bench\":\"udp\",\"mode\":\"%s\",\"offload\":%s,\"buffer\":%llu,\"heap\":%llu,"
           "\"payload\":%llu,\"rate_gbps\":%g,\"runs\":%u,\"loss_free\":%u,\"sender_gbps\":%.2f,"
           "\"sender_is_the_limit\":%s,\"packets\":%llu,\"lost_packets\":%llu,"
           "\"kernel_drop_messages\":%llu,"
           "\"user_s_per_gb\":%.4f,\"system_s_per_gb\":%.4f,\"packets_per_batch\":%.1f,"
           "\"steal_s\":%.2f}\n",
           settings->ladder ? "ladder" : "rising", settings->offload ? "true" : "false",
           (unsigned long long)s->buffer, (unsigned long long)s->heap,
           (unsigned long long)s->payload, s->gbps, m->runs, m->loss_free, m->gbps,
           sender_is_the_limit(s, m) ? "true" : "false", (unsigned long long)m->packets,
           (unsigned long long)m->lost_packets, (unsigned long long)m->kernel_drop_messages,
           per_gb(m->user_seconds, m), per_gb(m->system_seconds, m), packets_per_batch(m),
           m->steal_seconds);
    fflush(stdout);
}

static void print_row_head(void) {
    printf("| buffer, MiB | heap, KiB | payload, B | rate, Gb/s | sent, Gb/s | runs without loss | "
           "packets lost | user, s/GB | system, s/GB | packets per batch | steal, s |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void print_row(const shape *s, const measurement *m) {
    printf("| %g | %g | %llu | %g | %.1f%s | %u of %u | %llu | %.3f | %.3f | %.0f | %.2f |\n",
           (double)s->buffer / MIB, (double)s->heap / 1024, (unsigned long long)s->payload, s->gbps,
           m->gbps, sender_is_the_limit(s, m) ? " (the sender is the limit)" : "", m->loss_free,
           m->runs, (unsigned long long)m->lost_packets, per_gb(m->user_seconds, m),
           per_gb(m->system_seconds, m), packets_per_batch(m), m->steal_seconds);
    fflush(stdout);
}

static void print_result(const bench_settings *settings, const shape *s, const measurement *m) {
    if (settings->json) {
        print_json(settings, s, m);
    } else {
        print_row(s, m);
    }
}

/* ---- modes ---- */

/* Every rate, whatever happened at the one before. */
static void climb_ladder(const bench_settings *settings, shape s) {
    warm_up(settings, &s);
    for (uint32_t r = 0; r < settings->rates.count; r++) {
        s.gbps = settings->rates.values[r];
        const measurement m = run_all(settings, &s);
        print_result(settings, &s, &m);
    }
}

/* Until packets are lost or the sender cannot go on: it has had two tries, as something else may
 * have kept it from running. */
static void raise_rate(const bench_settings *settings, shape s) {
    double highest = 0;
    uint32_t limits = 0;
    warm_up(settings, &s);
    for (uint32_t r = 0; r < settings->rates.count && limits < 2; r++) {
        s.gbps = settings->rates.values[r];
        const measurement m = run_all(settings, &s);
        print_result(settings, &s, &m);
        if (m.loss_free < m.runs) {
            break;
        }
        highest = m.gbps > highest ? m.gbps : highest;
        limits += sender_is_the_limit(&s, &m);
    }
    if (settings->json) {
        printf("{\"bench\":\"udp\",\"mode\":\"highest\",\"buffer\":%llu,\"heap\":%llu,"
               "\"payload\":%llu,\"loss_free_gbps\":%.2f}\n",
               (unsigned long long)s.buffer, (unsigned long long)s.heap,
               (unsigned long long)s.payload, highest);
    } else {
        printf("| | | %llu | | **%.1f** | highest without loss | | | | | |\n",
               (unsigned long long)s.payload, highest);
    }
    fflush(stdout);
}

static void measure_all(const bench_settings *settings) {
    for (uint32_t p = 0; p < settings->payloads.count; p++) {
        for (uint32_t b = 0; b < settings->buffers.count; b++) {
            for (uint32_t h = 0; h < settings->heaps.count; h++) {
                const shape s = {.buffer = (uint64_t)settings->buffers.values[b],
                                 .heap = (uint64_t)settings->heaps.values[h],
                                 .payload = (uint64_t)settings->payloads.values[p]};
                if (s.payload > s.heap || s.heap % s.payload != 0) {
                    stop_with("--payload", "every heap size must be a multiple of it");
                }
                (settings->ladder ? climb_ladder : raise_rate)(settings, s);
            }
        }
    }
}

/* ---- command line ---- */

static void print_help(void) {
    printf(
        "usage: bench_udp [options]\n"
        "Sends heaps over loopback with segmentation offload and measures what the UDP reader\n"
        "takes without loss, and its processor time for each GB of payload. Messages of up to\n"
        "64 KiB cross loopback in one piece, so this is the rate of sockets, not of a network\n"
        "card. Rates count the bytes of packets. Progress goes to standard error.\n"
        "Without --ladder the rate rises until packets are lost or the sender is the limit.\n"
        "  --ladder          every rate: by default 5,10,20,30,40 Gb/s, buffers of 8M and 64M,\n"
        "                    heaps of 64K, 1M and 8M, packets of 8192 bytes, 5 runs each\n"
        "  --payload LIST    payload per packet; default 1024,4096,8192\n"
        "  --heap LIST       heap sizes; default 1M\n"
        "  --buffer LIST     socket buffers; default 64M\n"
        "  --rates LIST      rates in Gb/s; default 5,10,15,...,60\n"
        "  --runs N          runs of each combination; default 3\n"
        "  --seconds S       length of a run; default 0.5, with --ladder 0.3\n"
        "  --no-offload      each packet is a message of its own\n"
        "  --cpu A,B         the sender on CPU A, the receiver on CPU B; default: the first two\n"
        "  --quick           1 run of 0.1 seconds\n"
        "  --json            JSON lines instead of a table\n"
        "  --help            this text\n");
}

static number_list parse_list(const char *option, const char *text) {
    number_list list = {0};
    const char *at = text == NULL ? "" : text;
    do {
        char *end = NULL;
        double value = strtod(at, &end);
        if (end == at || list.count == MAX_LIST) {
            stop_with(option, "needs up to 16 numbers with commas between them, as 64K,1M");
        }
        if (*end == 'K' || *end == 'M') {
            value *= *end == 'K' ? 1024 : (double)MIB;
            end++;
        }
        if (!(value > 0 && value <= 1e9) || (*end != ',' && *end != '\0')) {
            stop_with(option, "needs numbers above 0, as 64K,1M");
        }
        list.values[list.count++] = value;
        at = *end == ',' ? end + 1 : end;
    } while (*at != '\0');
    return list;
}

static void choose_cpus(bench_settings *s) {
    cpu_set_t allowed;
    s->sender_cpu = NO_CPU;
    s->receiver_cpu = NO_CPU;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
        stop_with("this needs two processors", "the sender and the receiver take one each");
    }
    for (int cpu = 0; s->receiver_cpu == NO_CPU; cpu++) {
        if (CPU_ISSET((size_t)cpu, &allowed)) {
            *(s->sender_cpu == NO_CPU ? &s->sender_cpu : &s->receiver_cpu) = cpu;
        }
    }
}

static bench_settings default_settings(bool ladder, bool quick) {
    bench_settings s = {
        .ladder = ladder,
        .offload = true,
        .payloads = parse_list("", ladder ? "8192" : "1024,4096,8192"),
        .heaps = parse_list("", ladder ? "64K,1M,8M" : "1M"),
        .buffers = parse_list("", ladder ? "8M,64M" : "64M"),
        .rates = parse_list("", ladder ? "5,10,20,30,40" : "5,10,15,20,25,30,35,40,45,50,55,60"),
        .runs = quick    ? 1
                : ladder ? 5
                         : 3,
        .seconds = quick    ? 0.1
                   : ladder ? 0.3
                            : 0.5,
    };
    choose_cpus(&s);
    return s;
}

static bool has_option(int argc, char **argv, const char *option) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            return true;
        }
    }
    return false;
}

static void parse_value(bench_settings *s, const char *option, const char *value) {
    if (strcmp(option, "--payload") == 0) {
        s->payloads = parse_list(option, value);
    } else if (strcmp(option, "--heap") == 0) {
        s->heaps = parse_list(option, value);
    } else if (strcmp(option, "--buffer") == 0) {
        s->buffers = parse_list(option, value);
    } else if (strcmp(option, "--rates") == 0) {
        s->rates = parse_list(option, value);
    } else if (strcmp(option, "--runs") == 0) {
        s->runs = (uint32_t)parse_list(option, value).values[0];
    } else if (strcmp(option, "--seconds") == 0) {
        s->seconds = parse_list(option, value).values[0];
    } else if (strcmp(option, "--cpu") == 0) {
        if (value == NULL || sscanf(value, "%d,%d", &s->sender_cpu, &s->receiver_cpu) != 2) {
            stop_with(option, "needs two CPU numbers, for example 0,1");
        }
    } else {
        stop_with(option, "unknown option; see --help");
    }
}

static bench_settings parse(int argc, char **argv) {
    bench_settings s =
        default_settings(has_option(argc, argv, "--ladder"), has_option(argc, argv, "--quick"));
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            s.json = true;
        } else if (strcmp(argv[i], "--no-offload") == 0) {
            s.offload = false;
        } else if (strcmp(argv[i], "--ladder") != 0 && strcmp(argv[i], "--quick") != 0) {
            parse_value(&s, argv[i], argv[i + 1]);
            i++;
        }
    }
    return s;
}

int main(int argc, char **argv) {
    if (has_option(argc, argv, "--help")) {
        print_help();
        return 0;
    }
    const bench_settings settings = parse(argc, argv);
    start_pool(&settings);
    while ((pool_thread = find_pool_thread()) == 0) {
        sched_yield();
    }
    check(sp2_thread_set_affinity(settings.receiver_cpu), "sp2_thread_set_affinity");
    if (!settings.json) {
        print_row_head();
    }
    measure_all(&settings);
    sp2_thread_pool_destroy(pool);
    return 0;
}
