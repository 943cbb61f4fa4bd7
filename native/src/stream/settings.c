/* SPDX-License-Identifier: MIT */
/* What may be changed while a stream receives. */
#include "base/error.h"
#include "memory/allocator.h"
#include "stream/stream.h"

int32_t sp2_receive_stream_set_memory_allocator(sp2_receive_stream *stream,
                                                sp2_allocator *allocator) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_set_memory_allocator", "stream");
    }
    if (allocator != NULL) {
        sp2__allocator_retain(allocator);
    }
    sp2__heap_rules *rules = &stream->assembler.rules;
    sp2__mutex_lock(&stream->lock);
    sp2_allocator *old = rules->allocator;
    rules->allocator = allocator;
    sp2__mutex_unlock(&stream->lock);
    sp2__allocator_release(old);
    return SP2_OK;
}
