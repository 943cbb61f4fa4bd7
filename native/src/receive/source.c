/* SPDX-License-Identifier: MIT */
#include "receive/source.h"

#include "base/compiler.h"
#include "receive/stream.h"
#include "runtime/thread_pool.h"

/* One turn of a reader, on its loop's thread. */
static void run_turn(sp2__task *task) {
    sp2__reader *reader = SP2__CONTAINER(task, sp2__reader, task);
    sp2_receive_stream *stream = reader->stream;
    sp2__mutex_lock(&reader->lock);
    if (!reader->closed) {
        const sp2__turn turn = reader->ops->turn(reader);
        if (turn == SP2__TURN_MORE ||
            (turn == SP2__TURN_BLOCKED && sp2__stream_wait_for_room(stream, reader))) {
            sp2__event_loop_post(reader->loop, task);
        }
    }
    sp2__mutex_unlock(&reader->lock);
    sp2__stream_call_ready_if_due(stream);
    if (SP2__UNLIKELY(sp2__stream_is_stopped(stream))) {
        sp2__stream_close_readers(stream);
    }
}

void sp2__reader_init(sp2__reader *reader, const sp2__reader_ops *ops, sp2_receive_stream *stream) {
    reader->ops = ops;
    reader->stream = stream;
    reader->loop = sp2__thread_pool_assign(stream->pool, &reader->loop_index);
    reader->task.run = run_turn;
    sp2__mutex_init(&reader->lock);
    sp2__mutex_init(&reader->source_lock);
}

void sp2__reader_fini(sp2__reader *reader) {
    sp2__thread_pool_unassign(reader->stream->pool, reader->loop_index);
    sp2__mutex_destroy(&reader->source_lock);
    sp2__mutex_destroy(&reader->lock);
}

void sp2__reader_close(sp2__reader *reader) {
    sp2__mutex_lock(&reader->lock);
    if (!reader->closed) {
        sp2__reader_count_drops(reader);
        sp2__mutex_lock(&reader->source_lock);
        reader->closed = true;
        if (reader->ops->close != NULL) {
            reader->ops->close(reader);
        }
        sp2__mutex_unlock(&reader->source_lock);
    }
    sp2__mutex_unlock(&reader->lock);
}

void sp2__reader_count_drops(sp2__reader *reader) {
    sp2__mutex_lock(&reader->source_lock);
    if (!reader->closed && reader->ops->count_drops != NULL) {
        reader->ops->count_drops(reader);
    }
    sp2__mutex_unlock(&reader->source_lock);
}
