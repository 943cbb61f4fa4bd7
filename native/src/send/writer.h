/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_WRITER_H
#define SP2_SEND_WRITER_H

#include <stdint.h>

#include "runtime/event_loop.h"
#include "send/packetizer.h"
#include "spead2core/send.h"

/* Where packets of a stream go. */
typedef struct sp2__packet_writer sp2__packet_writer;

/* A packet on its way to a writer. */
typedef struct sp2__packet_out {
    const sp2__piece *pieces; /* valid until the packet has been dealt with; those of the next
                                 packet of the batch follow them */
    uint32_t piece_count;
    int32_t error;        /* set by the writer: the system's number of why it was not sent, or 0 */
    int32_t status;       /* the same as an sp2_status, where the system has no part in it */
    uint64_t length;      /* of all pieces */
    uint64_t destination; /* of the writer's, from 0 */
} sp2__packet_out;

/* What a transport implements. `write` and `arm` are called by the stream's thread. */
typedef struct sp2__writer_ops {
    /* Hands over packets, in order, without waiting. Returns how many were dealt with: sent, or
     * failed for good, which their `error` or `status` says. Fewer than `count`: there is no room
     * now. */
    uint32_t (*write)(sp2__packet_writer *writer, sp2__packet_out *packets, uint32_t count);
    /* Runs `task` once, when there may be room again; `timer` is free for that. Returns 0 or an
     * error number. */
    int32_t (*arm)(sp2__packet_writer *writer, sp2__task *task, sp2__timer *timer);
    /* The stream has ended: from now on nothing but what runs already runs `task`. Any thread, and
     * the loop still exists. May be NULL. */
    void (*disarm)(sp2__packet_writer *writer);
    /* Ends it; any thread, while the stream's thread is not in the writer. The loop may be gone. */
    void (*free)(sp2__packet_writer *writer);
    /* Closes a forked child's copy of the descriptors, and nothing else. May be NULL. */
    void (*close_copy)(sp2__packet_writer *writer);
    uint32_t max_packet_size; /* the largest packet that it can carry */
} sp2__writer_ops;

/* The first member of each transport's own struct. It lives as long as its stream. */
struct sp2__packet_writer {
    const sp2__writer_ops *ops;
    sp2__event_loop *loop;
    uint64_t destinations;
    uint64_t first_substream;
    sp2__packet_writer *next; /* the stream's list */
};

/* SP2_OK, or SP2_E_FORKED as a failure of `function` if the stream is an inherited copy. */
int32_t sp2__send_stream_check(const sp2_send_stream *stream, const char *function);

/* A stream takes a writer. Returns an sp2_status; on failure the writer is freed. `function` is the
 * caller's, and *first_substream, if not NULL, gets the number of its first destination. */
int32_t sp2__send_stream_add_writer(sp2_send_stream *stream, sp2__packet_writer *writer,
                                    const char *function, uint64_t *first_substream);

/* The loop that the stream runs on. */
sp2__event_loop *sp2__send_stream_loop(sp2_send_stream *stream);

#endif
