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

/* A sender that was kept from running does not make up for more than this: what is to be measured
 * is a constant rate. */
#define MOST_CATCH_UP_NS 200000.0

#define FIRST_POINTER 8
#define HEAP_CNT_POINTER (UINT64_C(0x8001) << 48)

struct udp_sender {
    udp_sender_plan plan;
    int socket;
    pthread_t thread;
    atomic_bool done;
    uint8_t *bytes;
    uint64_t packet_size;
    uint64_t packets_per_heap;
    uint64_t packets;        /* in the template */
    uint64_t template_heaps; /* in the template */
    struct mmsghdr *messages;
    struct iovec *vectors;
    uint64_t message_count;
    udp_sender_result result;
};

static double now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void add_heap(udp_sender *s, uint8_t **at) {
    const uint64_t length = s->plan.heap - FIRST_POINTER;
    uint8_t *content = new_payload(length, 1);
    uint64_t offset = 0;
    while (offset < length) {
        const uint64_t part = offset == 0 ? s->plan.payload - FIRST_POINTER : s->plan.payload;
        packet_builder packet;
        packet_begin_heap(&packet, 48, 0, (int64_t)length, offset, part);
        if (offset == 0) {
            packet_add_address(&packet, 0x1000, 0);
        }
        packet_add_payload(&packet, content + offset, (size_t)part);
        memcpy(*at, packet.bytes, packet.length);
        *at += packet.length;
        packet_free(&packet);
        offset += part;
    }
    free(content);
}

static void make_messages(udp_sender *s) {
    const uint64_t fitting = MAX_MESSAGE / s->packet_size;
    const uint64_t most = !s->plan.offload ? 1 : fitting < MAX_SEGMENTS ? fitting : MAX_SEGMENTS;
    uint64_t packet = 0;
    while (packet < s->packets) {
        const uint64_t rest = s->packets - packet;
        const uint64_t count = rest < most ? rest : most;
        struct iovec *vector = &s->vectors[s->message_count];
        vector->iov_base = s->bytes + packet * s->packet_size;
        vector->iov_len = (size_t)(count * s->packet_size);
        s->messages[s->message_count].msg_hdr.msg_iov = vector;
        s->messages[s->message_count].msg_hdr.msg_iovlen = 1;
        s->message_count++;
        packet += count;
    }
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
    free(s->bytes);
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
    s->bytes = malloc((size_t)(s->packets * s->packet_size));
    s->messages = calloc((size_t)s->packets, sizeof(*s->messages));
    s->vectors = calloc((size_t)s->packets, sizeof(*s->vectors));
    if (s->bytes == NULL || s->messages == NULL || s->vectors == NULL || !open_socket(s)) {
        const int error = errno;
        free_sender(s);
        errno = error;
        return NULL;
    }
    uint8_t *at = s->bytes;
    for (uint64_t i = 0; i < s->template_heaps; i++) {
        add_heap(s, &at);
    }
    make_messages(s);
    return s;
}

/* Gives the packets of a message the cnts of their heaps in this round of the template. */
static void number_heaps(udp_sender *s, uint64_t message, uint64_t round) {
    const struct iovec *vector = &s->vectors[message];
    uint8_t *packet = vector->iov_base;
    uint64_t index = (uint64_t)(packet - s->bytes) / s->packet_size;
    for (size_t done = 0; done < vector->iov_len; done += s->packet_size) {
        const uint64_t cnt = round * s->template_heaps + index / s->packets_per_heap + 1;
        const uint64_t pointer = HEAP_CNT_POINTER | cnt;
        const uint32_t words[2] = {htonl((uint32_t)(pointer >> 32)), htonl((uint32_t)pointer)};
        memcpy(packet + FIRST_POINTER, words, sizeof(words));
        packet += s->packet_size;
        index++;
    }
}

/* Messages that may be sent now; moves `start` if the sender is too late to make up for it. */
static uint64_t due_messages(const udp_sender *s, double *start, double sent, double message) {
    const double bytes_per_ns = s->plan.gbps / 8;
    const double now = now_ns(CLOCK_MONOTONIC);
    const double late = now - *start - sent / bytes_per_ns;
    if (late > MOST_CATCH_UP_NS) {
        *start += late - MOST_CATCH_UP_NS;
    }
    const double due = (now - *start) * bytes_per_ns - sent;
    return due < message ? 0 : due >= BURST * message ? BURST : (uint64_t)(due / message);
}

static void *run(void *argument) {
    udp_sender *s = argument;
    (void)sp2_thread_set_affinity(s->plan.cpu);
    const double cpu_start = now_ns(CLOCK_THREAD_CPUTIME_ID);
    const double begin = now_ns(CLOCK_MONOTONIC);
    double start = begin;
    double sent = 0;
    uint64_t next = 0;
    uint64_t round = 0;
    /* To the end of a heap, so that the last one can be complete. */
    while (next != 0 || now_ns(CLOCK_MONOTONIC) - begin < s->plan.seconds * 1e9) {
        uint64_t count = due_messages(s, &start, sent, (double)s->vectors[next].iov_len);
        if (count > s->message_count - next) {
            count = s->message_count - next;
        }
        for (uint64_t i = 0; i < count; i++) {
            number_heaps(s, next + i, round);
        }
        const int done =
            count == 0 ? 0 : sendmmsg(s->socket, s->messages + next, (unsigned)count, 0);
        for (int i = 0; i < done; i++) {
            sent += (double)s->vectors[next].iov_len;
            next++;
        }
        if (next == s->message_count) {
            next = 0;
            round++;
        }
    }
    s->result.heaps = round * s->template_heaps;
    s->result.packets = s->result.heaps * s->packets_per_heap;
    s->result.gbps = sent * 8 / (now_ns(CLOCK_MONOTONIC) - begin);
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
