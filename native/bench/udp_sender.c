/* SPDX-License-Identifier: MIT */
#include "udp_sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <spead2core/spead2core.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "packet_builder.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* What one message may hold: the kernel's limits for segmentation offload. */
enum { MAX_MESSAGE = 65507, MAX_SEGMENTS = 64 };

/* Packets of whole heaps are sent again and again with new heap cnts; so much at least, that the
 * messages are rarely cut short by their end. */
#define LEAST_TEMPLATE (UINT64_C(4) << 20)

/* Messages of one system call. */
enum { BURST = 8 };

/* A sender that was kept from running makes up for a few milliseconds, and only a little faster
 * than its rate: what is to be measured is a constant rate. */
#define MOST_CATCH_UP_NS 5e6
#define CATCH_UP_RATIO 1.1

#define FIRST_POINTER 8
#define HEAP_CNT_POINTER (UINT64_C(0x8001) << 48)

/* Headers of one packet. */
typedef struct packet_head {
    uint8_t bytes[48];
} packet_head;

struct udp_sender {
    udp_sender_plan plan;
    int socket;
    pthread_t thread;
    atomic_bool done;
    packet_head *heads;
    uint8_t *content; /* the payload of every packet: so small that it stays in the cache */
    uint64_t packet_size;
    uint64_t packets_per_heap;
    uint64_t packets;        /* in the template */
    uint64_t template_heaps; /* in the template */
    struct mmsghdr *messages;
    struct iovec *vectors;   /* two for each packet */
    uint64_t *first_packets; /* of each message, and the end */
    uint64_t message_count;
    udp_sender_result result;
};

static double now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The headers of a heap's packets, and where their payloads are. */
static void add_heap(udp_sender *s, uint64_t first) {
    const uint64_t length = s->plan.heap - FIRST_POINTER;
    uint64_t offset = 0;
    for (uint64_t i = first; offset < length; i++) {
        const uint64_t part = offset == 0 ? s->plan.payload - FIRST_POINTER : s->plan.payload;
        packet_builder packet;
        packet_begin_heap(&packet, 48, 0, (int64_t)length, offset, part);
        if (offset == 0) {
            packet_add_address(&packet, 0x1000, 0);
        }
        memcpy(s->heads[i].bytes, packet.bytes, packet.length);
        s->vectors[2 * i] = (struct iovec){s->heads[i].bytes, packet.length};
        s->vectors[2 * i + 1] = (struct iovec){s->content, (size_t)part};
        packet_free(&packet);
        offset += part;
    }
}

static void make_messages(udp_sender *s) {
    const uint64_t fitting = MAX_MESSAGE / s->packet_size;
    const uint64_t most = !s->plan.offload ? 1 : fitting < MAX_SEGMENTS ? fitting : MAX_SEGMENTS;
    uint64_t packet = 0;
    while (packet < s->packets) {
        const uint64_t rest = s->packets - packet;
        const uint64_t count = rest < most ? rest : most;
        struct msghdr *message = &s->messages[s->message_count].msg_hdr;
        message->msg_iov = &s->vectors[2 * packet];
        message->msg_iovlen = (size_t)(2 * count);
        s->first_packets[s->message_count] = packet;
        s->message_count++;
        packet += count;
    }
    s->first_packets[s->message_count] = packet;
}

static uint64_t message_bytes(const udp_sender *s, uint64_t message) {
    return (s->first_packets[message + 1] - s->first_packets[message]) * s->packet_size;
}

static bool open_socket(udp_sender *s) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)s->plan.port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int segment = (int)s->packet_size;
    s->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return s->socket >= 0 && connect(s->socket, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
           (!s->plan.offload ||
            setsockopt(s->socket, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0);
}

static void free_sender(udp_sender *s) {
    if (s->socket >= 0) {
        close(s->socket);
    }
    free(s->heads);
    free(s->content);
    free(s->first_packets);
    free(s->messages);
    free(s->vectors);
    free(s);
}

udp_sender *udp_sender_create(const udp_sender_plan *plan) {
    udp_sender *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    s->plan = *plan;
    s->socket = -1;
    s->packet_size = plan->payload + 40;
    s->packets_per_heap = plan->heap / plan->payload;
    s->template_heaps = (LEAST_TEMPLATE + plan->heap - 1) / plan->heap;
    s->packets = s->template_heaps * s->packets_per_heap;
    s->heads = calloc((size_t)s->packets, sizeof(*s->heads));
    s->content = new_payload(s->plan.payload, 1);
    s->first_packets = calloc((size_t)s->packets + 1, sizeof(*s->first_packets));
    s->messages = calloc((size_t)s->packets, sizeof(*s->messages));
    s->vectors = calloc((size_t)s->packets * 2, sizeof(*s->vectors));
    if (s->heads == NULL || s->first_packets == NULL || s->messages == NULL || s->vectors == NULL ||
        !open_socket(s)) {
        const int error = errno;
        free_sender(s);
        errno = error;
        return NULL;
    }
    for (uint64_t i = 0; i < s->template_heaps; i++) {
        add_heap(s, i * s->packets_per_heap);
    }
    make_messages(s);
    return s;
}

/* Gives the packets of a message the cnts of their heaps in this round of the template. */
static void number_heaps(udp_sender *s, uint64_t message, uint64_t round) {
    for (uint64_t i = s->first_packets[message]; i < s->first_packets[message + 1]; i++) {
        const uint64_t cnt = round * s->template_heaps + i / s->packets_per_heap + 1;
        const uint64_t pointer = HEAP_CNT_POINTER | cnt;
        const uint32_t words[2] = {htonl((uint32_t)(pointer >> 32)), htonl((uint32_t)pointer)};
        memcpy(s->heads[i].bytes + FIRST_POINTER, words, sizeof(words));
    }
}

/* When what may be sent: the schedule moves on if the sender is too late to make up for it. */
typedef struct pace {
    double start;  /* of the schedule */
    double latest; /* when something was sent */
    double sent;   /* bytes */
} pace;

static uint64_t due_messages(const udp_sender *s, pace *p, double message) {
    const double bytes_per_ns = s->plan.gbps / 8;
    const double now = now_ns(CLOCK_MONOTONIC);
    const double late = now - p->start - p->sent / bytes_per_ns;
    if (late > MOST_CATCH_UP_NS) {
        p->start += late - MOST_CATCH_UP_NS;
    }
    const double due = (now - p->start) * bytes_per_ns - p->sent;
    const double allowed = (now - p->latest) * bytes_per_ns * CATCH_UP_RATIO;
    const double bytes = due < allowed ? due : allowed;
    const uint64_t count = bytes < message ? 0 : (uint64_t)(bytes / message);
    if (count != 0) {
        p->latest = now;
    }
    return count < BURST ? count : BURST;
}

static void *run(void *argument) {
    udp_sender *s = argument;
    (void)sp2_thread_set_affinity(s->plan.cpu);
    const double cpu_start = now_ns(CLOCK_THREAD_CPUTIME_ID);
    const double begin = now_ns(CLOCK_MONOTONIC);
    pace p = {.start = begin, .latest = begin};
    uint64_t next = 0;
    uint64_t round = 0;
    /* To the end of a heap, so that the last one can be complete. */
    while (next != 0 || now_ns(CLOCK_MONOTONIC) - begin < s->plan.seconds * 1e9) {
        uint64_t count = due_messages(s, &p, (double)message_bytes(s, next));
        if (count > s->message_count - next) {
            count = s->message_count - next;
        }
        for (uint64_t i = 0; i < count; i++) {
            number_heaps(s, next + i, round);
        }
        const int done =
            count == 0 ? 0 : sendmmsg(s->socket, s->messages + next, (unsigned)count, 0);
        for (int i = 0; i < done; i++) {
            p.sent += (double)message_bytes(s, next);
            next++;
        }
        if (next == s->message_count) {
            next = 0;
            round++;
        }
    }
    s->result.heaps = round * s->template_heaps;
    s->result.packets = s->result.heaps * s->packets_per_heap;
    s->result.gbps = p.sent * 8 / (now_ns(CLOCK_MONOTONIC) - begin);
    s->result.cpu_seconds = (now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_start) / 1e9;
    atomic_store(&s->done, true);
    return NULL;
}

void udp_sender_start(udp_sender *sender) {
    if (pthread_create(&sender->thread, NULL, run, sender) != 0) {
        abort();
    }
}

bool udp_sender_is_done(udp_sender *sender) {
    return atomic_load(&sender->done);
}

udp_sender_result udp_sender_finish(udp_sender *sender) {
    pthread_join(sender->thread, NULL);
    const udp_sender_result result = sender->result;
    free_sender(sender);
    return result;
}
