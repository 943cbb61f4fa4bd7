/* SPDX-License-Identifier: MIT */
/*
 * What can a sender buy with a packet? Each case is traffic that tries to cost more than it brings;
 * beside it, in turns within the same run, ordinary packets of the same size and number. There are
 * two kinds of these, and both are measured for every case: packets that go on with a heap, in
 * order, which is the least that a packet can cost; and packets that are a heap, whose payloads
 * fill them, of the mmap allocator if the case has that. A case each of whose packets starts a heap
 * is held to the second kind, as no sender of heaps of one packet can ask for less; all others to
 * the first.
 *
 * Both are fed to a stream as datagrams in memory; the consumer pops the heaps, asks for their
 * items and descriptors, and releases them. What counts is the processor time of the whole process
 * less the page faults, whose price is measured beside it; so neither other programs nor what the
 * system takes to make memory real is in it. "times" is the case's time for a packet divided by
 * that of the ordinary packet in the same repetition; a star is at the quotient that the case is
 * held to. Times and quotients are medians.
 *
 * Memory is looked at in a repetition of its own, which begins without recycled memory and may use
 * huge pages: by how much the process grew, beside what SECURITY.md allows: the pages that the
 * payloads touch, and what heaps know of their item pointers and ranges.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "hostile_cases.h"
#include "sources.h"

enum {
    POP_BATCH = 256,
    RING_HEAPS = 4096,
    DEFAULT_REPEATS = 5,
    MAX_REPEATS = 101,
    PREFIX = 40,
    DENSE_PAGES = 4096,
    LONE_PAGES = 2048,
    PAGE = 4096,
    HUGE_PAGE = 2 << 20
};

/* How long a consumer sleeps that has found fewer heaps than it could take: it neither waits in a
 * loop nor is it woken for each heap. */
#define CONSUMER_NAP_NS 200000

/* What SECURITY.md says of the memory for the parts of heaps, and what the process itself may grow
 * by: a thread, its ring, and the kernel's way of counting pages. */
enum { POINTER_BYTES = 88, RANGE_BYTES = 64, PROCESS_BYTES = 1 << 20 };
#define ORDINARY_HEAP (UINT64_C(1) << 20)
#define MOST_PACKETS_OF_A_HEAP 65536
#define MOST_ORDINARY_BYTES (UINT64_C(256) << 20)
#define FEWEST_ORDINARY_PACKETS 4096

typedef struct settings {
    const char *only; /* a case's name, or NULL */
    uint32_t repeats;
    bool json;
    bool list;
} settings;

/* What a repetition took. */
typedef struct measurement {
    double ns;       /* processor time without page faults */
    double fault_ns; /* that of the page faults */
} measurement;

static _Noreturn void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_hostile: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static double cpu_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double page_faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_minflt;
}

/* Processor time of a page fault, one for each `stride` bytes; there must be no huge pages. */
static double price_of_a_fault(size_t pages, size_t stride) {
    const double faults = page_faults();
    const double start = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint8_t *memory = mmap(NULL, pages * stride, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        stop_with("mmap", "not enough memory");
    }
    for (size_t i = 0; i < pages; i++) {
        memory[i * stride] = 1;
    }
    munmap(memory, pages * stride);
    return (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / (page_faults() - faults);
}

/* A number of kilobytes in /proc/self/status, in bytes. */
static double memory_status(const char *name) {
    char line[256];
    unsigned long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            sscanf(line + strlen(name), ": %llu", &kilobytes);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)kilobytes * 1024;
}

/* Lets the largest resident size begin anew. */
static void forget_peak(void) {
    const int file = open("/proc/self/clear_refs", O_WRONLY);
    if (file < 0 || write(file, "5", 1) != 1) {
        stop_with("/proc/self/clear_refs", "cannot be written");
    }
    close(file);
}

static void use_huge_pages(bool use) {
    if (prctl(PR_SET_THP_DISABLE, use ? 0 : 1, 0, 0, 0) != 0) {
        stop_with("prctl", "transparent huge pages cannot be switched");
    }
}

static sp2_allocator *new_allocator(hostile_memory memory) {
    sp2_allocator *mmap_allocator;
    if (memory == HOSTILE_DEFAULT_MEMORY) {
        return NULL;
    }
    check(sp2_mmap_allocator_create(NULL, &mmap_allocator), "sp2_mmap_allocator_create");
    if (memory == HOSTILE_MMAP) {
        return mmap_allocator;
    }
    sp2_memory_pool_options options = SP2_MEMORY_POOL_OPTIONS_INIT;
    sp2_allocator *pool;
    options.lower = 1;
    options.upper = UINT64_C(1) << 30;
    options.max_free = 4;
    options.base = mmap_allocator;
    options.flags = SP2_MEMORY_POOL_NO_WARNING;
    check(sp2_memory_pool_create(&options, &pool), "sp2_memory_pool_create");
    sp2_allocator_destroy(mmap_allocator);
    return pool;
}

static void no_log(void *context, int32_t level, const char *message) {
    (void)context;
    (void)level;
    (void)message;
}

static void use_heap(sp2_heap *heap) {
    const sp2_item *items;
    const sp2_descriptor *descriptors;
    uint64_t count;
    check(sp2_heap_get_items(heap, &items, &count), "sp2_heap_get_items");
    /* Descriptors that cannot be read are an answer, too. */
    (void)sp2_heap_get_descriptors(heap, &descriptors, &count);
    sp2_heap_release(heap);
}

static void receive(sp2_thread_pool *pool, const hostile_case *traffic, hostile_memory memory,
                    const datagram_list *packets) {
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    options.max_heaps = traffic->max_heaps;
    options.flags = traffic->flags;
    options.ring_heaps = RING_HEAPS; /* so that the worker seldom waits for the consumer */
    options.log = no_log;
    sp2_receive_stream *stream;
    sp2_allocator *allocator = new_allocator(memory);
    check(sp2_receive_stream_create(pool, &options, &stream), "sp2_receive_stream_create");
    check(sp2_receive_stream_set_memory_allocator(stream, allocator),
          "sp2_receive_stream_set_memory_allocator");
    check(add_datagram_source(stream, packets->datagrams, packets->count), "add_datagram_source");
    const struct timespec nap = {.tv_nsec = CONSUMER_NAP_NS};
    sp2_heap *heaps[POP_BATCH];
    uint32_t count;
    int32_t status;
    while ((status = sp2_receive_stream_pop(stream, heaps, POP_BATCH, &count)) != SP2_E_STOPPED) {
        for (uint32_t i = 0; i < count; i++) {
            use_heap(heaps[i]);
        }
        if (count < POP_BATCH) {
            nanosleep(&nap, NULL);
        }
    }
    sp2_receive_stream_destroy(stream);
    sp2_allocator_destroy(allocator);
}

static measurement measure_time(sp2_thread_pool *pool, const hostile_case *traffic,
                                hostile_memory memory, const datagram_list *packets) {
    const double faults = page_faults();
    const double start = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
    receive(pool, traffic, memory, packets);
    measurement m = {.ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - start};
    m.fault_ns = page_faults() - faults;
    /* Now, as the price depends on what else the machine does. */
    m.fault_ns *= traffic->lone_pages ? price_of_a_fault(LONE_PAGES, HUGE_PAGE)
                                      : price_of_a_fault(DENSE_PAGES, PAGE);
    m.ns -= m.fault_ns;
    m.ns /= (double)packets->count;
    m.fault_ns /= (double)packets->count;
    return m;
}

/* By how much the process grows, in bytes. */
static double measure_memory(sp2_thread_pool *pool, const hostile_case *traffic,
                             const datagram_list *packets) {
    check(sp2_memory_trim(), "sp2_memory_trim");
    malloc_trim(0);
    use_huge_pages(true);
    forget_peak();
    const double before = memory_status("VmRSS");
    receive(pool, traffic, traffic->memory, packets);
    const double peak = memory_status("VmHWM");
    use_huge_pages(false);
    check(sp2_memory_trim(), "sp2_memory_trim");
    return peak > before ? peak - before : 0;
}

static int by_number(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t count_distinct(uint64_t *numbers, size_t count) {
    uint64_t distinct = 0;
    qsort(numbers, count, sizeof(*numbers), by_number);
    for (size_t i = 0; i < count; i++) {
        distinct += i == 0 || numbers[i] != numbers[i - 1];
    }
    return distinct;
}

/* What packets may make real. Their payloads are no larger than two pages or begin at one. */
static double allowed_memory(const datagram_list *packets) {
    uint64_t *pages = malloc(packets->count * 4 * sizeof(*pages));
    size_t count = 0;
    uint64_t pointers = 0;
    if (pages == NULL) {
        stop_with("malloc", "not enough memory");
    }
    for (size_t i = 0; i < packets->count; i++) {
        const hostile_packet packet = hostile_packet_read(&packets->datagrams[i]);
        const uint64_t heap = packet.cnt << 24;
        pointers += packet.pointers;
        for (uint64_t k = 0; packet.length != 0 && k <= (packet.length - 1) / PAGE + 1; k++) {
            const uint64_t at = k * PAGE < packet.length - 1 ? k * PAGE : packet.length - 1;
            pages[count++] = heap ^ ((packet.offset + at) / PAGE);
        }
    }
    const uint64_t distinct = count_distinct(pages, count);
    free(pages);
    return (double)(distinct * PAGE + pointers * POINTER_BYTES + packets->count * RANGE_BYTES +
                    PROCESS_BYTES);
}

static uint64_t bytes_of(const datagram_list *packets) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < packets->count; i++) {
        bytes += packets->datagrams[i].length;
    }
    return bytes;
}

/* Packets of heaps that arrive in order. */
static void build_ordinary(datagram_list *packets, uint64_t size, uint64_t count) {
    const uint64_t payload = size > PREFIX ? size - PREFIX : 1;
    uint64_t each = ORDINARY_HEAP / payload;
    each = each < 1 ? 1 : each > MOST_PACKETS_OF_A_HEAP ? MOST_PACKETS_OF_A_HEAP : each;
    const uint64_t most = MOST_ORDINARY_BYTES / size;
    count = count < FEWEST_ORDINARY_PACKETS ? FEWEST_ORDINARY_PACKETS : count;
    count = count < most ? count : most;
    uint8_t *content = new_payload(each * payload, 1);
    for (uint64_t cnt = 0; packets->count < count; cnt++) {
        for (uint64_t i = 0; i < each; i++) {
            datagrams_add_part(packets, 48, cnt, (int64_t)(each * payload), content, i * payload,
                               payload);
        }
    }
    free(content);
}

/* Packets that are heaps. */
static void build_ordinary_heaps(datagram_list *packets, uint64_t size, uint64_t count) {
    const uint64_t payload = size > PREFIX ? size - PREFIX : 1;
    const uint64_t most = MOST_ORDINARY_BYTES / size;
    count = count < FEWEST_ORDINARY_PACKETS ? FEWEST_ORDINARY_PACKETS : count;
    count = count < most ? count : most;
    uint8_t *content = new_payload(payload, 1);
    for (uint64_t cnt = 0; packets->count < count; cnt++) {
        datagrams_add_part(packets, 48, cnt, (int64_t)payload, content, 0, payload);
    }
    free(content);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What all repetitions took, by number. */
typedef struct series {
    double values[MAX_REPEATS];
    uint32_t count;
} series;

static void add_value(series *s, double value) {
    s->values[s->count++] = value;
}

static double median(series *s) {
    qsort(s->values, s->count, sizeof(s->values[0]), by_value);
    return (s->values[(s->count - 1) / 2] + s->values[s->count / 2]) / 2;
}

/* One kind of ordinary packets, beside a case. */
typedef struct ordinary_packets {
    datagram_list list;
    hostile_memory memory;
    series ns;
    series times;
} ordinary_packets;

static void measure_ordinary(sp2_thread_pool *pool, ordinary_packets *ordinary, double hostile_ns) {
    static const hostile_case traffic = {.name = "ordinary"};
    const double ns = measure_time(pool, &traffic, ordinary->memory, &ordinary->list).ns;
    add_value(&ordinary->ns, ns);
    add_value(&ordinary->times, hostile_ns / ns);
}

static void print_result(const settings *s, const hostile_case *traffic, size_t packets,
                         uint64_t size, const measurement *hostile, ordinary_packets *next,
                         ordinary_packets *whole, double real, double allowed) {
    if (s->json) {
        printf("{\"bench\":\"hostile\",\"case\":\"%s\",\"packets\":%zu,\"size\":%llu,"
               "\"ns_per_packet\":%.1f,\"fault_ns_per_packet\":%.1f,"
               "\"ordinary_ns_per_packet\":%.1f,\"times\":%.2f,"
               "\"ordinary_ns_per_heap\":%.1f,\"times_of_heap\":%.2f,\"held_to_heap\":%s,"
               "\"real_kib\":%.0f,\"allowed_kib\":%.0f}\n",
               traffic->name, packets, (unsigned long long)size, hostile->ns, hostile->fault_ns,
               median(&next->ns), median(&next->times), median(&whole->ns), median(&whole->times),
               traffic->heaps ? "true" : "false", real / 1024, allowed / 1024);
    } else {
        printf("%-17s %8zu %5llu %10.1f %9.1f %8.1f %7.1f%s %8.1f %7.1f%s %8.0f %8.0f\n",
               traffic->name, packets, (unsigned long long)size, hostile->ns, hostile->fault_ns,
               median(&next->ns), median(&next->times), traffic->heaps ? " " : "*",
               median(&whole->ns), median(&whole->times), traffic->heaps ? "*" : " ", real / 1024,
               allowed / 1024);
    }
    fflush(stdout);
}

static void compare(const settings *s, const hostile_case *traffic) {
    static series ns;
    static series fault_ns;
    static ordinary_packets next;
    static ordinary_packets whole;
    datagram_list packets = {0};
    ns.count = 0;
    fault_ns.count = 0;
    next = (ordinary_packets){.memory = HOSTILE_DEFAULT_MEMORY};
    whole = (ordinary_packets){.memory = traffic->memory == HOSTILE_MMAP ? HOSTILE_MMAP
                                                                         : HOSTILE_DEFAULT_MEMORY};
    traffic->build(&packets);
    const uint64_t size = bytes_of(&packets) / packets.count;
    build_ordinary(&next.list, size, packets.count);
    build_ordinary_heaps(&whole.list, size, packets.count);
    sp2_thread_pool *pool;
    check(sp2_thread_pool_create(NULL, &pool), "sp2_thread_pool_create");

    datagram_list first = packets;
    if (traffic->memory_packets != 0) {
        first.count = traffic->memory_packets;
    }
    const double real = measure_memory(pool, traffic, &first);
    for (uint32_t i = 0; i < s->repeats; i++) {
        const measurement m = measure_time(pool, traffic, traffic->memory, &packets);
        measure_ordinary(pool, &next, m.ns);
        measure_ordinary(pool, &whole, m.ns);
        add_value(&ns, m.ns);
        add_value(&fault_ns, m.fault_ns);
    }
    const measurement hostile = {median(&ns), median(&fault_ns)};
    print_result(s, traffic, packets.count, size, &hostile, &next, &whole, real,
                 allowed_memory(&first));
    sp2_thread_pool_destroy(pool);
    datagrams_free(&packets);
    datagrams_free(&next.list);
    datagrams_free(&whole.list);
}

static void print_help(void) {
    printf("usage: bench_hostile [options]\n"
           "Compares traffic that tries to cost more than it brings with ordinary packets.\n"
           "  --case NAME    only this one\n"
           "  --list         what the cases are\n"
           "  --repeats N    repetitions, 1 to %d; default %d\n"
           "  --json         JSON lines instead of a table\n"
           "  --help         this text\n",
           MAX_REPEATS, DEFAULT_REPEATS);
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
        } else if (strcmp(option, "--list") == 0) {
            s.list = true;
        } else if (strcmp(option, "--case") == 0 && i + 1 < argc) {
            s.only = argv[++i];
        } else if (strcmp(option, "--repeats") == 0 && i + 1 < argc) {
            s.repeats = (uint32_t)strtoul(argv[++i], NULL, 10);
            if (s.repeats < 1 || s.repeats > MAX_REPEATS) {
                stop_with(option, "needs a number from 1 to 101");
            }
        } else {
            stop_with(option, "unknown option or missing value; --help lists them");
        }
    }
    return s;
}

int main(int argc, char **argv) {
    const settings s = parse(argc, argv);
    if (s.list) {
        for (uint32_t i = 0; i < hostile_case_count; i++) {
            printf("%-18s %s\n", hostile_cases[i].name, hostile_cases[i].what);
        }
        return 0;
    }
    use_huge_pages(false);
    if (!s.json) {
        printf("%-17s %8s %5s %10s %9s %8s %8s %8s %8s %8s %8s\n", "case", "packets", "size",
               "ns/packet", "faults", "ordinary", "times", "heap", "times", "real KiB", "allowed");
    }
    bool found = false;
    for (uint32_t i = 0; i < hostile_case_count; i++) {
        if (s.only == NULL || strcmp(s.only, hostile_cases[i].name) == 0) {
            compare(&s, &hostile_cases[i]);
            found = true;
        }
    }
    if (!found) {
        stop_with(s.only, "no such case; --list names them");
    }
    return 0;
}
