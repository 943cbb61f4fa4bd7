/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_WRITER_H
#define SP2_SEND_WRITER_H

#include <stdatomic.h>
#include <stdint.h>

#include "runtime/event_loop.h"
#include "send/packetizer.h"
#include "send/send.h"

/* A packet on its way to a writer. */
typedef struct sp2__packet_out {
    const sp2__piece *pieces; /* valid until the packet has been dealt with; those of the next
                                 packet of the batch follow them */
    uint32_t piece_count;
    int32_t error;        /* set by the writer: why the packet was not sent, or 0 */
    uint64_t length;      /* of all pieces */
    uint64_t destination; /* of the writer's, from 0 */
} sp2__packet_out;

/* What a transport implements. All but `free` are called by the stream's thread. */
typedef struct sp2__writer_ops {
    /* Hands over packets, in order, without waiting. Returns how many were dealt with: sent, or
     * failed for good, which their `error` says. Fewer than `count`: there is no room now. */
    uint32_t (*write)(sp2_packet_writer *writer, sp2__packet_out *packets, uint32_t count);
    /* Runs `task` once, when there may be room again; `timer` is free for that. Returns 0 or an
     * error number. */
    int32_t (*arm)(sp2_packet_writer *writer, sp2__task *task, sp2__timer *timer);
    /* Ends it for good; any thread, while the stream's thread is not in the writer. */
    void (*close)(sp2_packet_writer *writer);
    void (*free)(sp2_packet_writer *writer);
    uint32_t max_packet_size; /* the largest packet that it can carry */
} sp2__writer_ops;

/* The first member of each transport's own struct. It lives as long as its stream and its handle.
 */
struct sp2_packet_writer {
    const sp2__writer_ops *ops;
    sp2__event_loop *loop;
    uint64_t destinations;
    uint64_t first_substream;
    sp2_packet_writer *next; /* the stream's list */
    _Atomic uint32_t references;
};

/* A stream takes a writer, and the reference to it; *handle, if not NULL, gets one of its own.
 * Returns an sp2_status; on failure the writer is closed and freed. `function` is the caller's. */
int32_t sp2__send_stream_add_writer(sp2_send_stream *stream, sp2_packet_writer *writer,
                                    const char *function, sp2_packet_writer **handle);

/* The loop that the stream runs on. */
sp2__event_loop *sp2__send_stream_loop(sp2_send_stream *stream);

#endif
