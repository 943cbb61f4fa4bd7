/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_FUZZ_FUZZ_H
#define SPEAD2CORE_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the fuzz targets share. A target is one function of libFuzzer's form: it runs one input and
 * ends the program if something is not as it must be. replay.c calls it without libFuzzer.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, with the line, unless the condition holds. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* An input that is taken apart from its start. What is missing at its end is zero. */
typedef struct fuzz_input {
    const uint8_t *bytes;
    size_t length;
} fuzz_input;

uint64_t fuzz_take_number(fuzz_input *input, size_t width); /* big-endian, of `width` bytes */
uint8_t fuzz_take_u8(fuzz_input *input);
uint16_t fuzz_take_u16(fuzz_input *input);
/* Up to `length` bytes, as a copy in a block of exactly their number, so that a sanitizer sees any
 * access beyond; *length becomes their number. The caller frees it. */
uint8_t *fuzz_take_bytes(fuzz_input *input, size_t *length);

/* A block, or the end of the program. */
void *fuzz_alloc(size_t size);

#endif
