/* SPDX-License-Identifier: MIT */
#ifndef SP2_BASE_FILE_H
#define SP2_BASE_FILE_H

#include <stdint.h>

#define SP2__NO_FILE ((intptr_t)-1)

/* What came of opening a file. */
typedef enum sp2__file_opening {
    SP2__FILE_OPEN,
    SP2__FILE_REFUSED,    /* by the operating system, for `error` */
    SP2__FILE_NOT_REGULAR /* a directory or a pipe */
} sp2__file_opening;

/* Opens a regular file, whose name is UTF-8, to be read from its start to its end. */
sp2__file_opening sp2__file_open(const char *path, intptr_t *file, uint64_t *size, int32_t *error);

/* Reads what there is at `position`, at most `size` bytes; *count is 0 at the end of the file.
 * Returns 0 or an error number. */
int32_t sp2__file_read(intptr_t file, uint64_t position, void *bytes, uint64_t size,
                       uint64_t *count);

void sp2__file_close(intptr_t file);

#endif
