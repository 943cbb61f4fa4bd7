/* SPDX-License-Identifier: MIT */
/* The memory of chunks. */
#include "receive/chunk.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/sized.h"
#include "memory/allocator.h"
#include "memory/system.h"

void sp2__chunk_clear(sp2_chunk *chunk) {
    chunk->id = SP2_CHUNK_NO_ID;
    chunk->stream_id = 0;
    chunk->ids_skipped = 0;
    chunk->present_count = 0;
    memset(chunk->present.bytes, 0, (size_t)chunk->present.size);
}

void sp2__chunk_count(sp2_chunk *chunk) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < chunk->present.size; i++) {
        count += chunk->present.bytes[i] != 0;
    }
    chunk->present_count = count;
}

/* Clearing it also puts its pages in place: a stream that receives must not wait for them. */
static bool allocate_part(sp2_chunk *chunk, sp2__chunk_part *part, void *supplied, uint64_t size) {
    part->size = size;
    part->bytes = supplied;
    if (supplied != NULL || size == 0) {
        return true;
    }
    part->bytes = chunk->allocator != NULL
                      ? sp2__allocator_allocate(chunk->allocator, size, NULL, &part->block_context)
                      : sp2__system_alloc((size_t)size);
    if (part->bytes == NULL) {
        return false;
    }
    part->is_allocated = true;
    memset(part->bytes, 0, (size_t)size);
    return true;
}

static void free_part(sp2_chunk *chunk, sp2__chunk_part *part) {
    if (!part->is_allocated) {
        return;
    }
    if (chunk->allocator == NULL) {
        sp2__system_free(part->bytes, (size_t)part->size);
    } else {
        sp2__allocator_free(chunk->allocator, part->bytes, part->size, part->block_context);
    }
}

static void *supplied(const sp2__chunk_part *part) {
    return part->is_allocated ? NULL : part->bytes;
}

void sp2__chunk_free(sp2_chunk *chunk) {
    free_part(chunk, &chunk->data);
    free_part(chunk, &chunk->present);
    free_part(chunk, &chunk->extra);
    if (chunk->free != NULL) {
        chunk->free(chunk->context, supplied(&chunk->data), supplied(&chunk->present),
                    supplied(&chunk->extra));
    }
    sp2__allocator_release(chunk->allocator);
    sp2__free(chunk);
}

static int32_t read_memory(const sp2_chunk_memory *caller, sp2_chunk_memory *memory) {
    const int32_t status =
        sp2__sized_read(caller, memory, sizeof(*memory), sizeof(*memory), "sp2_chunk_memory");
    if (status != SP2_OK) {
        return status;
    }
    if (memory->flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_chunk_memory.flags has 0x%x, which this library does not know",
                         (unsigned)memory->flags);
    }
    if (memory->data_size == 0 || memory->present_size == 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_chunk_memory.%s must be at least 1, not 0",
                         memory->data_size == 0 ? "data_size" : "present_size");
    }
    if (memory->extra != NULL && memory->extra_size == 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_memory.extra_size must not be 0 where extra is not NULL");
    }
    return SP2_OK;
}

int32_t sp2_chunk_create(const sp2_chunk_memory *caller, sp2_chunk **created) {
    if (created != NULL) {
        *created = NULL;
    }
    if (caller == NULL || created == NULL) {
        return sp2__fail_null("sp2_chunk_create", caller == NULL ? "memory" : "chunk");
    }
    sp2_chunk_memory memory;
    const int32_t status = read_memory(caller, &memory);
    if (status != SP2_OK) {
        return status;
    }
    sp2_chunk *chunk = sp2__calloc_array(1, sizeof(*chunk));
    if (chunk == NULL) {
        return sp2__fail_memory("a chunk");
    }
    chunk->id = SP2_CHUNK_NO_ID;
    if (memory.allocator != NULL) {
        sp2__allocator_retain(memory.allocator);
        chunk->allocator = memory.allocator;
    }
    if (!allocate_part(chunk, &chunk->data, memory.data, memory.data_size) ||
        !allocate_part(chunk, &chunk->present, memory.present, memory.present_size) ||
        !allocate_part(chunk, &chunk->extra, memory.extra, memory.extra_size)) {
        sp2__chunk_free(chunk);
        return sp2__fail(SP2_E_NOMEM, 0,
                         "there is no memory for a chunk of %" PRIu64 " bytes of data, %" PRIu64
                         " of presence and %" PRIu64 " of extra data",
                         memory.data_size, memory.present_size, memory.extra_size);
    }
    chunk->free = memory.free;
    chunk->context = memory.context;
    *created = chunk;
    return SP2_OK;
}

int32_t sp2_chunk_get_info(const sp2_chunk *chunk, sp2_chunk_info *info) {
    if (chunk == NULL || info == NULL) {
        return sp2__fail_null("sp2_chunk_get_info", chunk == NULL ? "chunk" : "info");
    }
    const sp2_chunk_info now = {
        .id = chunk->id,
        .stream_id = chunk->stream_id,
        .data = chunk->data.bytes,
        .data_size = chunk->data.size,
        .present = chunk->present.bytes,
        .present_size = chunk->present.size,
        .present_count = chunk->present_count,
        .extra = chunk->extra.bytes,
        .extra_size = chunk->extra.size,
        .ids_skipped = chunk->ids_skipped,
    };
    return sp2__sized_write(info, &now, sizeof(now), sizeof(now), "sp2_chunk_info");
}
