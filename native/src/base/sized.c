/* SPDX-License-Identifier: MIT */
#include "base/sized.h"

#include <string.h>

#include "base/error.h"

/* No struct of this interface will ever be this long: a larger size is garbage, not a future. */
#define LARGEST_SIZE 65536

static int32_t check_size(uint32_t size, uint32_t least_size, const char *name) {
    if (size < least_size || size > LARGEST_SIZE) {
        return sp2__fail(SP2_E_ARG, 0,
                         "%s.size is %u, which no version of this library has had; set it with the "
                         "INIT macro",
                         name, (unsigned)size);
    }
    return SP2_OK;
}

int32_t sp2__sized_read(const void *caller, void *known, uint32_t known_size, uint32_t least_size,
                        const char *name) {
    uint32_t size;
    memcpy(&size, caller, sizeof(size));
    const int32_t status = check_size(size, least_size, name);
    if (status != SP2_OK) {
        return status;
    }
    const unsigned char *bytes = caller;
    for (uint32_t i = known_size; i < size; i++) {
        if (bytes[i] != 0) {
            return sp2__fail(SP2_E_TOO_NEW, 0,
                             "%s has a field at byte %u that this library (%u bytes) does not know "
                             "yet; use a newer library",
                             name, (unsigned)i, (unsigned)known_size);
        }
    }
    memset(known, 0, known_size);
    memcpy(known, caller, size < known_size ? size : known_size);
    return SP2_OK;
}

int32_t sp2__sized_write(void *caller, const void *known, uint32_t known_size, uint32_t least_size,
                         const char *name) {
    uint32_t size;
    memcpy(&size, caller, sizeof(size));
    const int32_t status = check_size(size, least_size, name);
    if (status != SP2_OK) {
        return status;
    }
    const uint32_t common = size < known_size ? size : known_size;
    unsigned char *bytes = caller;
    memcpy(bytes + sizeof(size), (const unsigned char *)known + sizeof(size),
           common - sizeof(size));
    memset(bytes + common, 0, size - common);
    return SP2_OK;
}
