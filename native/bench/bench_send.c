/* SPDX-License-Identifier: MIT */
/*
 * What does sending cost, and how fast is it?
 *
 * UDP over loopback: one thread sends on one processor, a plain socket is drained on the other. For
 * each packet size, with and without segmentation offload, four senders take turns: a send stream;
 * a bare loop of sendmmsg that copies its packets first, as a program does that has its payload in
 * memory and builds packets; the same loop without the copy; and the stream again, so that what
 * else runs on the machine meets all of them. What is compared is the processor time of the sending
 * thread per byte of payload; over loopback it includes the kernel's receive path up to the socket.
 * The receiver looks without a pause, so that no sender pays for waking it.
 *
 * In memory: a stream that writes to an in-process queue, which a receive stream on the other
 * processor drains, and one that hands packets to a function, each beside a plain memcpy of the
 * same payload into as much memory. The difference is what cutting packets costs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    HEAPS = 8, /* whose memory is sent in turn */
    HEAP_BYTES = 1 << 20,
    HEAD_BYTES = 40, /* of every packet but a heap's first, which has 48 */
    BURST = 64,      /* packets of a system call, as the stream has */
    MOST_MESSAGE = 65507,
    MOST_TURNS = 64,
    RECEIVE_BUFFER = 32 << 20,
    DRAIN_MESSAGES = 16,
    DRAIN_BYTES = 65536
};

static const uint32_t packet_sizes[] = {1024, 4096, 8192};

typedef struct settings {
    uint32_t turns;
    double seconds; /* of each turn */
    uint64_t queue_bytes;
    bool json;
    bool udp;
    bool memory;
} settings;

/* One turn of one sender. */
typedef struct measured {
    double cpu_seconds; /* of the thread that sends */
    double seconds;
    double payload_bytes;
    double packets;
} measured;

typedef struct series {
    uint32_t count;
    double values[MOST_TURNS];
} series;

static void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_send: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static double clock_seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double *values_in_order(series *of) {
    for (uint32_t i = 1; i < of->count; i++) {
        const double value = of->values[i];
        uint32_t j = i;
        for (; j > 0 && of->values[j - 1] > value; j--) {
            of->values[j] = of->values[j - 1];
        }
        of->values[j] = value;
    }
    return of->values;
}

static double median(series *of) {
    const double *values = values_in_order(of);
    return of->count % 2 == 1 ? values[of->count / 2]
                              : (values[of->count / 2 - 1] + values[of->count / 2]) / 2;
}

static double least(series *of) {
    return values_in_order(of)[0];
}

static double most(series *of) {
    return values_in_order(of)[of->count - 1];
}

/* ---- a socket that is drained ---- */

typedef struct drain {
    int socket;
    uint16_t port;
    pthread_t thread;
    _Atomic uint64_t bytes;
    atomic_bool stop;
} drain;

static void *run_drain(void *context) {
    drain *d = context;
    static uint8_t room[DRAIN_MESSAGES][DRAIN_BYTES];
    struct mmsghdr messages[DRAIN_MESSAGES];
    struct iovec vectors[DRAIN_MESSAGES];
    memset(messages, 0, sizeof(messages));
    for (int i = 0; i < DRAIN_MESSAGES; i++) {
        vectors[i] = (struct iovec){room[i], DRAIN_BYTES};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    (void)sp2_thread_set_affinity(1);
    while (!atomic_load(&d->stop)) {
        const int count = recvmmsg(d->socket, messages, DRAIN_MESSAGES, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            atomic_fetch_add_explicit(&d->bytes, messages[i].msg_len, memory_order_relaxed);
        }
    }
    return NULL;
}

static void open_drain(drain *d) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    const int on = 1;
    const int size = RECEIVE_BUFFER;
    memset(d, 0, sizeof(*d));
    d->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (d->socket < 0 || bind(d->socket, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(d->socket, (struct sockaddr *)&address, &length) != 0 ||
        setsockopt(d->socket, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) != 0) {
        stop_with("the receiver's socket", strerror(errno));
    }
    if (setsockopt(d->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
        (void)setsockopt(d->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    d->port = ntohs(address.sin_port);
    if (pthread_create(&d->thread, NULL, run_drain, d) != 0) {
        stop_with("the receiver's thread", strerror(errno));
    }
}

static void close_drain(drain *d) {
    atomic_store(&d->stop, true);
    pthread_join(d->thread, NULL);
    close(d->socket);
}

/* ---- the payload, the same for all ---- */

static uint8_t *payload;

static uint8_t *heap_payload(uint64_t heap) {
    return payload + heap % HEAPS * HEAP_BYTES;
}

/* ---- a send stream ---- */

typedef struct sender {
    sp2_send_stream *stream;
    sp2_send_heap *heaps[HEAPS];
    uint64_t next;
    atomic_bool stop;
    _Atomic uint32_t running;
    double cpu_start; /* the stream's thread */
    double cpu_seconds;
    bool started;
} sender;

static void send_next(sender *s);

/* On the stream's thread: it sends again what has been sent, so that it never waits for another. */
static void completed(void *context, const sp2_send_result *result) {
    sender *s = context;
    if (result->status != SP2_OK) {
        stop_with("a heap was not sent", sp2_status_message(result->status));
    }
    if (!s->started) {
        s->started = true;
        s->cpu_start = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    }
    if (atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        s->cpu_seconds = clock_seconds(CLOCK_THREAD_CPUTIME_ID) - s->cpu_start;
        atomic_fetch_sub(&s->running, 1);
        return;
    }
    send_next(s);
}

static void send_next(sender *s) {
    const sp2_heap_reference one = {s->heaps[s->next++ % HEAPS], SP2_HEAP_CNT_AUTOMATIC, 0,
                                    SP2_STREAM_RATE};
    check(sp2_send_stream_send(s->stream, &one, 1, SP2_GROUP_SERIAL, completed, s),
          "sp2_send_stream_send");
}

static void open_sender(sender *s, uint32_t packet_size) {
    static const int32_t cpu = 0;
    sp2_thread_pool_options threads = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    sp2_thread_pool *pool;
    memset(s, 0, sizeof(*s));
    threads.affinity = &cpu;
    threads.affinity_count = 1;
    check(sp2_thread_pool_create(&threads, &pool), "sp2_thread_pool_create");
    options.max_packet_size = packet_size + HEAD_BYTES;
    check(sp2_send_stream_create(pool, &options, &s->stream), "sp2_send_stream_create");
    sp2_thread_pool_destroy(pool);
    for (uint64_t i = 0; i < HEAPS; i++) {
        check(sp2_send_heap_create(NULL, &s->heaps[i]), "sp2_send_heap_create");
        check(sp2_send_heap_add_item(s->heaps[i], 0x1000, heap_payload(i), HEAP_BYTES, 0),
              "sp2_send_heap_add_item");
    }
}

static measured run_sender(sender *s, double seconds) {
    const struct timespec time = {(time_t)seconds,
                                  (long)((seconds - (double)(time_t)seconds) * 1e9)};
    sp2_send_stats before = SP2_SEND_STATS_INIT;
    sp2_send_stats after = SP2_SEND_STATS_INIT;
    const double start = clock_seconds(CLOCK_MONOTONIC);
    s->started = false;
    check(sp2_send_stream_get_stats(s->stream, &before), "sp2_send_stream_get_stats");
    atomic_store(&s->stop, false);
    atomic_store(&s->running, SP2_SEND_DEFAULT_MAX_HEAPS);
    for (int i = 0; i < SP2_SEND_DEFAULT_MAX_HEAPS; i++) {
        send_next(s);
    }
    nanosleep(&time, NULL);
    atomic_store(&s->stop, true);
    while (atomic_load(&s->running) != 0) {
        nanosleep(&(struct timespec){0, 100000}, NULL);
    }
    const double elapsed = clock_seconds(CLOCK_MONOTONIC) - start;
    check(sp2_send_stream_flush(s->stream, -1), "sp2_send_stream_flush");
    check(sp2_send_stream_get_stats(s->stream, &after), "sp2_send_stream_get_stats");
    /* The clock begins with the end of the first heap. */
    const double heaps = (double)(after.heaps - before.heaps - 1);
    return (measured){.cpu_seconds = s->cpu_seconds,
                      .seconds = elapsed,
                      .payload_bytes = heaps * HEAP_BYTES,
                      .packets = (double)(after.packets - before.packets) * heaps /
                                 (double)(after.heaps - before.heaps)};
}

static void close_sender(sender *s) {
    sp2_send_stream_destroy(s->stream);
    for (int i = 0; i < HEAPS; i++) {
        sp2_send_heap_destroy(s->heaps[i]);
    }
}

/* ---- a bare loop ---- */

typedef struct bare {
    uint16_t port;
    uint32_t payload_size;
    bool offload;
    bool copies; /* packets are put together first */
    double seconds;
    measured result;
} bare;

typedef struct bare_packets {
    uint8_t *room; /* of a burst */
    uint8_t heads[BURST][HEAD_BYTES];
    struct iovec vectors[BURST * 2];
    struct mmsghdr messages[BURST];
    struct sockaddr_in to;
} bare_packets;

static void put_pointer(uint8_t *at, uint64_t value) {
    const uint32_t words[2] = {htonl((uint32_t)(value >> 32)), htonl((uint32_t)value)};
    memcpy(at, words, sizeof(words));
}

/* Header and the four pointers that every packet has. */
static void put_head(uint8_t *head, uint64_t cnt, uint64_t offset, uint64_t length) {
    put_pointer(head, UINT64_C(0x5304030500000004));
    put_pointer(head + 8, UINT64_C(0x8000010000000000) | cnt);
    put_pointer(head + 16, UINT64_C(0x8000020000000000) | HEAP_BYTES);
    put_pointer(head + 24, UINT64_C(0x8000030000000000) | offset);
    put_pointer(head + 32, UINT64_C(0x8000040000000000) | length);
}

/* The packets of a burst, from `offset` of a heap; returns how many. */
static uint32_t build(const bare *b, bare_packets *p, uint64_t cnt, uint64_t offset) {
    const uint64_t left = (HEAP_BYTES - offset) / b->payload_size;
    const uint32_t count = left < BURST ? (uint32_t)left : BURST;
    const uint8_t *from = heap_payload(cnt) + offset;
    const uint64_t size = HEAD_BYTES + b->payload_size;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *head = b->copies ? p->room + i * size : p->heads[i];
        put_head(head, cnt, offset + i * (uint64_t)b->payload_size, b->payload_size);
        if (b->copies) {
            memcpy(head + HEAD_BYTES, from + i * (uint64_t)b->payload_size, b->payload_size);
            p->vectors[i] = (struct iovec){head, (size_t)size};
        } else {
            p->vectors[2 * i] = (struct iovec){head, HEAD_BYTES};
            p->vectors[2 * i + 1] = (struct iovec){
                (void *)(uintptr_t)(from + i * (uint64_t)b->payload_size), b->payload_size};
        }
    }
    return count;
}

/* Sends a burst in as few messages as the kernel allows. */
static void send_burst(const bare *b, bare_packets *p, int fd, uint32_t count) {
    const uint32_t fitting = MOST_MESSAGE / (HEAD_BYTES + b->payload_size);
    const uint32_t most = b->offload ? (fitting < BURST ? fitting : BURST) : 1;
    const uint32_t vectors = b->copies ? 1 : 2;
    uint32_t messages = 0;
    for (uint32_t i = 0; i < count; i += most) {
        const uint32_t packets = count - i < most ? count - i : most;
        p->messages[messages++].msg_hdr = (struct msghdr){.msg_name = &p->to,
                                                          .msg_namelen = sizeof(p->to),
                                                          .msg_iov = &p->vectors[i * vectors],
                                                          .msg_iovlen = packets * vectors};
    }
    for (uint32_t sent = 0; sent < messages;) {
        const int done = sendmmsg(fd, p->messages + sent, messages - sent, 0);
        if (done < 0 && errno != EINTR) {
            stop_with("sendmmsg", strerror(errno));
        }
        sent += done > 0 ? (uint32_t)done : 0;
    }
}

static void *run_bare(void *context) {
    bare *b = context;
    static bare_packets p;
    const int segment = (int)(HEAD_BYTES + b->payload_size);
    const int buffer = 512 << 10;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)sp2_thread_set_affinity(0);
    p.to = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(b->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    p.room = malloc((size_t)BURST * (size_t)segment);
    if (fd < 0 || p.room == NULL ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)) != 0 ||
        (b->offload && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) != 0)) {
        stop_with("the bare sender's socket", strerror(errno));
    }
    const double cpu = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    const double start = clock_seconds(CLOCK_MONOTONIC);
    b->result = (measured){0};
    for (uint64_t cnt = 1; clock_seconds(CLOCK_MONOTONIC) - start < b->seconds; cnt++) {
        for (uint64_t offset = 0; offset < HEAP_BYTES;) {
            const uint32_t count = build(b, &p, cnt, offset);
            send_burst(b, &p, fd, count);
            offset += (uint64_t)count * b->payload_size;
            b->result.packets += count;
        }
        b->result.payload_bytes += HEAP_BYTES;
    }
    b->result.cpu_seconds = clock_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    b->result.seconds = clock_seconds(CLOCK_MONOTONIC) - start;
    free(p.room);
    close(fd);
    return NULL;
}

static measured run_bare_loop(bare *b) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_bare, b) != 0) {
        stop_with("the bare sender's thread", strerror(errno));
    }
    pthread_join(thread, NULL);
    return b->result;
}

/* ---- UDP ---- */

static void add(series *to, double value) {
    to->values[to->count++] = value;
}

static double per_gb(const measured *m) {
    return m->cpu_seconds / (m->payload_bytes / 1e9);
}

static double gbps(const measured *m) {
    return m->payload_bytes * 8 / m->seconds / 1e9;
}

static sp2_send_stream *udp_stream(sender *s, uint32_t packet_size, uint16_t port, bool offload) {
    const sp2_udp_destination destination = {"127.0.0.1", port, 0};
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    open_sender(s, packet_size);
    udp.destinations = &destination;
    udp.destination_count = 1;
    udp.flags = offload ? 0 : SP2_UDP_WRITER_NO_SEGMENTATION;
    check(sp2_send_stream_add_udp_writer(s->stream, &udp, NULL), "sp2_send_stream_add_udp_writer");
    return s->stream;
}

static void measure_udp(const settings *with, uint32_t packet_size, bool offload) {
    drain d;
    sender s;
    series cpu = {0};
    series rate = {0};
    series copying = {0};
    series bare_cpu = {0};
    series bare_rate = {0};
    series ratio = {0};
    open_drain(&d);
    bare loop = {
        .port = d.port, .payload_size = packet_size, .offload = offload, .seconds = with->seconds};
    udp_stream(&s, packet_size, d.port, offload);
    run_sender(&s, 0.1);
    double sent = 0;
    const uint64_t before = atomic_load(&d.bytes);
    for (uint32_t turn = 0; turn < with->turns; turn++) {
        const measured first = run_sender(&s, with->seconds / 2);
        loop.copies = true;
        const measured copied = run_bare_loop(&loop);
        loop.copies = false;
        const measured plain = run_bare_loop(&loop);
        const measured second = run_sender(&s, with->seconds / 2);
        const double ours = (per_gb(&first) + per_gb(&second)) / 2;
        add(&cpu, ours);
        add(&rate, (gbps(&first) + gbps(&second)) / 2);
        add(&copying, per_gb(&copied));
        add(&bare_cpu, per_gb(&plain));
        add(&bare_rate, gbps(&copied));
        add(&ratio, ours / per_gb(&copied));
        sent +=
            first.payload_bytes + copied.payload_bytes + plain.payload_bytes + second.payload_bytes;
    }
    const double received = (double)(atomic_load(&d.bytes) - before);
    close_sender(&s);
    close_drain(&d);
    if (with->json) {
        printf("{\"bench\":\"send\",\"mode\":\"udp\",\"payload\":%u,\"offload\":%s,\"turns\":%u,"
               "\"cpu_s_per_gb\":%.4f,\"cpu_s_per_gb_min\":%.4f,\"cpu_s_per_gb_max\":%.4f,"
               "\"gbps\":%.2f,\"copying_cpu_s_per_gb\":%.4f,\"copying_gbps\":%.2f,"
               "\"bare_cpu_s_per_gb\":%.4f,\"ratio\":%.3f,\"ratio_min\":%.3f,\"ratio_max\":%.3f,"
               "\"received\":%.3f}\n",
               (unsigned)packet_size, offload ? "true" : "false", (unsigned)with->turns,
               median(&cpu), least(&cpu), most(&cpu), median(&rate), median(&copying),
               median(&bare_rate), median(&bare_cpu), median(&ratio), least(&ratio), most(&ratio),
               received / sent);
    } else {
        printf("| %u | %s | %.3f (%.3f to %.3f) | %.1f | %.3f | %.1f | %.3f | %.2f (%.2f to %.2f) "
               "| %.0f %% |\n",
               (unsigned)packet_size, offload ? "yes" : "no", median(&cpu), least(&cpu), most(&cpu),
               median(&rate), median(&copying), median(&bare_rate), median(&bare_cpu),
               median(&ratio), least(&ratio), most(&ratio), received / sent * 100);
    }
    fflush(stdout);
}

/* ---- in memory ---- */

static int32_t take_packet(void *context, uint64_t substream, const void *packet, uint64_t length) {
    (void)context;
    (void)substream;
    (void)packet;
    (void)length;
    return 0;
}

/* The heap is released at once. */
static void take_heap(void *context, sp2_heap *heap) {
    (void)context;
    sp2_heap_release(heap);
}

/* Copies payload packet by packet into `size` bytes that are used again and again. */
static measured run_copy(uint32_t packet_size, uint64_t size, double seconds) {
    uint8_t *to = malloc((size_t)size);
    measured m = {0};
    uint64_t position = 0;
    if (to == NULL) {
        stop_with("memory", strerror(errno));
    }
    memset(to, 1, (size_t)size);
    (void)sp2_thread_set_affinity(0);
    const double cpu = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
    const double start = clock_seconds(CLOCK_MONOTONIC);
    for (uint64_t cnt = 1; clock_seconds(CLOCK_MONOTONIC) - start < seconds; cnt++) {
        for (uint64_t offset = 0; offset < HEAP_BYTES; offset += packet_size) {
            if (position + packet_size > size) {
                position = 0;
            }
            memcpy(to + position, heap_payload(cnt) + offset, packet_size);
            position += packet_size;
            m.packets++;
        }
    }
    m.cpu_seconds = clock_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    /* The compiler must not see that nobody reads it. */
    static volatile uint8_t seen;
    seen = to[position / 2];
    (void)seen;
    free(to);
    return m;
}

static sp2_receive_stream *open_reader(sp2_inproc_queue *queue) {
    static const int32_t cpu = 1;
    sp2_thread_pool_options threads = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_receive_options options = SP2_RECEIVE_OPTIONS_INIT;
    sp2_inproc_source_options source = SP2_INPROC_SOURCE_OPTIONS_INIT;
    sp2_receive_stream *stream;
    sp2_thread_pool *pool;
    threads.affinity = &cpu;
    threads.affinity_count = 1;
    check(sp2_thread_pool_create(&threads, &pool), "sp2_thread_pool_create");
    options.on_heap = take_heap;
    check(sp2_receive_stream_create(pool, &options, &stream), "sp2_receive_stream_create");
    sp2_thread_pool_destroy(pool);
    source.queue = queue;
    check(sp2_receive_stream_add_inproc_source(stream, &source, NULL),
          "sp2_receive_stream_add_inproc_source");
    return stream;
}

static double ns_per_packet(const measured *m) {
    return m->cpu_seconds * 1e9 / m->packets;
}

static void measure_memory(const settings *with, uint32_t packet_size, bool queued) {
    enum { FUNCTION_ROOM = 65536 };
    sender s;
    series ours = {0};
    series copy = {0};
    series above = {0};
    sp2_inproc_queue *queue = NULL;
    sp2_receive_stream *reader = NULL;
    open_sender(&s, packet_size);
    if (queued) {
        sp2_inproc_writer_options writer = SP2_INPROC_WRITER_OPTIONS_INIT;
        sp2_inproc_queue_options options = SP2_INPROC_QUEUE_OPTIONS_INIT;
        options.max_bytes = with->queue_bytes;
        check(sp2_inproc_queue_create(&options, &queue), "sp2_inproc_queue_create");
        writer.queues = &queue;
        writer.queue_count = 1;
        check(sp2_send_stream_add_inproc_writer(s.stream, &writer, NULL),
              "sp2_send_stream_add_inproc_writer");
        reader = open_reader(queue);
    } else {
        sp2_function_writer_options writer = SP2_FUNCTION_WRITER_OPTIONS_INIT;
        writer.packet = take_packet;
        check(sp2_send_stream_add_function_writer(s.stream, &writer, NULL),
              "sp2_send_stream_add_function_writer");
    }
    run_sender(&s, 0.1);
    for (uint32_t turn = 0; turn < with->turns; turn++) {
        const measured sent = run_sender(&s, with->seconds);
        const measured copied =
            run_copy(packet_size, queued ? with->queue_bytes : FUNCTION_ROOM, with->seconds);
        add(&ours, ns_per_packet(&sent));
        add(&copy, ns_per_packet(&copied));
        add(&above, ns_per_packet(&sent) - ns_per_packet(&copied));
    }
    close_sender(&s);
    if (queued) {
        check(sp2_inproc_queue_stop(queue), "sp2_inproc_queue_stop");
        sp2_inproc_queue_destroy(queue);
        sp2_receive_stream_destroy(reader);
    }
    const char *to = queued ? "queue" : "function";
    if (with->json) {
        printf("{\"bench\":\"send\",\"mode\":\"%s\",\"payload\":%u,\"turns\":%u,"
               "\"ns_per_packet\":%.1f,\"memcpy_ns\":%.1f,\"above_ns\":%.1f,\"above_ns_min\":%.1f,"
               "\"above_ns_max\":%.1f}\n",
               to, (unsigned)packet_size, (unsigned)with->turns, median(&ours), median(&copy),
               median(&above), least(&above), most(&above));
    } else {
        printf("| %s | %u | %.1f | %.1f | %.1f (%.1f to %.1f) |\n", to, (unsigned)packet_size,
               median(&ours), median(&copy), median(&above), least(&above), most(&above));
    }
    fflush(stdout);
}

static void print_help(void) {
    puts("bench_send [--turns N] [--seconds S] [--udp | --memory] [--json]\n"
         "\n"
         "Measures send streams over loopback beside bare loops of sendmmsg, and in memory beside\n"
         "memcpy: medians of the turns, least and most. Needs two processors.\n"
         "  --turns N     turns of each sender (5, at most 64)\n"
         "  --seconds S   length of a turn (0.5)\n"
         "  --queue B     bytes of the queue (4194304)\n"
         "  --udp         only over loopback\n"
         "  --memory      only in memory\n"
         "  --json        JSON lines instead of tables");
}

static settings parse(int argc, char **argv) {
    settings s = {.turns = 5,
                  .seconds = 0.5,
                  .queue_bytes = SP2_INPROC_DEFAULT_MAX_BYTES,
                  .udp = true,
                  .memory = true};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(option, "--json") == 0) {
            s.json = true;
        } else if (strcmp(option, "--udp") == 0) {
            s.memory = false;
        } else if (strcmp(option, "--memory") == 0) {
            s.udp = false;
        } else if (strcmp(option, "--turns") == 0 && atoi(value) > 0 && atoi(value) <= MOST_TURNS) {
            s.turns = (uint32_t)atoi(value);
            i++;
        } else if (strcmp(option, "--queue") == 0 && atoll(value) > 0) {
            s.queue_bytes = (uint64_t)atoll(value);
            i++;
        } else if (strcmp(option, "--seconds") == 0 && atof(value) > 0) {
            s.seconds = atof(value);
            i++;
        } else {
            print_help();
            exit(strcmp(option, "--help") == 0 ? 0 : 2);
        }
    }
    return s;
}

int main(int argc, char **argv) {
    const settings with = parse(argc, argv);
    payload = malloc((size_t)HEAPS * HEAP_BYTES);
    if (payload == NULL) {
        stop_with("memory", strerror(errno));
    }
    for (uint64_t i = 0; i < (uint64_t)HEAPS * HEAP_BYTES; i++) {
        payload[i] = (uint8_t)(i * 7 + i / 251);
    }
    if (with.udp && !with.json) {
        puts("| payload, B | offload | stream, CPU s/GB | Gb/s | copying loop, s/GB | Gb/s | loop "
             "without copy, s/GB | stream to copying loop | received |\n"
             "|---|---|---|---|---|---|---|---|---|");
    }
    for (size_t i = 0; i < sizeof(packet_sizes) / sizeof(packet_sizes[0]) && with.udp; i++) {
        measure_udp(&with, packet_sizes[i], true);
        measure_udp(&with, packet_sizes[i], false);
    }
    if (with.memory && !with.json) {
        puts("\n| to | payload, B | stream, ns a packet | memcpy, ns | above it |\n"
             "|---|---|---|---|---|");
    }
    for (size_t i = 0; i < sizeof(packet_sizes) / sizeof(packet_sizes[0]) && with.memory; i++) {
        measure_memory(&with, packet_sizes[i], true);
        measure_memory(&with, packet_sizes[i], false);
    }
    free(payload);
    return 0;
}
