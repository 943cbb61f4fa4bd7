/* SPDX-License-Identifier: MIT */
/*
 * Does a stream keep its rate, and how are its packets spaced?
 *
 * A send stream in one network namespace, a socket in another, and a veth link with an MTU of 9000
 * between them, on which nothing joins packets: segmentation and receive offload are off, so that
 * the receive times, which the kernel takes, are those of single packets. Needs the right to make
 * namespaces, and the programs `ip` and `ethtool`.
 *
 * The mean rate is that of the bytes between the first and the last packet that arrived. Packets
 * are back to back if the next one arrives within half of the time that a packet takes at the rate.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PACKET_BYTES = 8192,
    HEAP_PACKETS = 128,
    HEAD_BYTES = 40,
    BATCH = 64,
    RECEIVE_BUFFER = 256 << 20,
    LONGEST_RUN = 4096, /* back-to-back packets that are told apart */
    PORT = 7148
};

static const double rates[] = {1, 5, 10};

typedef struct receiver {
    int socket;
    pthread_t thread;
    atomic_bool stop;
    uint64_t packets;
    uint64_t bytes; /* of all but the first packet */
    uint64_t first_ns;
    uint64_t last_ns;
    uint64_t gap_ns; /* below which packets are back to back */
    uint64_t run;    /* packets back to back until now */
    uint64_t runs[LONGEST_RUN + 1];
} receiver;

static void stop_with(const char *what, const char *why) {
    fprintf(stderr, "bench_rate: %s: %s\n", what, why);
    exit(1);
}

static void check(int32_t status, const char *what) {
    if (status != SP2_OK) {
        stop_with(what, sp2_last_error_message());
    }
}

static void run_command(const char *command) {
    if (system(command) != 0) {
        stop_with("a command failed", command);
    }
}

/* ---- the network ---- */

static int near_host;
static int far_host;

static void enter(int host) {
    if (setns(host, CLONE_NEWNET) != 0) {
        stop_with("a network namespace cannot be entered", strerror(errno));
    }
}

static int new_host(void) {
    if (unshare(CLONE_NEWNET) != 0) {
        printf("skipped: no right to make a network namespace: %s\n", strerror(errno));
        exit(77);
    }
    const int host = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (host < 0) {
        stop_with("/proc/thread-self/ns/net", strerror(errno));
    }
    return host;
}

static void make_network(void) {
    char command[256];
    far_host = new_host();
    near_host = new_host();
    snprintf(command, sizeof(command),
             "ip link add near mtu 9000 type veth peer name far mtu 9000 netns /proc/%d/fd/%d",
             (int)getpid(), far_host);
    run_command(command);
    run_command("ip address add 10.78.0.1/24 dev near && ip link set near up && "
                "ethtool -K near gso off tso off gro off tx-udp-segmentation off >/dev/null 2>&1");
    enter(far_host);
    run_command("ip address add 10.78.0.2/24 dev far && ip link set far up && "
                "ethtool -K far gso off tso off gro off >/dev/null 2>&1");
}

/* ---- the receiver ---- */

static uint64_t arrival_ns(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(c), sizeof(time));
            return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
        }
    }
    stop_with("a packet", "the kernel has not said when it arrived");
    return 0;
}

static void end_run(receiver *r) {
    if (r->run != 0) {
        r->runs[r->run < LONGEST_RUN ? r->run : LONGEST_RUN]++;
    }
    r->run = 0;
}

static void note_packet(receiver *r, uint64_t when, uint64_t bytes) {
    if (r->packets == 0) {
        r->first_ns = when;
    } else {
        r->bytes += bytes;
        if (when - r->last_ns > r->gap_ns) {
            end_run(r);
        }
    }
    r->run++;
    r->last_ns = when;
    r->packets++;
}

static void *run_receiver(void *context) {
    receiver *r = context;
    static uint8_t room[BATCH][PACKET_BYTES + HEAD_BYTES];
    static struct {
        _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
    } controls[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec vectors[BATCH];
    (void)sp2_thread_set_affinity(1);
    while (!atomic_load(&r->stop)) {
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){room[i], sizeof(room[i])};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = controls[i].bytes,
                                                  .msg_controllen = sizeof(controls[i].bytes)};
        }
        const int count = recvmmsg(r->socket, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++) {
            note_packet(r, arrival_ns(&messages[i].msg_hdr), messages[i].msg_len);
        }
    }
    end_run(r);
    return NULL;
}

static void start_receiver(receiver *r, double gbps) {
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct timeval wait = {0, 100000};
    const int on = 1;
    const int size = RECEIVE_BUFFER;
    memset(r, 0, sizeof(*r));
    r->gap_ns = (uint64_t)(PACKET_BYTES * 8 / gbps / 2);
    r->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (r->socket < 0 || bind(r->socket, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(r->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
        setsockopt(r->socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0) {
        stop_with("the receiver's socket", strerror(errno));
    }
    if (setsockopt(r->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
        (void)setsockopt(r->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    if (pthread_create(&r->thread, NULL, run_receiver, r) != 0) {
        stop_with("the receiver's thread", strerror(errno));
    }
}

/* The least number that so many of the runs of back-to-back packets do not exceed, counted by
 * runs. */
static uint64_t percentile(const receiver *r, double part) {
    uint64_t all = 0;
    uint64_t counted = 0;
    for (int i = 1; i <= LONGEST_RUN; i++) {
        all += r->runs[i];
    }
    for (uint64_t i = 1; i <= LONGEST_RUN; i++) {
        counted += r->runs[i];
        if ((double)counted >= part * (double)all) {
            return i;
        }
    }
    return 0;
}

/* ---- the sender ---- */

static uint64_t send_for(double gbps, uint32_t pacing, double seconds) {
    static const int32_t cpu = 0;
    static uint8_t payload[HEAP_PACKETS * (PACKET_BYTES - HEAD_BYTES) - 8];
    const sp2_udp_destination destination = {"10.78.0.2", PORT, 0};
    sp2_thread_pool_options threads = SP2_THREAD_POOL_OPTIONS_INIT;
    sp2_send_stream_options options = SP2_SEND_STREAM_OPTIONS_INIT;
    sp2_udp_writer_options udp = SP2_UDP_WRITER_OPTIONS_INIT;
    sp2_thread_pool *pool;
    sp2_send_stream *stream;
    sp2_send_heap *heap;
    threads.affinity = &cpu;
    threads.affinity_count = 1;
    options.max_heaps = 64;
    options.max_packet_size = PACKET_BYTES;
    options.rate = gbps * 1e9 / 8;
    options.pacing = pacing;
    udp.destinations = &destination;
    udp.destination_count = 1;
    check(sp2_thread_pool_create(&threads, &pool), "sp2_thread_pool_create");
    check(sp2_send_stream_create(pool, &options, &stream), "sp2_send_stream_create");
    sp2_thread_pool_destroy(pool);
    check(sp2_send_stream_add_udp_writer(stream, &udp, NULL), "sp2_send_stream_add_udp_writer");
    check(sp2_send_heap_create(NULL, &heap), "sp2_send_heap_create");
    check(sp2_send_heap_add_item(heap, 0x1000, payload, sizeof(payload), 0),
          "sp2_send_heap_add_item");
    const sp2_heap_reference one = {heap, SP2_HEAP_CNT_AUTOMATIC, 0, SP2_STREAM_RATE};
    uint64_t heaps = (uint64_t)(gbps * 1e9 / 8 * seconds / (HEAP_PACKETS * PACKET_BYTES));
    const struct timespec nap = {0, 200000};
    while (heaps != 0) {
        const int32_t status = sp2_send_stream_send(stream, &one, 1, SP2_GROUP_SERIAL, NULL, NULL);
        if (status == SP2_E_FULL) {
            nanosleep(&nap, NULL);
        } else {
            check(status, "sp2_send_stream_send");
            heaps--;
        }
    }
    check(sp2_send_stream_flush(stream, -1), "sp2_send_stream_flush");
    sp2_send_stats stats = SP2_SEND_STATS_INIT;
    check(sp2_send_stream_get_stats(stream, &stats), "sp2_send_stream_get_stats");
    sp2_send_stream_destroy(stream);
    sp2_send_heap_destroy(heap);
    return stats.packets;
}

static void measure(double gbps, uint32_t pacing, double seconds, bool json) {
    static receiver r;
    enter(far_host);
    start_receiver(&r, gbps);
    enter(near_host);
    const uint64_t sent = send_for(gbps, pacing, seconds);
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    atomic_store(&r.stop, true);
    pthread_join(r.thread, NULL);
    close(r.socket);
    const double took = (double)(r.last_ns - r.first_ns);
    /* With packets that were lost the sender's rate is meant, not the receiver's. */
    const double mean = (double)(sent - 1) * PACKET_BYTES * 8 / took;
    const char *name = pacing == SP2_PACING_PACKETS ? "packets" : "bursts";
    if (json) {
        printf(
            "{\"bench\":\"rate\",\"pacing\":\"%s\",\"gbps\":%g,\"seconds\":%g,\"mean_gbps\":%.5f,"
            "\"error_percent\":%.4f,\"back_to_back_p50\":%llu,\"back_to_back_p99\":%llu,"
            "\"back_to_back_p999\":%llu,\"sent\":%llu,\"received\":%llu}\n",
            name, gbps, took / 1e9, mean, (mean / gbps - 1) * 100,
            (unsigned long long)percentile(&r, 0.5), (unsigned long long)percentile(&r, 0.99),
            (unsigned long long)percentile(&r, 0.999), (unsigned long long)sent,
            (unsigned long long)r.packets);
    } else {
        printf("| %s | %g | %.4f | %+.3f %% | %llu | %llu | %llu | %llu of %llu |\n", name, gbps,
               mean, (mean / gbps - 1) * 100, (unsigned long long)percentile(&r, 0.5),
               (unsigned long long)percentile(&r, 0.99), (unsigned long long)percentile(&r, 0.999),
               (unsigned long long)r.packets, (unsigned long long)sent);
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    double seconds = 10;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc && atof(argv[i + 1]) > 0) {
            seconds = atof(argv[++i]);
        } else {
            puts("bench_rate [--seconds S] [--json]\n"
                 "\n"
                 "Measures the rate of send streams and the packets that go out back to back, over "
                 "a\n"
                 "veth link between two network namespaces, at 1, 5 and 10 Gb/s with each kind of\n"
                 "pacing. Needs the right to make namespaces.\n"
                 "  --seconds S   length of each run (10)\n"
                 "  --json        JSON lines instead of a table");
            return strcmp(argv[i], "--help") == 0 ? 0 : 2;
        }
    }
    make_network();
    if (!json) {
        puts("| pacing | rate, Gb/s | mean, Gb/s | error | back to back, median | 99 % | 99.9 % | "
             "received |\n|---|---|---|---|---|---|---|---|");
    }
    for (uint32_t pacing = SP2_PACING_BURSTS; pacing <= SP2_PACING_PACKETS; pacing++) {
        for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
            measure(rates[i], pacing, seconds, json);
        }
    }
    return 0;
}
