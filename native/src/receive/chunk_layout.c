/* SPDX-License-Identifier: MIT */
/* Where heaps belong by the values of their items. */
#include "receive/chunk_layout.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/sized.h"
#include "packet/wire.h"

static int by_value(const void *a, const void *b) {
    const uint64_t left = ((const sp2__axis_value *)a)->value;
    const uint64_t right = ((const sp2__axis_value *)b)->value;
    return (left > right) - (left < right);
}

static int32_t copy_values(const sp2_chunk_axis *caller, uint32_t number, sp2__chunk_axis *axis) {
    axis->values = sp2__calloc_array((size_t)caller->count, sizeof(*axis->values));
    if (axis->values == NULL) {
        return sp2__fail_memory("the values of an axis");
    }
    for (uint64_t i = 0; i < caller->count; i++) {
        axis->values[i] = (sp2__axis_value){caller->values[i], i};
    }
    qsort(axis->values, (size_t)caller->count, sizeof(*axis->values), by_value);
    for (uint64_t i = 1; i < caller->count; i++) {
        if (axis->values[i].value == axis->values[i - 1].value) {
            return sp2__fail(SP2_E_ARG, 0,
                             "sp2_chunk_layout.axes[%u].values has %" PRIu64
                             " twice, but an index must have a value of its own",
                             (unsigned)number, axis->values[i].value);
        }
    }
    return SP2_OK;
}

/* Adds the largest distance along an axis to that along the ones before. */
static bool add_reach(uint64_t *sum, uint64_t indices, uint64_t stride) {
    uint64_t reach;
    if (!sp2__mul_u64(indices, stride, &reach) || reach > UINT64_MAX - *sum) {
        return false;
    }
    *sum += reach;
    return true;
}

static int32_t check_axis(const sp2_chunk_axis *caller, uint32_t number) {
    if (caller->count == 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_chunk_layout.axes[%u].count must be at least 1, not 0",
                         (unsigned)number);
    }
    if (caller->values == NULL) {
        return SP2_OK;
    }
    if (number == 0) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_layout.axes[0].values must be NULL: the first axis goes on "
                         "from chunk to chunk, by its step");
    }
    if (caller->count > SP2_CHUNK_MAX_VALUES) {
        return sp2__fail(SP2_E_ARG, 0,
                         "sp2_chunk_layout.axes[%u].count is %" PRIu64
                         ", but at most %d values are allowed",
                         (unsigned)number, caller->count, SP2_CHUNK_MAX_VALUES);
    }
    return SP2_OK;
}

static int32_t read_axis(const sp2_chunk_axis *caller, uint32_t number, sp2__chunk_layout *layout) {
    int32_t status = check_axis(caller, number);
    if (status != SP2_OK) {
        return status;
    }
    sp2__chunk_axis *axis = &layout->axes[number];
    layout->items[number] = caller->item;
    *axis = (sp2__chunk_axis){
        .first = caller->first,
        .step = caller->step != 0 ? caller->step : 1,
        .count = caller->count,
        .data_stride = caller->data_stride,
        .present_stride = caller->present_stride,
    };
    layout->axis_count = number + 1;
    return caller->values != NULL ? copy_values(caller, number, axis) : SP2_OK;
}

/* No distance in a chunk may be more than 64 bits, nor may what a chunk spans. */
static int32_t check_reach(const sp2__chunk_layout *layout) {
    uint64_t data = 0;
    uint64_t present = 0;
    uint64_t span;
    bool fits = sp2__mul_u64(layout->axes[0].step, layout->axes[0].count, &span);
    for (uint32_t i = 0; i < layout->axis_count && fits; i++) {
        const sp2__chunk_axis *axis = &layout->axes[i];
        fits = add_reach(&data, axis->count - 1, axis->data_stride) &&
               add_reach(&present, axis->count - 1, axis->present_stride);
    }
    return fits ? SP2_OK
                : sp2__fail(SP2_E_ARG, 0,
                            "sp2_chunk_layout.axes span more than 2^64: count, step or a stride is "
                            "too large");
}

int32_t sp2__chunk_layout_read(const sp2_chunk_layout *caller, sp2__chunk_layout *layout) {
    *layout = (sp2__chunk_layout){0};
    sp2_chunk_layout given;
    int32_t status =
        sp2__sized_read(caller, &given, sizeof(given), sizeof(given), "sp2_chunk_layout");
    if (status != SP2_OK) {
        return status;
    }
    if (given.flags & ~(uint32_t)SP2_CHUNK_LAYOUT_ORIGIN) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "sp2_chunk_layout.flags has 0x%x, which this library does not know yet",
                         (unsigned)given.flags);
    }
    if (given.axes == NULL || given.axis_count == 0 || given.axis_count > SP2_CHUNK_MAX_AXES) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_chunk_layout.axes must have from 1 to %d axes, not %u",
                         SP2_CHUNK_MAX_AXES, given.axes == NULL ? 0 : (unsigned)given.axis_count);
    }
    if (given.reserved != 0) {
        return sp2__fail(SP2_E_ARG, 0, "sp2_chunk_layout.reserved must be 0, not %u",
                         (unsigned)given.reserved);
    }
    layout->has_origin = given.flags & SP2_CHUNK_LAYOUT_ORIGIN;
    layout->heap_length = given.heap_length;
    for (uint32_t i = 0; i < given.axis_count && status == SP2_OK; i++) {
        status = read_axis(&given.axes[i], i, layout);
    }
    status = status == SP2_OK ? check_reach(layout) : status;
    if (status != SP2_OK) {
        sp2__chunk_layout_destroy(layout);
    }
    return status;
}

void sp2__chunk_layout_destroy(sp2__chunk_layout *layout) {
    for (uint32_t i = 0; i < layout->axis_count; i++) {
        sp2__free(layout->axes[i].values);
    }
    layout->axis_count = 0;
}

static bool is_special(uint64_t item) {
    return item >= SP2__ID_HEAP_CNT && item <= SP2__ID_PAYLOAD_LENGTH;
}

/* What the dialect makes of the packet. */
static int64_t special_value(const sp2__packet *packet, uint64_t item) {
    switch (item) {
    case SP2__ID_HEAP_CNT:
        return (int64_t)packet->cnt;
    case SP2__ID_HEAP_LENGTH:
        return (int64_t)packet->heap_length; /* unknown: -1 */
    case SP2__ID_PAYLOAD_OFFSET:
        return (int64_t)packet->payload_offset;
    case SP2__ID_PAYLOAD_LENGTH:
        return (int64_t)packet->payload_length;
    default:
        return -1;
    }
}

void sp2__chunk_find_items(const sp2__packet *packet, const uint64_t *items, uint64_t count,
                           int64_t *values) {
    for (uint64_t k = 0; k < count; k++) {
        values[k] = special_value(packet, items[k]);
    }
    const unsigned bits = packet->address_bits;
    for (uint32_t i = 0; i < packet->item_count; i++) {
        const uint64_t pointer = sp2__load_be64(packet->items + (size_t)i * SP2__POINTER_SIZE);
        const uint64_t item = sp2__pointer_id(pointer, bits);
        if (!(pointer & SP2__IMMEDIATE_BIT) || is_special(item)) {
            continue;
        }
        for (uint64_t k = 0; k < count; k++) {
            if (items[k] == item) {
                values[k] = (int64_t)sp2__pointer_value(pointer, bits);
            }
        }
    }
}

/* The index of a value; false if it has none. */
static bool find_value(const sp2__chunk_axis *axis, uint64_t value, uint64_t *index) {
    uint64_t low = 0;
    uint64_t high = axis->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (axis->values[middle].value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == axis->count || axis->values[low].value != value) {
        return false;
    }
    *index = axis->values[low].index;
    return true;
}

static bool find_index(const sp2__chunk_axis *axis, uint64_t value, uint64_t *index) {
    if (axis->values != NULL) {
        return find_value(axis, value, index);
    }
    const uint64_t distance = value - axis->first;
    *index = axis->step == 1 ? distance : distance / axis->step;
    return value >= axis->first && *index < axis->count && *index * axis->step == distance;
}

static void add_index(const sp2__chunk_axis *axis, uint64_t index, sp2__chunk_spot *spot) {
    spot->heap_index += index * axis->present_stride;
    spot->heap_offset += index * axis->data_stride;
}

uint64_t sp2__chunk_layout_origin(const sp2__chunk_layout *layout, uint64_t value) {
    const sp2__chunk_axis *time = &layout->axes[0];
    return value - value % (time->step * time->count);
}

sp2__spot_verdict sp2__chunk_layout_find(const sp2__chunk_layout *layout, const int64_t *values,
                                         uint64_t heap_length, uint64_t origin,
                                         sp2__chunk_spot *spot) {
    const sp2__chunk_axis *time = &layout->axes[0];
    *spot = (sp2__chunk_spot){0};
    if (layout->heap_length != 0 && heap_length != layout->heap_length) {
        return SP2__SPOT_BAD_LENGTH;
    }
    if (values[0] < 0) {
        return SP2__SPOT_MISSING_ITEM;
    }
    if ((uint64_t)values[0] < origin) {
        return SP2__SPOT_BEFORE_ORIGIN;
    }
    const uint64_t distance = (uint64_t)values[0] - origin;
    const uint64_t steps = distance / time->step;
    if (steps * time->step != distance) {
        return SP2__SPOT_BAD_TIMESTAMP;
    }
    spot->chunk_id = (int64_t)(steps / time->count);
    add_index(time, steps % time->count, spot);
    for (uint32_t i = 1; i < layout->axis_count; i++) {
        uint64_t index = 0;
        if (values[i] < 0) {
            return SP2__SPOT_MISSING_ITEM;
        }
        if (!find_index(&layout->axes[i], (uint64_t)values[i], &index)) {
            return SP2__SPOT_OUT_OF_RANGE;
        }
        add_index(&layout->axes[i], index, spot);
    }
    return SP2__SPOT_FOUND;
}
