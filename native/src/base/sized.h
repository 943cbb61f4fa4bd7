/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_SIZED_H
#define SP2_BASE_SIZED_H

#include <stdint.h>

/*
 * Reads a caller's size-first options struct into `known`, which has `known_size` bytes: missing
 * fields become zero. A struct too short to be one of the releases (`least_size`) gives SP2_E_ARG,
 * a longer one with something in its unknown tail SP2_E_TOO_NEW. `name` is the struct's name.
 */
int32_t sp2__sized_read(const void *caller, void *known, uint32_t known_size, uint32_t least_size,
                        const char *name);

/*
 * Writes `known` into a caller's size-first output struct: as many bytes as both have, without
 * touching its size; a longer caller's tail becomes zero.
 */
int32_t sp2__sized_write(void *caller, const void *known, uint32_t known_size, uint32_t least_size,
                         const char *name);

#endif
