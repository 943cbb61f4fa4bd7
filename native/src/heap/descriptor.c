/* SPDX-License-Identifier: MIT */
#include "heap/descriptor.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "heap/heap.h"
#include "spead2core/receive.h"

/* No descriptor of a sender comes near these; what a hostile one can take is bounded by them. */
enum { MAX_NAME = 1024, MAX_TEXT = 65536, MAX_FORMAT_FIELDS = 4096, MAX_RANK = 32 };

/* What PySPEAD 0.5.2 writes, whatever the flavour: bytes of a field, and the flag of a shape. */
enum { BUGGY_FORMAT_WIDTH = 4, BUGGY_SHAPE_WIDTH = 8, BUGGY_VARIABLE_FLAG = 2, VARIABLE_FLAG = 1 };

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

static int32_t check_text(uint64_t id, const sp2_item *text, const char *what, uint64_t most) {
    if (text->length > most) {
        return sp2__fail(SP2_E_ARG, 0,
                         "item 0x%" PRIx64 ": the %s in its descriptor has %" PRIu64
                         " characters; at most %" PRIu64 " are supported",
                         id, what, text->length, most);
    }
    for (uint64_t i = 0; i < text->length; i++) {
        if (text->data[i] > 0x7f) {
            return sp2__fail(SP2_E_ARG, 0,
                             "item 0x%" PRIx64
                             ": the %s in its descriptor is not ASCII: byte %" PRIu64 " is 0x%02x",
                             id, what, i, (unsigned)text->data[i]);
        }
    }
    return SP2_OK;
}

static int32_t check_count(uint64_t id, uint64_t count, const char *what, uint64_t most) {
    if (count > most) {
        return sp2__fail(SP2_E_ARG, 0,
                         "item 0x%" PRIx64 ": its descriptor has %" PRIu64 " %s; at most %" PRIu64
                         " are supported",
                         id, count, what, most);
    }
    return SP2_OK;
}

static int32_t check_parts(const descriptor_parts *parts, uint64_t fields, uint64_t rank) {
    int32_t status = check_text(parts->id, parts->name, "name", MAX_NAME);
    if (status == SP2_OK) {
        status = check_text(parts->id, parts->description, "description", MAX_TEXT);
    }
    if (status == SP2_OK) {
        status = check_text(parts->id, parts->numpy_header, "NumPy header", MAX_TEXT);
    }
    if (status == SP2_OK) {
        status = check_count(parts->id, fields, "fields in its format", MAX_FORMAT_FIELDS);
    }
    return status != SP2_OK ? status : check_count(parts->id, rank, "dimensions", MAX_RANK);
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
static const char *copy_text(const sp2_item *text, char **room) {
    char *copy = *room;
    if (text->length != 0) {
        memcpy(copy, text->data, (size_t)text->length);
    }
    copy[text->length] = '\0';
    *room = copy + text->length + 1;
    return copy;
}

int32_t sp2__descriptor_read(const sp2_heap *inner, sp2__descriptor_block **block) {
    *block = NULL;
    const descriptor_parts parts = find_parts(inner);
    if (parts.id == 0) {
        return SP2_OK;
    }
    const uint64_t format_fields = parts.format->length / parts.format_width;
    const uint64_t rank = parts.shape->length / parts.shape_width;
    const int32_t status = check_parts(&parts, format_fields, rank);
    if (status != SP2_OK) {
        return status;
    }
    const size_t format_bytes = (size_t)format_fields * sizeof(sp2_format_field);
    const size_t shape_bytes = (size_t)rank * sizeof(int64_t);
    const size_t text_bytes = (size_t)(parts.name->length + 1 + parts.description->length + 1 +
                                       parts.numpy_header->length + 1);
    sp2__descriptor_block *made =
        sp2__alloc(sizeof(*made) + format_bytes + shape_bytes + text_bytes);
    if (made == NULL) {
        return sp2__fail_memory("a descriptor");
    }
    sp2_format_field *format = (void *)(made + 1);
    int64_t *shape = (void *)(format + format_fields);
    char *texts = (char *)(shape + rank);
    read_format(&parts, (uint32_t)format_fields, format);
    read_shape(&parts, (uint32_t)rank, shape);
    made->next = NULL;
    made->descriptor = (sp2_descriptor){
        .id = parts.id,
        .name = copy_text(parts.name, &texts),
        .format = format_fields != 0 ? format : NULL,
        .shape = rank != 0 ? shape : NULL,
        .name_length = (uint32_t)parts.name->length,
        .description_length = (uint32_t)parts.description->length,
        .numpy_header_length = (uint32_t)parts.numpy_header->length,
        .format_fields = (uint32_t)format_fields,
        .rank = (uint32_t)rank,
    };
    made->descriptor.description = copy_text(parts.description, &texts);
    made->descriptor.numpy_header = copy_text(parts.numpy_header, &texts);
    *block = made;
    return SP2_OK;
}
