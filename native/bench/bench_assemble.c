/* SPDX-License-Identifier: MIT */
/*
 * What does receiving cost over the one thing that it cannot avoid, the copy of the payload?
 *
 * Two methods handle the same packets, in turns within one run, so that both see the same machine:
 *
 *   memcpy   one thread copies the payload of each packet to its place in a heap buffer and does
 *            nothing else; the heap buffers are used in rotation.
 *   receive  the whole receive path with default options: a stream is fed with the packets as
 *            datagrams; its worker thread decodes, assembles and queues heaps; this program's
 *            thread pops them in batches, looks at each and releases it.
 *
 * Source and destination stay in cache: the packets are those of a few heaps, and the list that is
 * fed names them again and again (a completed heap is forgotten, so its cnt may come again). The
 * memcpy method walks the same list and has as many heap buffers as the receive path had in use
 * while it warmed up. The thread pool stays, so that the library keeps its memory from one
 * repetition to the next, as it does in a program that receives for long; all memory is touched
 * before anything is measured.
 *
 * With --unsized the packets do not say how long their heap is: its memory grows as they come.
 *
 * With --pool a third method takes its turns: receive_pool is receive with a memory pool of the
 * heap's size as the stream's allocator. With --account one does, too: receive_account is receive
 * with everything that a stream can count of loss: heaps by items and source, and senders.
 *
 * A repetition of either method is a list of RUN_BYTES of payload: short enough that most of them
 * pass undisturbed on a machine that is shared. Receiving is measured from the moment when the
 * first heaps have been popped to that when the last one is, so that making and waking a thread do
 * not count. One repetition gives nanoseconds per packet; the result is the median of the
 * repetitions, with the smallest and largest as spread, and for the overhead the median of the
 * differences between neighbours.
 */
#include "bench_assemble.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "packet_builder.h"
#include "sources.h"

#define RUN_BYTES (UINT64_C(64) << 20)
#define MAX_ROTATION 1e12

/* Repetitions of each shape; heap buffers; heaps in a repetition, of which the first are not
 * measured.
 */
enum { DEFAULT_REPEATS = 101, MAX_DESTINATIONS = 64, LEAST_HEAPS = 8 };

/* With --account: items that heaps are counted by, and source heaps, so that a heap follows the one
 * before more often than it repeats an earlier one. */
enum { COUNT_ITEM = 0x1600, SET_ITEM = 0x4101, ACCOUNTED_HEAPS = 16 };

/* One heap size and packet size with everything made ready. */
typedef struct shape {
    const bench_settings *settings;
    uint64_t heap;
    uint64_t payload;
    uint64_t packets; /* in the list */
    uint64_t heaps;   /* in the list */
    datagram_list source;
    sp2_datagram *list;
    sp2_thread_pool *pool;
    sp2_allocator *memory_pool; /* or NULL */
    uint32_t destinations;
    uint8_t *destination[MAX_DESTINATIONS];
} shape;

void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_assemble: %s: %s\n", what, why);
    exit(1);
}

void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

void *allocate(size_t bytes) {
    void *memory = malloc(bytes);
    if (memory == NULL) {
        stop_with("malloc", "not enough memory");
    }
    memset(memory, 1, bytes);
    return memory;
}

double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void run_on(int32_t cpu) {
    if (cpu != NO_CPU) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        if (sched_setaffinity(0, sizeof(set), &set) != 0) {
            stop_with("--cpu", "this CPU cannot be used");
        }
    }
}

/* A packet of a source heap, as a sender makes it: its items are in the first, or in all. */
static void add_source_packet(shape *s, uint64_t cnt, const uint8_t *content, uint64_t offset) {
    const bench_settings *settings = s->settings;
    const int64_t length = settings->unsized ? NO_HEAP_LENGTH : (int64_t)s->heap;
    packet_builder packet;
    packet_begin_heap(&packet, 48, cnt, length, offset, s->payload);
    if (offset == 0 || settings->repeat_items) {
        if (settings->account || settings->repeat_items) {
            packet_add_immediate(&packet, COUNT_ITEM, cnt);
            packet_add_immediate(&packet, SET_ITEM, 1);
        }
        packet_add_address(&packet, 0x1000, 0);
    }
    packet_add_payload(&packet, content + offset, (size_t)s->payload);
    datagrams_add_packet(&s->source, &packet);
}

/* The same order in each run. */
static void shuffle(uint32_t *order, uint32_t count, uint64_t seed) {
    for (uint32_t i = count; i > 1; i--) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint32_t other = (uint32_t)((seed >> 33) % i);
        const uint32_t moved = order[i - 1];
        order[i - 1] = order[other];
        order[other] = moved;
    }
}

static void add_source_heap(shape *s, uint64_t cnt) {
    const uint32_t count = (uint32_t)(s->heap / s->payload);
    uint8_t *content = new_payload(s->heap, cnt);
    uint32_t *order = allocate(count * sizeof(*order));
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    if (s->settings->shuffled) {
        shuffle(order, count, cnt);
    } else if (s->settings->gap && count > 2) {
        memmove(order + 1, order + 2, (count - 2) * sizeof(*order));
        order[count - 1] = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        add_source_packet(s, cnt, content, order[i] * s->payload);
    }
    free(order);
    free(content);
}

static void check_content(const shape *s, const sp2_heap_info *info) {
    uint8_t *expected = new_payload(s->heap, info->cnt);
    if (memcmp(info->payload, expected, (size_t)s->heap) != 0) {
        stop_with("receive", "a heap has the wrong content");
    }
    free(expected);
}

static int32_t pop(const shape *s, sp2_receive_stream *stream, sp2_heap **heaps, uint32_t *count) {
    if (!s->settings->poll) {
        return sp2_receive_stream_pop_wait(stream, heaps, POP_BATCH, -1, count);
    }
    int32_t status;
    do {
        status = sp2_receive_stream_pop(stream, heaps, POP_BATCH, count);
    } while (status == SP2_E_EMPTY);
    return status;
}

/* `allocator` NULL: the default memory. `accounts`: counts all that can be counted of loss. */
static double receive_once(const shape *s, sp2_allocator *allocator, bool accounts, bool compare) {
    sp2_receive_stream *stream;
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    /* A heap without a length ends when the next one begins, whose cnt is the one's before. */
    options.max_heaps = s->settings->unsized ? 1 : 0;
    if (accounts) {
        options.flags = SP2_RECEIVE_ACCOUNT_HEAPS | SP2_RECEIVE_RECORD_SENDERS;
        options.cnt_step = 1;
        options.count_item = COUNT_ITEM;
        options.set_item = SET_ITEM;
    }
    check(sp2_receive_stream_create(s->pool, &options, &stream), "sp2_receive_stream_create");
    check(sp2_receive_stream_set_memory_allocator(stream, allocator),
          "sp2_receive_stream_set_memory_allocator");
    check(add_datagram_source(stream, s->list, s->packets), "add_datagram_source");
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    uint64_t complete = 0;
    uint64_t before_start = 0;
    double start = 0;
    double end = 0;
    while (pop(s, stream, heaps, &count) == SP2_OK) {
        for (uint32_t i = 0; i < count; i++) {
            sp2_heap_info info = SP2_HEAP_INFO_INIT;
            check(sp2_heap_get_info(heaps[i], &info), "sp2_heap_get_info");
            complete += (info.flags & SP2_HEAP_CONTIGUOUS) && info.payload_length == s->heap;
            if (compare) {
                check_content(s, &info);
            }
            sp2_heap_release(heaps[i]);
        }
        end = now_ns();
        if (before_start == 0) {
            before_start = complete;
            start = end;
        }
    }
    sp2_receive_stream_destroy(stream);
    if (complete != s->heaps) {
        stop_with("receive", "not every heap arrived complete");
    }
    const uint64_t measured = (s->heaps - before_start) * (s->heap / s->payload);
    return (end - start) / (double)measured;
}

static double memcpy_once(const shape *s) {
    const size_t payload = (size_t)s->payload;
    const double start = now_ns();
    uint32_t turn = 0;
    uint64_t offset = 0;
    for (uint64_t i = 0; i < s->packets; i++) {
        const sp2_datagram *packet = &s->list[i];
        const uint8_t *source = (const uint8_t *)packet->data + packet->length - payload;
        memcpy(s->destination[turn] + offset, source, payload);
        offset += payload;
        if (offset == s->heap) {
            offset = 0;
            turn = turn + 1 == s->destinations ? 0 : turn + 1;
        }
    }
    /* The copies are a result: the compiler may not leave them out. */
    __asm__ volatile("" : : "r"(s->destination) : "memory");
    return (now_ns() - start) / (double)s->packets;
}

sp2_thread_pool *new_pool(const bench_settings *settings) {
    sp2_thread_pool_options options = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_thread_pool *pool;
    options.affinity = &settings->worker_cpu;
    options.affinity_count = settings->worker_cpu == NO_CPU ? 0 : 1;
    check(sp2_thread_pool_create(&options, &pool), "sp2_thread_pool_create");
    return pool;
}

/* Room for all heaps that are in use at a time, in place before the first. */
static void make_memory_pool(shape *s) {
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    options.lower = s->heap;
    options.upper = s->heap;
    options.max_free = MAX_DESTINATIONS;
    options.initial = s->destinations;
    options.flags = SP2_MEMORY_POOL_NO_WARNING;
    check(sp2_memory_pool_create(&options, &s->memory_pool), "sp2_memory_pool_create");
    receive_once(s, s->memory_pool, false, true);
}

/* Lets both methods run, and finds how many heap buffers the receive path uses. */
static void warm_up(shape *s) {
    sp2_memory_stats memory = SP2_MEMORY_STATS_INIT;
    receive_once(s, NULL, s->settings->account, true);
    check(sp2_memory_trim(), "sp2_memory_trim");
    receive_once(s, NULL, false, false);
    check(sp2_memory_get_stats(&memory), "sp2_memory_get_stats");
    const uint64_t buffers = memory.cached_bytes / s->heap;
    s->destinations = buffers < 1                  ? 1
                      : buffers > MAX_DESTINATIONS ? MAX_DESTINATIONS
                                                   : (uint32_t)buffers;
    for (uint32_t i = 0; i < s->destinations; i++) {
        s->destination[i] = allocate((size_t)s->heap);
    }
    memcpy_once(s);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_of(double *ns, uint32_t count) {
    qsort(ns, count, sizeof(*ns), by_value);
    return (ns[(count - 1) / 2] + ns[count / 2]) / 2;
}

static double print_result(const shape *s, const char *method, double *ns, uint32_t repeats) {
    const double median = median_of(ns, repeats);
    printf(
        "{\"bench\":\"assemble\",\"method\":\"%s\",\"heap\":%llu,\"payload\":%llu,"
        "\"unsized\":%s,\"packets\":%llu,\"repeats\":%u,\"destinations\":%u,\"ns_per_packet\":%.2f,"
        "\"min\":%.2f,\"max\":%.2f,\"gb_per_s\":%.2f}\n",
        method, (unsigned long long)s->heap, (unsigned long long)s->payload,
        s->settings->unsized ? "true" : "false", (unsigned long long)s->packets, repeats,
        s->destinations, median, ns[0], ns[repeats - 1], (double)s->payload / median);
    return median;
}

/* How much dearer one way is than another, which took turns; before either array is sorted. */
static double median_ratio(const double *one, const double *other, uint32_t count) {
    static double ratio[MAX_REPEATS];
    for (uint32_t i = 0; i < count; i++) {
        ratio[i] = one[i] / other[i];
    }
    return median_of(ratio, count);
}

/* One turn of the plain copy and one of receiving: whatever memory the stream uses, it finds the
 * caches as the copy leaves them. */
static double copy_and_receive(const shape *s, sp2_allocator *allocator, bool accounts,
                               double *copy_ns) {
    run_on(s->settings->worker_cpu);
    *copy_ns = memcpy_once(s);
    run_on(s->settings->consumer_cpu);
    return receive_once(s, allocator, accounts, false);
}

static void measure(const bench_settings *settings, uint64_t heap, uint64_t payload) {
    shape s = {.settings = settings, .heap = heap, .payload = payload};
    const uint64_t source_heaps = settings->account ? ACCOUNTED_HEAPS : SOURCE_HEAPS;
    for (uint64_t cnt = 1; cnt <= source_heaps; cnt++) {
        add_source_heap(&s, cnt);
    }
    s.heaps = RUN_BYTES / heap < LEAST_HEAPS ? LEAST_HEAPS : RUN_BYTES / heap;
    s.packets = s.heaps * (heap / payload);
    s.list = allocate((size_t)s.packets * sizeof(*s.list));
    for (uint64_t i = 0; i < s.packets; i++) {
        s.list[i] = s.source.datagrams[i % s.source.count];
    }
    s.pool = new_pool(settings);
    warm_up(&s);
    if (settings->pool) {
        make_memory_pool(&s);
    }

    const uint32_t repeats = settings->repeats != 0 ? settings->repeats : DEFAULT_REPEATS;
    static double copy[MAX_REPEATS];
    static double receive[MAX_REPEATS];
    static double with_pool[MAX_REPEATS];
    static double accounting[MAX_REPEATS];
    const double end = now_ns() + settings->seconds * 1e9;
    uint32_t done = 0;
    while (settings->seconds > 0 ? now_ns() < end && done < MAX_REPEATS : done < repeats) {
        double unused;
        receive[done] = copy_and_receive(&s, NULL, false, &copy[done]);
        with_pool[done] =
            settings->pool ? copy_and_receive(&s, s.memory_pool, false, &unused) : receive[done];
        accounting[done] =
            settings->account ? copy_and_receive(&s, NULL, true, &unused) : receive[done];
        done++;
    }
    static double overhead[MAX_REPEATS];
    for (uint32_t i = 0; i < done; i++) {
        overhead[i] = receive[i] - copy[i];
    }
    const double ratio = median_ratio(receive, with_pool, done);
    const double accounting_ratio = median_ratio(accounting, receive, done);
    const double copy_ns = print_result(&s, "memcpy", copy, done);
    print_result(&s, "receive", receive, done);
    const double overhead_ns = median_of(overhead, done);
    printf("{\"bench\":\"assemble\",\"heap\":%llu,\"payload\":%llu,"
           "\"overhead_ns_per_packet\":%.2f,\"overhead_percent\":%.1f,"
           "\"overhead_of_min_ns_per_packet\":%.2f,\"overhead_of_min_percent\":%.1f}\n",
           (unsigned long long)heap, (unsigned long long)payload, overhead_ns,
           overhead_ns / copy_ns * 100, receive[0] - copy[0],
           (receive[0] - copy[0]) / copy[0] * 100);
    if (s.memory_pool != NULL) {
        print_result(&s, "receive_pool", with_pool, done);
        printf("{\"bench\":\"assemble\",\"heap\":%llu,\"payload\":%llu,"
               "\"default_over_pool\":%.3f}\n",
               (unsigned long long)heap, (unsigned long long)payload, ratio);
    }
    if (settings->account) {
        print_result(&s, "receive_account", accounting, done);
        printf("{\"bench\":\"assemble\",\"heap\":%llu,\"payload\":%llu,"
               "\"account_over_default\":%.4f}\n",
               (unsigned long long)heap, (unsigned long long)payload, accounting_ratio);
    }
    fflush(stdout);

    sp2_allocator_destroy(s.memory_pool);
    sp2_thread_pool_destroy(s.pool);
    for (uint32_t i = 0; i < s.destinations; i++) {
        free(s.destination[i]);
    }
    free(s.list);
    datagrams_free(&s.source);
}

static void print_help(void) {
    printf(
        "usage: bench_assemble [options]\n"
        "Compares receiving from memory with a plain copy of the same packets and prints a JSON\n"
        "line per method and shape, and one with the overhead.\n"
        "  --heap BYTES      heap size; default: 65536 and 1048576\n"
        "  --payload BYTES   payload per packet, a divisor of the heap size; default: 1024 and "
        "8192\n"
        "  --repeats N       repetitions of each method, 1 to %d; default %d\n"
        "  --seconds S       instead of --repeats: time per shape\n"
        "  --cpu A,B         bind the consumer to CPU A, the worker and the plain copy to CPU B;\n"
        "                    default: the first two that may be used\n"
        "  --no-cpu          leave both where the scheduler puts them\n"
        "  --unsized         the packets do not say how long their heap is\n"
        "  --repeat-items    every packet has the items, not only the first of a heap\n"
        "  --shuffled        the packets of a heap come in any order\n"
        "  --gap             the second packet of a heap comes last\n"
        "  --pool            also receives with an explicit memory pool\n"
        "  --account         also counts everything that can be counted of loss\n"
        "  --poll            the consumer looks for heaps without pause instead of waiting\n"
        "These compare the methods of sp2_receive_stream_set_memcpy instead, in a table:\n"
        "  --rotate BYTES    the consumer keeps so many bytes of heaps, so that no heap's memory\n"
        "                    is in a cache when it is used again\n"
        "  --consume         the consumer reads every byte of each heap\n"
        "  --ring N          ring_heaps of the stream\n"
        "  --json            JSON lines instead of the table\n"
        "  --help            this text\n",
        MAX_REPEATS, DEFAULT_REPEATS);
}

/* A number, perhaps with K, M or G for powers of 1024. */
static double number(const char *option, const char *text, double low, double high) {
    char *end = NULL;
    double value = text == NULL ? 0 : strtod(text, &end);
    const char *const units = "KMG";
    if (end != NULL && end != text && *end != '\0' && strchr(units, *end) != NULL) {
        value *= (double)((uint64_t)1024 << 10 * (strchr(units, *end) - units));
        end++;
    }
    if (text == NULL || end == text || *end != '\0' || !(value >= low && value <= high)) {
        char why[128];
        snprintf(why, sizeof(why), "needs a number from %.15g to %.15g", low, high);
        stop_with(option, why);
    }
    return value;
}

/* The first two CPUs that this process may use, if there are two: what is to be measured is the
 * receive path, not how the scheduler moves two busy threads about. */
static void choose_cpus(bench_settings *s) {
    cpu_set_t allowed;
    s->consumer_cpu = NO_CPU;
    s->worker_cpu = NO_CPU;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
        return;
    }
    for (int cpu = 0; s->worker_cpu == NO_CPU; cpu++) {
        if (CPU_ISSET((size_t)cpu, &allowed)) {
            *(s->consumer_cpu == NO_CPU ? &s->consumer_cpu : &s->worker_cpu) = cpu;
        }
    }
}

static bench_settings parse(int argc, char **argv) {
    bench_settings s = {0};
    choose_cpus(&s);
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        const char *value = argv[i + 1];
        if (strcmp(option, "--help") == 0) {
            print_help();
            exit(0);
        } else if (strcmp(option, "--poll") == 0) {
            s.poll = true;
            continue;
        } else if (strcmp(option, "--unsized") == 0) {
            s.unsized = true;
            continue;
        } else if (strcmp(option, "--repeat-items") == 0) {
            s.repeat_items = true;
            continue;
        } else if (strcmp(option, "--shuffled") == 0) {
            s.shuffled = true;
            continue;
        } else if (strcmp(option, "--gap") == 0) {
            s.gap = true;
            continue;
        } else if (strcmp(option, "--pool") == 0) {
            s.pool = true;
            continue;
        } else if (strcmp(option, "--account") == 0) {
            s.account = true;
            continue;
        } else if (strcmp(option, "--consume") == 0) {
            s.consume = true;
            continue;
        } else if (strcmp(option, "--json") == 0) {
            s.json = true;
            continue;
        } else if (strcmp(option, "--no-cpu") == 0) {
            s.consumer_cpu = NO_CPU;
            s.worker_cpu = NO_CPU;
            continue;
        } else if (strcmp(option, "--heap") == 0) {
            s.heap = (uint64_t)number(option, value, 1, (double)RUN_BYTES);
        } else if (strcmp(option, "--payload") == 0) {
            s.payload = (uint64_t)number(option, value, 1, (double)RUN_BYTES);
        } else if (strcmp(option, "--rotate") == 0) {
            s.rotate = (uint64_t)number(option, value, 1, MAX_ROTATION);
        } else if (strcmp(option, "--ring") == 0) {
            s.ring_heaps = (uint64_t)number(option, value, 1, SP2_RECEIVE_MAX_SLOTS);
        } else if (strcmp(option, "--repeats") == 0) {
            s.repeats = (uint32_t)number(option, value, 1, MAX_REPEATS);
        } else if (strcmp(option, "--seconds") == 0) {
            s.seconds = number(option, value, 0.001, 3600);
        } else if (strcmp(option, "--cpu") == 0) {
            if (value == NULL || sscanf(value, "%d,%d", &s.consumer_cpu, &s.worker_cpu) != 2 ||
                s.consumer_cpu < 0 || s.worker_cpu < 0 || s.consumer_cpu >= CPU_SETSIZE ||
                s.worker_cpu >= CPU_SETSIZE) {
                stop_with(option, "needs two CPU numbers, for example 0,1");
            }
        } else {
            stop_with(option, "unknown option; see --help");
        }
        i++;
    }
    return s;
}

int main(int argc, char **argv) {
    static const uint64_t usual_heaps[] = {65536, 1048576};
    static const uint64_t usual_payloads[] = {1024, 8192};
    const bench_settings s = parse(argc, argv);
    if (s.rotate != 0 || s.consume) {
        compare_copies(&s);
        return 0;
    }
    for (size_t h = 0; h < (s.heap != 0 ? 1 : 2); h++) {
        for (size_t p = 0; p < (s.payload != 0 ? 1 : 2); p++) {
            const uint64_t heap = s.heap != 0 ? s.heap : usual_heaps[h];
            const uint64_t payload = s.payload != 0 ? s.payload : usual_payloads[p];
            if (heap % payload != 0) {
                stop_with("--payload", "has to divide the heap size");
            }
            measure(&s, heap, payload);
        }
    }
    return 0;
}
