/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_UDP_SENDER_H
#define SP2_TRANSPORT_UDP_SENDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/logger.h"
#include "send/writer.h"
#include "transport/udp_address.h"

/* What a socket that sends is asked for: sp2_udp_writer_options, read, checked and resolved. */
typedef struct sp2__udp_sender_config {
    const sp2__ip_address *destinations; /* all of one family; copied */
    uint64_t destination_count;
    sp2__ip_address source;   /* to bind to; family AF_UNSPEC: the system chooses */
    uint32_t interface_index; /* for multicast; 0: the system chooses */
    struct in_addr interface_v4;
    uint64_t buffer_size; /* 0: as the operating system makes it */
    uint32_t ttl;         /* of multicast; 0: the system's */
    uint32_t dscp;        /* 0 to 63 */
    bool no_loop;         /* multicast is not seen by this host */
    bool no_segmentation;
    bool existing; /* a duplicate of `socket` is used instead of a new one */
    intptr_t socket;
} sp2__udp_sender_config;

/* A UDP socket that sends to several destinations. */
typedef struct sp2__udp_sender sp2__udp_sender;

/* Counters of a sender; written by the thread that sends only. */
typedef struct sp2__udp_sender_stats {
    _Atomic uint64_t calls;     /* system calls */
    _Atomic uint64_t messages;  /* handed over by them */
    _Atomic uint64_t segmented; /* packets that shared a message with others */
    _Atomic uint64_t refused;   /* packets that the system refused */
} sp2__udp_sender_stats;

static inline void sp2__udp_sender_count(_Atomic uint64_t *counter, uint64_t more) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* Makes the system's sockets and names usable, before the first name is looked up. Returns an
 * sp2_status. */
int32_t sp2__udp_sender_start(void);

/* Returns an sp2_status; *sender is NULL on failure. `logger` is used as long as the sender. */
int32_t sp2__udp_sender_open(const sp2__udp_sender_config *config, sp2__logger *logger,
                             sp2__udp_sender **sender);

/* As sp2__writer_ops. `packets` follow each other in a batch of the stream. */
uint32_t sp2__udp_sender_write(sp2__udp_sender *sender, sp2__packet_out *packets, uint32_t count);

/* The socket, for an event loop. */
intptr_t sp2__udp_sender_socket(const sp2__udp_sender *sender);

const sp2__udp_sender_stats *sp2__udp_sender_get_stats(const sp2__udp_sender *sender);

/* All that a forked child does with its copy: closes the socket. */
void sp2__udp_sender_close_copy(sp2__udp_sender *sender);

/* Closes the socket and frees the sender. NULL is allowed. */
void sp2__udp_sender_close(sp2__udp_sender *sender);

#endif
