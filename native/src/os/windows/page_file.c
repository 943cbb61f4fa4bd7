/* SPDX-License-Identifier: MIT */
#include "base/page_file.h"

#include <windows.h>

#include "base/file.h"

/* Nothing here reads pages: no other process would see one. */
int32_t sp2__page_file_create(sp2__page_file *page) {
    page->file = SP2__NO_FILE;
    page->path[0] = 0;
    return ERROR_NOT_SUPPORTED;
}

int32_t sp2__page_file_write(const sp2__page_file *page, uint64_t position, const void *bytes,
                             uint64_t size) {
    (void)page;
    (void)position;
    (void)bytes;
    (void)size;
    return ERROR_NOT_SUPPORTED;
}

void sp2__page_file_remove(sp2__page_file *page) {
    (void)page;
}

void sp2__page_file_close_copy(sp2__page_file *page) {
    (void)page;
}
