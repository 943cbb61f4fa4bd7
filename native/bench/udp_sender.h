/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_BENCH_UDP_SENDER_H
#define SPEAD2CORE_BENCH_UDP_SENDER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends heaps to a port of the loopback address at a constant rate, from a thread of its own. All
 * packets have the same size, so that the kernel can cut them out of large messages (segmentation
 * offload): 40 bytes of headers and `payload` bytes, of which the first packet of a heap spends
 * eight on the pointer of the heap's item. A heap is therefore eight bytes shorter than `heap`.
 */
typedef struct udp_sender_plan {
    uint32_t port;
    int32_t cpu;
    uint64_t heap;    /* bytes, a multiple of `payload` */
    uint64_t payload; /* bytes per packet */
    double gbps;      /* rate of the packets, headers of UDP and below not counted */
    double seconds;
    bool offload; /* several packets in a message */
} udp_sender_plan;

typedef struct udp_sender_result {
    uint64_t packets;
    uint64_t heaps;
    double gbps;        /* achieved */
    double cpu_seconds; /* of the sender, waiting for its time included */
} udp_sender_result;

typedef struct udp_sender udp_sender;

/* Prepares everything; sending begins with udp_sender_start. NULL if it fails, with errno set. */
udp_sender *udp_sender_create(const udp_sender_plan *plan);
void udp_sender_start(udp_sender *sender);
bool udp_sender_is_done(udp_sender *sender);
/* Waits for the end and frees the sender. */
udp_sender_result udp_sender_finish(udp_sender *sender);

#endif
