/* SPDX-License-Identifier: MIT */
#include "transport/memory_options.h"

#include <string.h>

#include "base/error.h"
#include "base/sized.h"

int32_t sp2__memory_options_read(const void *caller, void *options, uint32_t size,
                                 const char *name) {
    uint32_t flags;
    const int32_t status = sp2__sized_read(caller, options, size, size, name);
    if (status != SP2_OK) {
        return status;
    }
    memcpy(&flags, (const uint8_t *)options + sizeof(uint32_t), sizeof(flags));
    if (flags != 0) {
        return sp2__fail(SP2_E_TOO_NEW, 0,
                         "%s.flags has 0x%x, which this library does not know yet", name,
                         (unsigned)flags);
    }
    return SP2_OK;
}
