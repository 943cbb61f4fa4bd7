/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_PAGE_FILE_H
#define SP2_BASE_PAGE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Files of statistics pages, spead2-PROCESS-START-NUMBER.page in a folder that is in memory:
 * docs/statistics-page.md. One implementation for each system.
 */

/* Whether this system has them. */
#if defined(_WIN32)
#define SP2__HAS_PAGES false
#else
#define SP2__HAS_PAGES true
#endif

/* Bytes of a path, with the zero at its end: as long as Linux takes one. */
#define SP2__PAGE_PATH_SIZE 4096

typedef struct sp2__page_file {
    intptr_t file; /* or SP2__NO_FILE */
    uint64_t process;
    uint64_t process_start; /* START */
    char path[SP2__PAGE_PATH_SIZE];
} sp2__page_file;

/* Removes what dead processes have left, and makes a file that only this user may read and write.
 * Returns 0 or an error number; then `path` is what could not be made, or its folder. */
int32_t sp2__page_file_create(sp2__page_file *page);

/* Writes all of the bytes at `position`. Returns 0 or an error number. */
int32_t sp2__page_file_write(const sp2__page_file *page, uint64_t position, const void *bytes,
                             uint64_t size);

/* Closes and removes the file, if there still is one. */
void sp2__page_file_remove(sp2__page_file *page);

/* Closes a forked child's copy of the descriptor, and nothing else. */
void sp2__page_file_close_copy(sp2__page_file *page);

#endif
