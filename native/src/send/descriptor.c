/* SPDX-License-Identifier: MIT */
#include "send/descriptor.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "packet/wire.h"
#include "spead2core/receive.h"

/* There is one inner heap per descriptor, always with this heap cnt. */
#define INNER_CNT 1

/* Pointers of the inner heap: the four of every packet, and one for each field. */
#define USUAL_POINTERS 4
#define FIELDS 6

/* The widths of a field of FORMAT and of SHAPE, of which one byte is its kind or flags. */
typedef struct widths {
    uint32_t format;
    uint32_t shape;
    uint8_t variable; /* the flag that says that the length of a dimension is variable */
} widths;

static widths widths_of(uint32_t address_bits, uint32_t bug_compat) {
    const bool old = bug_compat & SP2_BUG_COMPAT_DESCRIPTOR_WIDTHS;
    return (widths){
        .format = old ? 4 : 1 + SP2__POINTER_SIZE - address_bits / 8,
        .shape = old ? 8 : 1 + address_bits / 8,
        .variable = bug_compat & SP2_BUG_COMPAT_SHAPE_BIT_1 ? 2 : 1,
    };
}

/* Writes the last `width` bytes of a number; false if it needs more. */
static bool put_number(uint8_t *out, uint64_t value, uint32_t width) {
    for (uint32_t i = width; i-- > 0; value >>= 8) {
        out[i] = (uint8_t)value;
    }
    return value == 0;
}

static int32_t put_format(const sp2_descriptor *descriptor, widths width, uint8_t *out) {
    for (uint32_t i = 0; i < descriptor->format_fields; i++, out += width.format) {
        const sp2_format_field *field = &descriptor->format[i];
        if (field->kind > UINT8_MAX || !put_number(out + 1, field->bits, width.format - 1)) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_descriptor.format[%u] has the kind %u and %" PRIu64
                             " bits, which the flavour cannot say",
                             (unsigned)i, (unsigned)field->kind, field->bits);
        }
        out[0] = (uint8_t)field->kind;
    }
    return SP2_OK;
}

static int32_t put_shape(const sp2_descriptor *descriptor, widths width, uint8_t *out) {
    for (uint32_t i = 0; i < descriptor->rank; i++, out += width.shape) {
        const int64_t dimension = descriptor->shape[i];
        const bool variable = dimension == SP2_DIMENSION_VARIABLE;
        if (dimension < SP2_DIMENSION_VARIABLE ||
            !put_number(out + 1, variable ? 0 : (uint64_t)dimension, width.shape - 1)) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_descriptor.shape[%u] is %" PRId64
                             ", which the flavour cannot say",
                             (unsigned)i, dimension);
        }
        out[0] = variable ? width.variable : 0;
    }
    return SP2_OK;
}

static int32_t check(const sp2_descriptor *descriptor, uint32_t address_bits) {
    if (descriptor->id == 0 || descriptor->id >> (63 - address_bits) != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_descriptor.id is 0x%" PRIx64
                         "; it must not be 0 and has %u bits in SPEAD-64-%u",
                         descriptor->id, 63 - (unsigned)address_bits, (unsigned)address_bits);
    }
    if ((descriptor->name == NULL && descriptor->name_length != 0) ||
        (descriptor->description == NULL && descriptor->description_length != 0) ||
        (descriptor->numpy_header == NULL && descriptor->numpy_header_length != 0) ||
        (descriptor->format == NULL && descriptor->format_fields != 0) ||
        (descriptor->shape == NULL && descriptor->rank != 0)) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_descriptor: a text or list is NULL although its length is not 0");
    }
    if (descriptor->numpy_header_length != 0 && descriptor->format_fields != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_descriptor: the type is said by numpy_header or by format, not by "
                         "both");
    }
    if (descriptor->numpy_header_length == 0 && descriptor->format_fields == 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_descriptor: neither numpy_header nor format says the type");
    }
    return SP2_OK;
}

static uint8_t *put_be64(uint8_t *out, uint64_t value) {
    put_number(out, value, sizeof(value));
    return out + sizeof(value);
}

int32_t sp2__descriptor_write(const sp2_descriptor *descriptor, uint32_t address_bits,
                              uint32_t bug_compat, uint8_t **bytes, uint64_t *length) {
    *bytes = NULL;
    *length = 0;
    int32_t status = check(descriptor, address_bits);
    if (status != SP2_OK) {
        return status;
    }
    const widths width = widths_of(address_bits, bug_compat);
    const uint64_t sizes[FIELDS - 1] = {
        descriptor->name_length,
        descriptor->description_length,
        (uint64_t)descriptor->format_fields * width.format,
        (uint64_t)descriptor->rank * width.shape,
        descriptor->numpy_header_length,
    };
    static const uint64_t ids[FIELDS - 1] = {
        SP2__ID_DESCRIPTOR_NAME, SP2__ID_DESCRIPTOR_DESCRIPTION, SP2__ID_DESCRIPTOR_FORMAT,
        SP2__ID_DESCRIPTOR_SHAPE, SP2__ID_DESCRIPTOR_DTYPE};
    const uint32_t addressed = descriptor->numpy_header_length != 0 ? FIELDS - 1 : FIELDS - 2;
    uint64_t payload = 0;
    for (uint32_t i = 0; i < addressed; i++) {
        payload += sizes[i];
    }
    const uint64_t pointers = USUAL_POINTERS + 1 + addressed;
    const uint64_t head = SP2__HEADER_SIZE + pointers * SP2__POINTER_SIZE;
    if (payload >> address_bits != 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_descriptor: %" PRIu64 " bytes are more than SPEAD-64-%u can address",
                         payload, (unsigned)address_bits);
    }
    uint8_t *packet = sp2__alloc((size_t)(head + payload));
    if (packet == NULL) {
        return sp2__fail_memory("a descriptor");
    }
    uint8_t *out = packet;
    const uint64_t immediate[][2] = {{SP2__ID_HEAP_CNT, INNER_CNT},
                                     {SP2__ID_HEAP_LENGTH, payload},
                                     {SP2__ID_PAYLOAD_OFFSET, 0},
                                     {SP2__ID_PAYLOAD_LENGTH, payload},
                                     {SP2__ID_DESCRIPTOR_ID, descriptor->id}};
    out = put_be64(out, (uint64_t)SP2__MAGIC << 56 | (uint64_t)SP2__VERSION << 48 |
                            (uint64_t)(SP2__POINTER_SIZE - address_bits / 8) << 40 |
                            (uint64_t)(address_bits / 8) << 32 | pointers);
    for (uint32_t i = 0; i < USUAL_POINTERS + 1; i++) {
        out = put_be64(out, SP2__IMMEDIATE_BIT | immediate[i][0] << address_bits | immediate[i][1]);
    }
    uint64_t address = 0;
    for (uint32_t i = 0; i < addressed; i++) {
        out = put_be64(out, ids[i] << address_bits | address);
        address += sizes[i];
    }
    if (sizes[0] != 0) {
        memcpy(out, descriptor->name, (size_t)sizes[0]);
    }
    out += sizes[0];
    if (sizes[1] != 0) {
        memcpy(out, descriptor->description, (size_t)sizes[1]);
    }
    out += sizes[1];
    status = put_format(descriptor, width, out);
    out += sizes[2];
    if (status == SP2_OK) {
        status = put_shape(descriptor, width, out);
    }
    out += sizes[3];
    if (status != SP2_OK) {
        sp2__free(packet);
        return status;
    }
    if (sizes[4] != 0) {
        memcpy(out, descriptor->numpy_header, (size_t)sizes[4]);
    }
    *bytes = packet;
    *length = head + payload;
    return SP2_OK;
}
