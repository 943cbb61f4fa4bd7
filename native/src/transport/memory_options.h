/* SPDX-License-Identifier: MIT */
#ifndef SP2_TRANSPORT_MEMORY_OPTIONS_H
#define SP2_TRANSPORT_MEMORY_OPTIONS_H

#include <stdint.h>

/* Reads a caller's options of a source in memory, which start with `size` and `flags`; there are no
 * flags yet. Returns SP2_OK, SP2_E_ARG or SP2_E_TOO_NEW. */
int32_t sp2__memory_options_read(const void *caller, void *options, uint32_t size,
                                 const char *name);

#endif
