/* SPDX-License-Identifier: MIT */
/*
 * What does it cost to hand heaps from the thread that receives them to the one that consumes them?
 *
 * Throughput: heaps of one packet with 1 KiB of payload come from memory (a datagram reader on a
 * worker thread), and this program's thread pops and releases them. Heaps per second from the first
 * heap popped to the last.
 *
 * Latency: a producer thread hands such packets to a stream at a fixed rate, by the functions that
 * readers call. Each packet carries the time at which it was handed over; the consumer reads the
 * clock when the pop that brings its heap returns. Producer's cost: the time that handing over
 * takes (decode, memory, copy, ring, wake-up). What reading the clock costs is taken off both.
 * Beside it, a bare futex: one thread writes the time and wakes the other, with nothing in between.
 *
 * All rows of a table come from one run in turns; each number is the median of the rounds, with the
 * smallest and largest.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "packet_builder.h"
#include "receive/stream.h"
#include "sources.h"

enum { PAYLOAD = 1024, SOURCE_HEAPS = 64, POP_BATCH = 16, MAX_ROUNDS = 101, DEFAULT_ROUNDS = 7 };
enum { THROUGHPUT_HEAPS = 400000, NO_CPU = -1 };

typedef struct bench_settings {
    uint32_t rounds;
    int consumer_cpu;
    int producer_cpu;
    bool json;
} bench_settings;

static bench_settings settings;

static void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_ring: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double clock_cost_ns(void) {
    enum { READS = 100000 };
    const uint64_t start = now_ns();
    for (int i = 0; i < READS; i++) {
        now_ns();
    }
    return (double)(now_ns() - start) / READS;
}

static void run_on(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (cpu != NO_CPU && sched_setaffinity(0, sizeof(set), &set) != 0) {
        stop_with("CPU", "cannot be used");
    }
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The results of all rounds of one row and column. */
typedef struct series {
    double values[MAX_ROUNDS];
    uint32_t count;
} series;

static void add_value(series *s, double value) {
    s->values[s->count++] = value;
}

static double median(series *s) {
    qsort(s->values, s->count, sizeof(s->values[0]), by_value);
    return (s->values[(s->count - 1) / 2] + s->values[s->count / 2]) / 2;
}

/* ---- throughput ---- */

/* What a consumer has taken, by thread or in the ready callback. */
typedef struct taker {
    sp2_receive_stream *stream;
    uint64_t start; /* when the first heaps came */
    uint64_t end;
    uint64_t first; /* of them */
    uint64_t popped;
    _Atomic uint32_t ended;
} taker;

static void take(taker *t, sp2_heap *const *heaps, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        sp2_heap_release(heaps[i]);
    }
    t->popped += count;
    if (t->start == 0) {
        t->start = now_ns();
        t->first = t->popped;
    }
}

static void take_by_waiting(taker *t) {
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    while (sp2_receive_stream_pop_wait(t->stream, heaps, POP_BATCH, -1, &count) == SP2_OK) {
        take(t, heaps, count);
    }
    t->end = now_ns();
}

/* The ready callback: takes all there are, until it will be called again. */
static void take_in_callback(void *context) {
    taker *t = context;
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    do {
        int32_t status;
        while ((status = sp2_receive_stream_pop(t->stream, heaps, POP_BATCH, &count)) == SP2_OK) {
            take(t, heaps, count);
        }
        if (status == SP2_E_STOPPED) {
            if (t->end == 0) {
                t->end = now_ns();
                atomic_store(&t->ended, 1);
            }
            return;
        }
    } while (sp2_receive_stream_request_ready(t->stream) != SP2_E_EMPTY);
}

static double heaps_per_second(uint64_t ring_heaps, bool by_callback) {
    datagram_list source = {0};
    sp2_datagram *list = calloc(THROUGHPUT_HEAPS, sizeof(*list));
    if (list == NULL) {
        stop_with("calloc", "not enough memory");
    }
    for (uint64_t cnt = 1; cnt <= SOURCE_HEAPS; cnt++) {
        uint8_t *payload = new_payload(PAYLOAD, cnt);
        datagrams_add_heap(&source, cnt, payload, PAYLOAD, PAYLOAD);
        free(payload);
    }
    for (size_t i = 0; i < THROUGHPUT_HEAPS; i++) {
        list[i] = source.datagrams[i % SOURCE_HEAPS];
    }
    sp2_thread_pool *pool;
    sp2_thread_pool_options pool_options = SP2_THREAD_POOL_OPTIONS_INIT;
    const int32_t cpu = settings.producer_cpu;
    pool_options.affinity = &cpu;
    pool_options.affinity_count = cpu == NO_CPU ? 0 : 1;
    check(sp2_thread_pool_create(&pool_options, &pool), "sp2_thread_pool_create");
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.ring_heaps = ring_heaps;
    options.log_level = SP2_LOG_NONE;
    taker t = {0};
    check(sp2_receive_stream_create(pool, &options, &t.stream), "sp2_receive_stream_create");
    run_on(settings.consumer_cpu);
    if (by_callback) {
        check(sp2_receive_stream_set_ready_callback(t.stream, take_in_callback, &t),
              "sp2_receive_stream_set_ready_callback");
        sp2_receive_stream_request_ready(t.stream);
    }
    check(add_datagram_source(t.stream, list, THROUGHPUT_HEAPS), "add_datagram_source");
    if (by_callback) {
        const struct timespec while_it_runs = {0, 1000000};
        while (atomic_load(&t.ended) == 0) {
            nanosleep(&while_it_runs, NULL);
        }
    } else {
        take_by_waiting(&t);
    }
    if (t.popped != THROUGHPUT_HEAPS) {
        stop_with("throughput", "heaps were lost");
    }
    sp2_receive_stream_destroy(t.stream);
    sp2_thread_pool_destroy(pool);
    datagrams_free(&source);
    free(list);
    return (double)(t.popped - t.first) * 1e9 / (double)(t.end - t.start);
}

static void throughput(void) {
    static const struct {
        uint64_t ring_heaps;
        bool by_callback;
    } rows[] = {{1, false}, {4, false}, {64, false}, {1024, false}, {4, true}, {64, true}};
    static const char *const consumers[] = {"waits", "callback"};
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    static series results[ROWS];
    for (uint32_t round = 0; round < settings.rounds; round++) {
        for (int i = 0; i < ROWS; i++) {
            fprintf(stderr, "\rthroughput: round %u of %u, %llu slots   ", round + 1,
                    settings.rounds, (unsigned long long)rows[i].ring_heaps);
            add_value(&results[i], heaps_per_second(rows[i].ring_heaps, rows[i].by_callback));
        }
    }
    fprintf(stderr, "\r%60s\r", "");
    if (!settings.json) {
        printf("%-12s %-10s %30s\n", "ring slots", "consumer", "million heaps/s (min to max)");
    }
    for (int i = 0; i < ROWS; i++) {
        series *s = &results[i];
        const double middle = median(s);
        const char *consumer = consumers[rows[i].by_callback];
        if (settings.json) {
            printf("{\"bench\":\"ring\",\"ring_heaps\":%llu,\"consumer\":\"%s\","
                   "\"heaps_per_second\":%.0f,\"min\":%.0f,\"max\":%.0f}\n",
                   (unsigned long long)rows[i].ring_heaps, consumer, middle, s->values[0],
                   s->values[s->count - 1]);
        } else {
            printf("%-12llu %-10s %11.2f (%.2f to %.2f)\n", (unsigned long long)rows[i].ring_heaps,
                   consumer, middle / 1e6, s->values[0] / 1e6, s->values[s->count - 1] / 1e6);
        }
    }
}

/* ---- latency ---- */

typedef enum consumer_kind { POLLING, DEFAULT_WAIT, NEVER_SPIN, BARE_FUTEX, KINDS } consumer_kind;

static const char *const kind_names[] = {"polling", "default wait", "never spin", "bare futex"};

/* One producer and one consumer. */
typedef struct pace {
    consumer_kind kind;
    uint64_t period_ns;
    uint32_t heaps;
    sp2_receive_stream *stream;
    double *cost_ns;    /* of handing over, by heap */
    double *latency_ns; /* by heap */
    _Atomic uint32_t futex_word;
    _Atomic uint64_t futex_time;
    _Atomic uint32_t taken;
} pace;

static void futex(_Atomic uint32_t *word, int operation, uint32_t value) {
    syscall(SYS_futex, (uint32_t *)word, operation, value, NULL, NULL, 0);
}

static void wait_until(uint64_t due) {
    while (now_ns() < due) {
        sp2__spin_pause();
    }
}

static void hand_over(pace *p, uint8_t *packet, size_t size) {
    const uint64_t sent = now_ns();
    memcpy(packet + size - PAYLOAD, &sent, sizeof(sent));
    if (p->kind == BARE_FUTEX) {
        atomic_store(&p->futex_time, sent);
        atomic_fetch_add(&p->futex_word, 1);
        futex(&p->futex_word, FUTEX_WAKE_PRIVATE, INT_MAX);
        return;
    }
    if (sp2__stream_enter(p->stream) != SP2__MORE) {
        stop_with("latency", "the ring is full: the consumer does not keep up");
    }
    sp2__stream_add_datagram(p->stream, packet, size);
    sp2__stream_leave(p->stream);
    p->stream->sink->ops->serve(p->stream->sink);
}

static void *produce(void *context) {
    pace *p = context;
    run_on(settings.producer_cpu);
    datagram_list list = {0};
    uint8_t *payload = new_payload(PAYLOAD, 1);
    datagrams_add_heap(&list, 1, payload, PAYLOAD, PAYLOAD);
    const size_t size = (size_t)list.datagrams[0].length;
    uint8_t *packet = malloc(size);
    if (packet == NULL) {
        stop_with("malloc", "not enough memory");
    }
    memcpy(packet, list.datagrams[0].data, size);
    uint64_t due = now_ns() + 1000000;
    for (uint32_t i = 0; i < p->heaps; i++) {
        wait_until(due);
        const uint64_t start = now_ns();
        hand_over(p, packet, size);
        p->cost_ns[i] = (double)(now_ns() - start);
        due += p->period_ns;
        /* The next one only when this one has arrived: a queue is not what is measured. */
        while (atomic_load(&p->taken) <= i) {
            sp2__spin_pause();
        }
    }
    free(packet);
    free(payload);
    datagrams_free(&list);
    return NULL;
}

static sp2_heap *next_heap(pace *p) {
    sp2_heap *heap = NULL;
    uint32_t count;
    if (p->kind == POLLING) {
        while (sp2_receive_stream_pop(p->stream, &heap, 1, &count) == SP2_E_EMPTY) {
            sp2__spin_pause();
        }
    } else {
        check(sp2_receive_stream_pop_wait(p->stream, &heap, 1, -1, &count), "pop_wait");
    }
    return heap;
}

static uint64_t next_time(pace *p, uint32_t index) {
    if (p->kind == BARE_FUTEX) {
        while (atomic_load(&p->futex_word) == index) {
            futex(&p->futex_word, FUTEX_WAIT_PRIVATE, index);
        }
        return atomic_load(&p->futex_time);
    }
    sp2_heap *heap = next_heap(p);
    return (uint64_t)(uintptr_t)heap;
}

static void consume(pace *p) {
    for (uint32_t i = 0; i < p->heaps; i++) {
        uint64_t sent = next_time(p, i);
        const uint64_t received = now_ns();
        if (p->kind != BARE_FUTEX) {
            sp2_heap *heap = (sp2_heap *)(uintptr_t)sent;
            sp2_heap_info info = SP2_HEAP_INFO_INIT;
            check(sp2_heap_get_info(heap, &info), "sp2_heap_get_info");
            memcpy(&sent, info.payload, sizeof(sent));
            sp2_heap_release(heap);
        }
        p->latency_ns[i] = (double)(received - sent);
        atomic_store(&p->taken, i + 1);
    }
}

static void run_pace(consumer_kind kind, uint64_t period_ns, uint32_t heaps, double *latency,
                     double *cost) {
    pace p = {.kind = kind, .period_ns = period_ns, .heaps = heaps};
    p.cost_ns = calloc(heaps, sizeof(*p.cost_ns));
    p.latency_ns = calloc(heaps, sizeof(*p.latency_ns));
    if (p.cost_ns == NULL || p.latency_ns == NULL) {
        stop_with("calloc", "not enough memory");
    }
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.spin_ns = kind == NEVER_SPIN ? SP2_NEVER_SPIN : 0;
    check(sp2_receive_stream_create(NULL, &options, &p.stream), "sp2_receive_stream_create");
    pthread_t producer;
    run_on(settings.consumer_cpu);
    if (pthread_create(&producer, NULL, produce, &p) != 0) {
        stop_with("pthread_create", "failed");
    }
    consume(&p);
    pthread_join(producer, NULL);
    sp2_receive_stream_destroy(p.stream);
    qsort(p.cost_ns, heaps, sizeof(double), by_value);
    qsort(p.latency_ns, heaps, sizeof(double), by_value);
    const double clock_cost = clock_cost_ns();
    *latency = p.latency_ns[heaps / 2] - clock_cost;
    *cost = p.cost_ns[heaps / 2] - clock_cost;
    free(p.cost_ns);
    free(p.latency_ns);
}

static void latency(uint64_t rate, uint32_t heaps) {
    static series latencies[KINDS];
    static series costs[KINDS];
    memset(latencies, 0, sizeof(latencies));
    memset(costs, 0, sizeof(costs));
    for (uint32_t round = 0; round < settings.rounds; round++) {
        for (int kind = 0; kind < KINDS; kind++) {
            double middle;
            double cost;
            fprintf(stderr, "\rlatency at %llu heaps/s: round %u of %u, %s   ",
                    (unsigned long long)rate, round + 1, settings.rounds, kind_names[kind]);
            run_pace((consumer_kind)kind, 1000000000u / rate, heaps, &middle, &cost);
            add_value(&latencies[kind], middle);
            add_value(&costs[kind], cost);
        }
    }
    fprintf(stderr, "\r%60s\r", "");
    if (!settings.json) {
        printf("\n%llu heaps/s\n%-14s %32s %32s\n", (unsigned long long)rate, "consumer",
               "latency, us (min to max)", "producer's cost, us (min to max)");
    }
    for (int kind = 0; kind < KINDS; kind++) {
        series *l = &latencies[kind];
        series *c = &costs[kind];
        const double middle = median(l);
        const double cost = median(c);
        const uint32_t last = l->count - 1;
        if (settings.json) {
            printf("{\"bench\":\"latency\",\"rate\":%llu,\"consumer\":\"%s\","
                   "\"latency_ns\":%.0f,\"latency_min\":%.0f,\"latency_max\":%.0f,"
                   "\"cost_ns\":%.0f,\"cost_min\":%.0f,\"cost_max\":%.0f}\n",
                   (unsigned long long)rate, kind_names[kind], middle, l->values[0],
                   l->values[last], cost, c->values[0], c->values[last]);
        } else {
            printf("%-14s %14.2f (%.2f to %.2f) %18.2f (%.2f to %.2f)\n", kind_names[kind],
                   middle / 1e3, l->values[0] / 1e3, l->values[last] / 1e3, cost / 1e3,
                   c->values[0] / 1e3, c->values[last] / 1e3);
        }
    }
}

static void print_help(void) {
    printf("usage: bench_ring [options]\n"
           "Measures how heaps get from the receiving thread to the consumer: heaps per second by\n"
           "size of the ring, and latency by the way in which the consumer waits.\n"
           "  --rounds N   rounds of each measurement, 1 to %d; default %d\n"
           "  --json       JSON lines instead of tables\n"
           "  --no-cpu     leave the threads where the scheduler puts them; by default each has\n"
           "               one of the first two CPUs\n"
           "  --help       this text\n",
           MAX_ROUNDS, DEFAULT_ROUNDS);
}

/* The first two CPUs that this process may use, if there are two. */
static void choose_cpus(void) {
    cpu_set_t allowed;
    settings.consumer_cpu = NO_CPU;
    settings.producer_cpu = NO_CPU;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
        return;
    }
    for (int cpu = 0; settings.producer_cpu == NO_CPU; cpu++) {
        if (CPU_ISSET((size_t)cpu, &allowed)) {
            *(settings.consumer_cpu == NO_CPU ? &settings.consumer_cpu : &settings.producer_cpu) =
                cpu;
        }
    }
}

static void parse(int argc, char **argv) {
    settings.rounds = DEFAULT_ROUNDS;
    choose_cpus();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            exit(0);
        } else if (strcmp(argv[i], "--json") == 0) {
            settings.json = true;
        } else if (strcmp(argv[i], "--no-cpu") == 0) {
            settings.consumer_cpu = NO_CPU;
            settings.producer_cpu = NO_CPU;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0 &&
                   atoi(argv[i + 1]) <= MAX_ROUNDS) {
            settings.rounds = (uint32_t)atoi(argv[++i]);
        } else {
            stop_with(argv[i], "unknown option or wrong value; see --help");
        }
    }
}

int main(int argc, char **argv) {
    parse(argc, argv);
    throughput();
    latency(50000, 20000);
    latency(100, 50);
    return 0;
}
