/* SPDX-License-Identifier: MIT */
/* What may be changed while a stream receives. */
#include "base/error.h"
#include "memory/allocator.h"
#include "receive/stream.h"

int32_t sp2_receive_stream_set_memory_allocator(sp2_receive_stream *stream,
                                                sp2_allocator *allocator) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_set_memory_allocator", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_set_memory_allocator", "the stream");
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

int32_t sp2_receive_stream_set_memcpy(sp2_receive_stream *stream, int32_t method) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_set_memcpy", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_set_memcpy", "the stream");
    }
    sp2__mutex_lock(&stream->lock);
    const bool known = sp2__copier_set_method(&stream->assembler.copier, method);
    sp2__mutex_unlock(&stream->lock);
    return known ? SP2_OK
                 : sp2__fail(SP2_E_ARG, 0,
                             "sp2_receive_stream_set_memcpy: method is %d, which is no "
                             "sp2_memcpy_method",
                             (int)method);
}

int32_t sp2_receive_stream_set_copy_function(sp2_receive_stream *stream, sp2_copy_fn copy,
                                             void *context) {
    if (stream == NULL) {
        return sp2__fail_null("sp2_receive_stream_set_copy_function", "stream");
    }
    if (sp2__stream_is_inherited(stream)) {
        return sp2__fail_forked("sp2_receive_stream_set_copy_function", "the stream");
    }
    sp2__assembler *assembler = &stream->assembler;
    sp2__mutex_lock(&stream->lock);
    sp2__copier_set_method(&assembler->copier, SP2_MEMCPY_DEFAULT);
    assembler->copier.function = copy;
    assembler->copier.context = context;
    /* Its next packet must not take the short way, which does not know of the function. */
    assembler->recent = NULL;
    sp2__mutex_unlock(&stream->lock);
    return SP2_OK;
}
