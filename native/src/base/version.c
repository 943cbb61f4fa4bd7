/* SPDX-License-Identifier: MIT */
#include "spead2core/version.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

_Static_assert(SP2_VERSION_NUMBER ==
                   SP2_VERSION_MAJOR * 1000000 + SP2_VERSION_MINOR * 1000 + SP2_VERSION_PATCH,
               "SP2_VERSION_NUMBER must agree with its three parts");

uint32_t sp2_version_number(void) {
    return SP2_VERSION_NUMBER;
}

const char *sp2_version_string(void) {
    return TEXT(SP2_VERSION_MAJOR) "." TEXT(SP2_VERSION_MINOR) "." TEXT(SP2_VERSION_PATCH);
}
