/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_RANDOM_H
#define SP2_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* A number that nobody can guess, from the operating system, without waiting. False if it has none
 * to give. */
bool sp2__random_u64(uint64_t *number);

#endif
