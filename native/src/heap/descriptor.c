/* SPDX-License-Identifier: MIT */
#include "heap/descriptor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "heap/heap.h"
#include "spead2core/receive.h"

/* No descriptor of a sender comes near these; what a hostile one can take is bounded by them. */
enum { MAX_FORMAT_FIELDS = 4096, MAX_RANK = 32 };

/* Room for the longest sentence about a rule that is broken. */
enum { FAULT_SIZE = 96 };

/* What PySPEAD 0.5.2 writes, whatever the flavour: bytes of a field, and the flag of a shape. */
enum { BUGGY_FORMAT_WIDTH = 4, BUGGY_SHAPE_WIDTH = 8, BUGGY_VARIABLE_FLAG = 2, VARIABLE_FLAG = 1 };

/* A chunk of memory for descriptors is twice as large as the one before, from the first to the
 * largest, unless one descriptor needs more. */
enum { FIRST_CHUNK = 2048, LARGEST_CHUNK = 65536 };

typedef struct sp2__descriptor_chunk {
    struct sp2__descriptor_chunk *next;
    uint64_t bytes[];
} sp2__descriptor_chunk;

void sp2__descriptor_memory_free(sp2__descriptor_memory *memory) {
    while (memory->chunks != NULL) {
        sp2__descriptor_chunk *next = memory->chunks->next;
        sp2__free(memory->chunks);
        memory->chunks = next;
    }
    *memory = (sp2__descriptor_memory){0};
}

/* Aligned for numbers; NULL if there is none. */
static void *take_memory(sp2__descriptor_memory *memory, size_t size) {
    const size_t whole = (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
    if (whole > memory->size - memory->used) {
        const size_t doubled = memory->size * 2 < LARGEST_CHUNK ? memory->size * 2 : LARGEST_CHUNK;
        const size_t usual = doubled < FIRST_CHUNK ? FIRST_CHUNK : doubled;
        const size_t chunk_size = whole < usual ? usual : whole;
        sp2__descriptor_chunk *chunk = sp2__alloc(sizeof(*chunk) + chunk_size);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = memory->chunks;
        *memory = (sp2__descriptor_memory){.chunks = chunk, .size = chunk_size};
    }
    void *taken = (uint8_t *)memory->chunks->bytes + memory->used;
    memory->used += whole;
    return taken;
}

/* The items of an inner heap that make a descriptor, and how they are packed. An item that is not
 * there points to an empty one. */
typedef struct descriptor_parts {
    uint64_t id;
    const sp2_item *name;
    const sp2_item *description;
    const sp2_item *numpy_header;
    const sp2_item *format;
    const sp2_item *shape;
    uint32_t format_width;
    uint32_t shape_width;
    uint8_t variable_flag;
} descriptor_parts;

static const sp2_item no_item;

/* Of several items with one identifier the last one counts. */
static descriptor_parts find_parts(const sp2_heap *inner) {
    const uint32_t address_bytes = inner->address_bits / 8;
    const bool widths = inner->bug_compat & SP2_BUG_COMPAT_DESCRIPTOR_WIDTHS;
    const bool bit_1 = inner->bug_compat & SP2_BUG_COMPAT_SHAPE_BIT_1;
    descriptor_parts parts = {
        .name = &no_item,
        .description = &no_item,
        .numpy_header = &no_item,
        .format = &no_item,
        .shape = &no_item,
        .format_width = widths ? BUGGY_FORMAT_WIDTH : 1 + SP2__POINTER_SIZE - address_bytes,
        .shape_width = widths ? BUGGY_SHAPE_WIDTH : 1 + address_bytes,
        .variable_flag = bit_1 ? BUGGY_VARIABLE_FLAG : VARIABLE_FLAG,
    };
    for (uint32_t i = 0; i < inner->pointers.count; i++) {
        const sp2_item *item = &inner->pointers.items[i];
        switch (item->id) {
        case SP2__ID_DESCRIPTOR_ID:
            parts.id = item->flags & SP2_ITEM_IMMEDIATE ? item->value : parts.id;
            break;
        case SP2__ID_DESCRIPTOR_NAME:
            parts.name = item;
            break;
        case SP2__ID_DESCRIPTOR_DESCRIPTION:
            parts.description = item;
            break;
        case SP2__ID_DESCRIPTOR_DTYPE:
            parts.numpy_header = item;
            break;
        case SP2__ID_DESCRIPTOR_FORMAT:
            parts.format = item;
            break;
        case SP2__ID_DESCRIPTOR_SHAPE:
            parts.shape = item;
            break;
        default:
            break;
        }
    }
    return parts;
}

/* Drops what there is too much of, and says so in `fault`, which is "" otherwise. */
static void check_parts(descriptor_parts *parts, char fault[FAULT_SIZE]) {
    const uint64_t fields = parts->format->length / parts->format_width;
    const uint64_t rank = parts->shape->length / parts->shape_width;
    fault[0] = '\0';
    if (fields > MAX_FORMAT_FIELDS) {
        (void)snprintf(fault, FAULT_SIZE,
                       "The format has %" PRIu64 " fields; at most %d are supported.", fields,
                       MAX_FORMAT_FIELDS);
        parts->format = &no_item;
    }
    if (rank > MAX_RANK) {
        (void)snprintf(fault, FAULT_SIZE,
                       "The shape has %" PRIu64 " dimensions; at most %d are supported.", rank,
                       MAX_RANK);
        parts->shape = &no_item;
    }
}

/* A text as it is given to users: bytes in UTF-8, which take these flags. */
typedef struct sent_text {
    const sp2_item *sent;
    size_t length;
    uint32_t flags;
} sent_text;

static sent_text measure_text(const sp2_item *sent) {
    const size_t length = (size_t)sent->length;
    if (sp2__is_ascii(sent->data, length)) {
        return (sent_text){sent, length, 0};
    }
    if (sp2__is_utf8(sent->data, length)) {
        return (sent_text){sent, length, SP2_DESCRIPTOR_UTF_8};
    }
    return (sent_text){sent, sp2__utf8_size_of_latin_1(sent->data, length), SP2_DESCRIPTOR_LATIN_1};
}

/* The number after the first byte of a packed field: at most 7 bytes. */
static uint64_t field_number(const uint8_t *field, uint32_t width) {
    uint64_t number = 0;
    for (uint32_t i = 1; i < width; i++) {
        number = number << 8 | field[i];
    }
    return number;
}

static void read_format(const descriptor_parts *parts, uint32_t count, sp2_format_field *fields) {
    const uint8_t *field = parts->format->data;
    for (uint32_t i = 0; i < count; i++, field += parts->format_width) {
        fields[i] = (sp2_format_field){
            .bits = field_number(field, parts->format_width),
            .kind = field[0],
        };
    }
}

static void read_shape(const descriptor_parts *parts, uint32_t rank, int64_t *shape) {
    const uint8_t *field = parts->shape->data;
    for (uint32_t i = 0; i < rank; i++, field += parts->shape_width) {
        shape[i] = field[0] & parts->variable_flag
                       ? SP2_DIMENSION_VARIABLE
                       : (int64_t)field_number(field, parts->shape_width);
    }
}

/* Copies a text with a final zero to *room and moves that on. */
static const char *copy_text(const sent_text *text, char **room) {
    char *copy = *room;
    if (text->flags & SP2_DESCRIPTOR_LATIN_1) {
        sp2__utf8_from_latin_1(text->sent->data, (size_t)text->sent->length, copy);
    } else if (text->length != 0) {
        memcpy(copy, text->sent->data, text->length);
    }
    copy[text->length] = '\0';
    *room = copy + text->length + 1;
    return copy;
}

/* `fault` is the sentence about a broken rule, or "". */
static int32_t copy_descriptor(const descriptor_parts *parts, const char *fault,
                               sp2__descriptor_memory *memory, sp2__descriptor_block **block) {
    const sent_text name = measure_text(parts->name);
    const sent_text description = measure_text(parts->description);
    const sent_text header = measure_text(parts->numpy_header);
    const uint32_t format_fields = (uint32_t)(parts->format->length / parts->format_width);
    const uint32_t rank = (uint32_t)(parts->shape->length / parts->shape_width);
    const size_t format_bytes = format_fields * sizeof(sp2_format_field);
    const size_t shape_bytes = rank * sizeof(int64_t);
    const size_t fault_bytes = fault[0] == '\0' ? 0 : strlen(fault) + 1;
    const size_t text_bytes = name.length + 1 + description.length + 1 + header.length + 1;
    sp2__descriptor_block *made =
        take_memory(memory, sizeof(*made) + format_bytes + shape_bytes + text_bytes + fault_bytes);
    if (made == NULL) {
        return sp2__fail_memory("a descriptor");
    }
    sp2_format_field *format = (void *)(made + 1);
    int64_t *shape = (void *)(format + format_fields);
    char *texts = (char *)(shape + rank);
    read_format(parts, format_fields, format);
    read_shape(parts, rank, shape);
    made->next = NULL;
    made->descriptor = (sp2_descriptor){
        .id = parts->id,
        .name = copy_text(&name, &texts),
        .format = format_fields != 0 ? format : NULL,
        .shape = rank != 0 ? shape : NULL,
        .name_length = (uint32_t)name.length,
        .description_length = (uint32_t)description.length,
        .numpy_header_length = (uint32_t)header.length,
        .format_fields = format_fields,
        .rank = rank,
        .flags = name.flags | description.flags | header.flags |
                 (fault_bytes == 0 ? 0 : SP2_DESCRIPTOR_BROKEN),
    };
    made->descriptor.description = copy_text(&description, &texts);
    made->descriptor.numpy_header = copy_text(&header, &texts);
    made->descriptor.fault = fault_bytes == 0 ? NULL : memcpy(texts, fault, fault_bytes);
    *block = made;
    return SP2_OK;
}

int32_t sp2__descriptor_read(const sp2_heap *inner, sp2__descriptor_memory *memory,
                             sp2__descriptor_block **block) {
    *block = NULL;
    descriptor_parts parts = find_parts(inner);
    if (parts.id == 0) {
        return SP2_OK;
    }
    char fault[FAULT_SIZE];
    check_parts(&parts, fault);
    return copy_descriptor(&parts, fault, memory, block);
}

sp2__descriptor_block *sp2__descriptor_broken(uint64_t id, const char *fault,
                                              sp2__descriptor_memory *memory) {
    const descriptor_parts parts = {
        .id = id,
        .name = &no_item,
        .description = &no_item,
        .numpy_header = &no_item,
        .format = &no_item,
        .shape = &no_item,
        .format_width = BUGGY_FORMAT_WIDTH,
        .shape_width = BUGGY_SHAPE_WIDTH,
    };
    sp2__descriptor_block *block = NULL;
    (void)copy_descriptor(&parts, fault, memory, &block);
    return block;
}
