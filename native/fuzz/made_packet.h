/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_FUZZ_MADE_PACKET_H
#define SPEAD2CORE_FUZZ_MADE_PACKET_H

#include "fuzz.h"

/* Makes a packet that is right of few bytes of the input, so that most mutations are of what it
 * says. It is in a block without a byte to spare, which the caller frees. */
uint8_t *fuzz_make_packet(fuzz_input *input, size_t *length);

#endif
