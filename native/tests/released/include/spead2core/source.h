/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_SOURCE_H
#define SPEAD2CORE_SOURCE_H

#include <stdint.h>

#include "export.h"
#include "receive.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One packet source of a receive stream: a socket, or memory. The function of its transport adds it
 * to the stream (udp.h, tcp.h, pcap.h, buffer.h, inproc.h) and gives this handle to callers who
 * want one. The source belongs to the stream; the handle only looks at it, and stays valid until it
 * is released, also after the stream was destroyed.
 */
typedef struct sp2_packet_source sp2_packet_source;

/* Where a source's packets come from. */
typedef enum sp2_source_kind {
    SP2_SOURCE_UDP = 1,       /* a UDP socket */
    SP2_SOURCE_BUFFER = 2,    /* packets back to back in memory */
    SP2_SOURCE_DATAGRAMS = 3, /* datagrams in memory */
    SP2_SOURCE_INPROC = 4,    /* a queue of packets in this process */
    SP2_SOURCE_TCP = 5,       /* a TCP connection */
    SP2_SOURCE_PCAP = 6       /* a capture file */
} sp2_source_kind;

/* What a source does. */
typedef enum sp2_source_state {
    SP2_SOURCE_UNSTARTED = 0, /* waits for sp2_receive_stream_start */
    SP2_SOURCE_RUNNING = 1,   /* receives what arrives */
    SP2_SOURCE_BLOCKED = 2,   /* waits for the consumer: the ring is full */
    SP2_SOURCE_ENDED = 3,     /* receives nothing any more: it has ended, or the stream has */
    SP2_SOURCE_REMOVED = 4    /* was removed from its stream */
} sp2_source_state;

/* Bytes of a text in the structs below, with the zero at its end. */
#define SP2_SOURCE_TEXT_SIZE 64

/* Says what a source is. Set `size` with the INIT macro. */
typedef struct sp2_packet_source_info {
    uint32_t size;                             /* bytes of this struct as the caller compiled it */
    uint32_t kind;                             /* an sp2_source_kind */
    uint32_t state;                            /* an sp2_source_state */
    uint32_t port;                             /* that the socket is bound to; 0: no socket */
    char address[SP2_SOURCE_TEXT_SIZE];        /* that the socket is bound to; empty: no socket */
    char group[SP2_SOURCE_TEXT_SIZE];          /* multicast group that it has joined, or empty */
    char interface_name[SP2_SOURCE_TEXT_SIZE]; /* that the group was joined on: its name where the
                                                  system tells it, else its index or address;
                                                  empty: the system chose */
    char suggested_dialect[SP2_SOURCE_TEXT_SIZE]; /* name of a dialect (dialect.h) that takes what
                                                     the source has refused; empty: none known */
} sp2_packet_source_info;

#define SP2_PACKET_SOURCE_INFO_INIT SP2_SIZED_INIT(sp2_packet_source_info)

/*
 * What a source counts. Everything that a statistic of the stream (statistics.h) counts, too, has
 * the same name there.
 */
#define SP2_SOURCE_STATS_MAP(X)                                                                    \
    X(messages)             /* taken from the kernel; it coalesces datagrams into one message, as  \
                               TCP does with packets */                                            \
    X(datagrams)            /* taken from the socket, or from memory */                            \
    X(bytes)                /* of those datagrams, of a buffer's packets, or of connections */     \
    X(packets)              /* packets that reached the assembly, used or not */                   \
    X(malformed)            /* bytes that are not a SPEAD packet */                                \
    X(size_mismatch)        /* datagrams longer than the packet in them */                         \
    X(truncated)            /* datagrams, or packets of TCP, larger than max_size */               \
    X(empty)                /* datagrams without a byte */                                         \
    X(kernel_drop_messages) /* dropped by the kernel, mostly because its buffer was full */        \
    X(dropped_at_close)     /* datagrams taken from the socket, but not used when it was closed */ \
    X(errors)               /* errors that the operating system told of the socket */              \
    X(rejoins)              /* times that the group was joined again on an interface that came     \
                               back */                                                             \
    X(blocked)              /* times that the source paused because the ring was full */           \
    X(slices)               /* bounded pieces of work done for it on its thread */                 \
    X(yields)            /* times that it let another source go first, which might have the rest   \
                            of a heap that it was about to push out */                             \
    X(connections)       /* of TCP that were made */                                               \
    X(skipped_bytes)     /* of connections, passed over in search of a packet */                   \
    X(unfinished_bytes)  /* of connections, that had come but were not used at their end: a part   \
                            of a packet; of captures, a part of a record */                        \
    X(frames)            /* of a capture that were read */                                         \
    X(frames_other)      /* that hold no UDP datagram */                                           \
    X(frames_filtered)   /* to other addresses or ports than the source's */                       \
    X(frames_outgoing)   /* that the capturing host sent, and that are not asked for */            \
    X(frames_truncated)  /* whose end was not captured */                                          \
    X(frames_malformed)  /* whose headers contradict their length */                               \
    X(frames_unreadable) /* of an unknown link type or interface, or longer than 512 KiB */        \
    X(fragments)         /* of IP packets, in frames of their own */                               \
    X(fragments_lost)    /* of those, that could not be put together */

/* Statistics of one source. Set `size` with the INIT macro. */
typedef struct sp2_packet_source_stats {
    uint32_t size;        /* bytes of this struct as the caller compiled it */
    uint32_t sender_port; /* UDP port of the first sender of the latest batch; 0: none yet */
    char sender[SP2_SOURCE_TEXT_SIZE]; /* its address, without a scope; empty: none yet */
#define SP2_SOURCE_STATS_FIELD(name) uint64_t name;
    SP2_SOURCE_STATS_MAP(SP2_SOURCE_STATS_FIELD)
#undef SP2_SOURCE_STATS_FIELD
} sp2_packet_source_stats;

#define SP2_PACKET_SOURCE_STATS_INIT SP2_SIZED_INIT(sp2_packet_source_stats)

/*
 * Removes a source from its stream and closes it for good. Heaps under assembly stay, and the
 * stream goes on with its other sources, also if there are none. When this returns the source
 * touches neither the stream nor the caller's memory any more. Removing it again, or a source that
 * has ended, does nothing more, nor does removing it in a forked child (spead2core.h).
 *
 * Ownership: the handle stays the caller's.
 * Threads:   any, but not from a callback that is called with a lock of the stream held (an
 *            allocator, a copy function, a log function).
 * Returns:   SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_packet_source_remove(sp2_packet_source *source);

/*
 * Gives up the handle. The source itself goes on. NULL is allowed and does nothing.
 *
 * Threads: any. No other call with this handle may be running or follow.
 */
SP2_API void sp2_packet_source_release(sp2_packet_source *source);

/*
 * Says what the source is and does.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_packet_source_get_info(sp2_packet_source *source, sp2_packet_source_info *info);

/*
 * Gives the source's statistics, as of the end of its latest slice; of a source that was closed the
 * last ones.
 *
 * Threads: any. Never waits for the consumer.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_packet_source_get_stats(sp2_packet_source *source,
                                            sp2_packet_source_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
