/* SPDX-License-Identifier: MIT */
/* Memory of payloads and the operating system, which has it again when it is given back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory/system.h"
#include "test.h"

#define MEBI ((size_t)1 << 20)

/* Bytes of this process that are in memory. */
static uint64_t resident_bytes(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    REQUIRE(file != NULL);
    REQUIRE(fscanf(file, "%*u %lu", &pages) == 1);
    fclose(file);
    return (uint64_t)pages * 4096;
}

/* A program that has freed a large block makes malloc keep more from then on. */
static void free_a_large_block(void) {
    void *volatile block = malloc(16 * MEBI);
    REQUIRE(block != NULL);
    free(block);
}

SP2_TEST(Large_blocks_that_are_given_back_are_the_system_s_again) {
    enum { BLOCKS = 24 };
    static const size_t sizes[] = {128 << 10, 640 << 10, MEBI, 3 * MEBI};
    free_a_large_block();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const uint64_t before = resident_bytes();
        void *blocks[BLOCKS];
        for (size_t j = 0; j < BLOCKS; j++) {
            blocks[j] = sp2__system_alloc(sizes[i]);
            REQUIRE(blocks[j] != NULL);
            sp2__system_touch(blocks[j], sizes[i]);
        }
        CHECK(resident_bytes() >= before + BLOCKS * sizes[i]);
        for (size_t j = 0; j < BLOCKS; j++) {
            sp2__system_free(blocks[j], sizes[i]);
        }
        /* Not all of it: a sanitizer keeps its own notes of memory that is no more. */
        CHECK(resident_bytes() < before + BLOCKS * sizes[i] / 2);
    }
}
