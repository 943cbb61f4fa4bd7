/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

uint64_t fuzz_take_number(fuzz_input *input, size_t width) {
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++) {
        number = number << 8 | fuzz_take_u8(input);
    }
    return number;
}

uint8_t fuzz_take_u8(fuzz_input *input) {
    if (input->length == 0) {
        return 0;
    }
    input->length--;
    return *input->bytes++;
}

uint16_t fuzz_take_u16(fuzz_input *input) {
    return (uint16_t)fuzz_take_number(input, sizeof(uint16_t));
}

uint8_t *fuzz_take_bytes(fuzz_input *input, size_t *length) {
    *length = *length < input->length ? *length : input->length;
    uint8_t *copy = fuzz_alloc(*length);
    if (*length != 0) {
        memcpy(copy, input->bytes, *length);
    }
    input->bytes += *length;
    input->length -= *length;
    return copy;
}

void *fuzz_alloc(size_t size) {
    void *block = malloc(size);
    FUZZ_CHECK(block != NULL || size == 0);
    return block;
}
