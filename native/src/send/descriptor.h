/* SPDX-License-Identifier: MIT */
#ifndef SP2_SEND_DESCRIPTOR_H
#define SP2_SEND_DESCRIPTOR_H

#include <stdint.h>

#include "spead2core/descriptor.h"

/*
 * Encodes a descriptor as the one packet that is the payload of an item with id 5 (spec section
 * 2.1). Returns an sp2_status; *bytes is the caller's, for sp2__free, and NULL on failure.
 */
int32_t sp2__descriptor_write(const sp2_descriptor *descriptor, uint32_t address_bits,
                              uint32_t bug_compat, uint8_t **bytes, uint64_t *length);

#endif
