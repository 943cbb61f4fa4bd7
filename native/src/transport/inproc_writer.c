/* SPDX-License-Identifier: MIT */
/* Packets into queues of this process. */
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/sized.h"
#include "send/writer.h"
#include "transport/inproc_queue.h"

typedef struct inproc_writer {
    sp2__packet_writer base;
    sp2_inproc_queue **queues; /* of each destination */
    sp2__inproc_waiter waiter;
    sp2_inproc_queue *full;  /* that had no room for the latest packet; NULL: none */
    uint64_t refused_length; /* of that packet */
} inproc_writer;

static void disarm(sp2__packet_writer *base) {
    inproc_writer *writer = SP2__CONTAINER(base, inproc_writer, base);
    if (writer->full != NULL) {
        sp2__inproc_queue_forget(writer->full, &writer->waiter);
        writer->full = NULL;
    }
}

static uint32_t write_packets(sp2__packet_writer *base, sp2__packet_out *packets, uint32_t count) {
    inproc_writer *writer = SP2__CONTAINER(base, inproc_writer, base);
    uint32_t dealt = 0;
    disarm(base); /* it may be another queue that it waits for next */
    while (dealt < count) {
        sp2__packet_out *first = &packets[dealt];
        uint32_t run = 1;
        while (dealt + run < count && first[run].destination == first->destination) {
            run++;
        }
        sp2_inproc_queue *queue = writer->queues[first->destination];
        const uint32_t written = sp2__inproc_queue_write(queue, first, run);
        dealt += written;
        if (written != run) {
            writer->full = queue;
            writer->refused_length = packets[dealt].length;
            break;
        }
    }
    return dealt;
}

static int32_t arm(sp2__packet_writer *base, sp2__task *task, sp2__timer *timer) {
    inproc_writer *writer = SP2__CONTAINER(base, inproc_writer, base);
    (void)timer;
    sp2__inproc_queue_await_room(writer->full, &writer->waiter, base->loop, task,
                                 writer->refused_length);
    return 0;
}

static void free_writer(sp2__packet_writer *base) {
    inproc_writer *writer = SP2__CONTAINER(base, inproc_writer, base);
    for (uint64_t i = 0; i < base->destinations; i++) {
        sp2__inproc_queue_release(writer->queues[i]);
    }
    sp2__free(writer->queues);
    sp2__free(writer);
}

static const sp2__writer_ops inproc_ops = {
    .write = write_packets,
    .arm = arm,
    .disarm = disarm,
    .free = free_writer,
    .max_packet_size = SP2_SEND_LARGEST_MAX_PACKET_SIZE,
};

static int32_t check_options(const sp2_inproc_writer_options *options, const char *function) {
    static const char name[] = "sp2_inproc_writer_options";
    if (options->flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0, "%s.flags has 0x%x, which this library does not know",
                         name, (unsigned)options->flags);
    }
    if (options->reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "%s.reserved must be 0, not %u", name,
                         (unsigned)options->reserved);
    }
    if (options->queue_count == 0 || options->queues == NULL) {
        return sp2__fail(SP2_E_ARG, 0, "%s.queue_count is %u; a writer has at least one queue",
                         name, (unsigned)options->queue_count);
    }
    for (uint32_t i = 0; i < options->queue_count; i++) {
        if (options->queues[i] == NULL) {
            return sp2__fail(SP2_E_ARG, 0, "%s.queues[%u] must not be NULL", name, (unsigned)i);
        }
        const int32_t status = sp2__inproc_queue_check(options->queues[i], function);
        if (status != SP2_OK) {
            return status;
        }
    }
    return SP2_OK;
}

int32_t sp2_send_stream_add_inproc_writer(sp2_send_stream *stream,
                                          const sp2_inproc_writer_options *caller,
                                          uint64_t *first_substream) {
    static const char function[] = "sp2_send_stream_add_inproc_writer";
    if (first_substream != NULL) {
        *first_substream = 0;
    }
    if (stream == NULL || caller == NULL) {
        return sp2__fail_null(function, stream == NULL ? "stream" : "options");
    }
    sp2_inproc_writer_options options;
    int32_t status = sp2__send_stream_check(stream, function);
    if (status == SP2_OK) {
        status = sp2__sized_read(caller, &options, sizeof(options), sizeof(options),
                                 "sp2_inproc_writer_options");
    }
    if (status == SP2_OK) {
        status = check_options(&options, function);
    }
    if (status != SP2_OK) {
        return status;
    }
    inproc_writer *writer = sp2__calloc_array(1, sizeof(*writer));
    sp2_inproc_queue **queues =
        sp2__calloc_array((size_t)options.queue_count, sizeof(*options.queues));
    if (writer == NULL || queues == NULL) {
        sp2__free(writer);
        sp2__free(queues);
        return sp2__fail_memory("an in-process writer");
    }
    for (uint32_t i = 0; i < options.queue_count; i++) {
        queues[i] = options.queues[i];
        sp2__inproc_queue_retain(queues[i]);
    }
    writer->base.ops = &inproc_ops;
    writer->base.loop = sp2__send_stream_loop(stream);
    writer->base.destinations = options.queue_count;
    writer->queues = queues;
    return sp2__send_stream_add_writer(stream, &writer->base, function, first_substream);
}
