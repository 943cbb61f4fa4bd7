/* SPDX-License-Identifier: MIT */
#ifndef SP2_RECEIVE_CHUNK_LAYOUT_H
#define SP2_RECEIVE_CHUNK_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"
#include "spead2core/chunk.h"

/* Where a heap belongs. */
typedef struct sp2__chunk_spot {
    int64_t chunk_id;
    uint64_t heap_index;
    uint64_t heap_offset;
    uint64_t extra_offset;
    uint64_t extra_size;
} sp2__chunk_spot;

typedef enum sp2__spot_verdict {
    SP2__SPOT_FOUND,
    SP2__SPOT_BAD_LENGTH,
    SP2__SPOT_MISSING_ITEM,
    SP2__SPOT_BAD_TIMESTAMP,
    SP2__SPOT_OUT_OF_RANGE,
    SP2__SPOT_BEFORE_ORIGIN
} sp2__spot_verdict;

/* A value of an axis, and its index. */
typedef struct sp2__axis_value {
    uint64_t value;
    uint64_t index;
} sp2__axis_value;

typedef struct sp2__chunk_axis {
    uint64_t first;
    uint64_t step;
    uint64_t count;
    uint64_t data_stride;
    uint64_t present_stride;
    sp2__axis_value *values; /* by rising value; NULL: none */
} sp2__chunk_axis;

typedef struct sp2__chunk_layout {
    uint32_t axis_count; /* 0: there is no layout */
    bool has_origin;
    uint64_t heap_length; /* 0: any */
    uint64_t items[SP2_CHUNK_MAX_AXES];
    sp2__chunk_axis axes[SP2_CHUNK_MAX_AXES];
} sp2__chunk_layout;

/* Returns an sp2_status. On failure nothing need be destroyed. */
int32_t sp2__chunk_layout_read(const sp2_chunk_layout *caller, sp2__chunk_layout *layout);
void sp2__chunk_layout_destroy(sp2__chunk_layout *layout);

/* The immediate values that a packet gives to items, the last one of each; -1: none. */
void sp2__chunk_find_items(const sp2__packet *packet, const uint64_t *items, uint64_t count,
                           int64_t *values);

/* Where a heap belongs whose first packet gives the layout's items these values, if the first axis
 * begins at `origin`. */
sp2__spot_verdict sp2__chunk_layout_find(const sp2__chunk_layout *layout, const int64_t *values,
                                         uint64_t heap_length, uint64_t origin,
                                         sp2__chunk_spot *spot);

/* The origin if this is the first value of the first axis that a group gets. */
uint64_t sp2__chunk_layout_origin(const sp2__chunk_layout *layout, uint64_t value);

#endif
