/* SPDX-License-Identifier: MIT */
/* Memory of payloads and the operating system, which has it again when it is released. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/system.h"
#include "test.h"

#define MEBI ((size_t)1 << 20)

/* Whether this process has memory at an address. */
static bool is_mapped(const void *address) {
    const uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char resident;
    return mincore((void *)((uintptr_t)address & ~(page_size - 1)), 1, &resident) == 0 ||
           errno != ENOMEM;
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
        void *blocks[BLOCKS];
        for (size_t j = 0; j < BLOCKS; j++) {
            blocks[j] = sp2__system_alloc(sizes[i]);
            REQUIRE(blocks[j] != NULL);
            CHECK(is_mapped(blocks[j]));
        }
        for (size_t j = 0; j < BLOCKS; j++) {
            sp2__system_free(blocks[j], sizes[i]);
        }
        for (size_t j = 0; j < BLOCKS; j++) {
            CHECK(!is_mapped(blocks[j]));
        }
    }
}
