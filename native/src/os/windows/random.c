/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <windows.h>
/* Needs windows.h before it. */
#include <bcrypt.h>

bool sp2__random_u64(uint64_t *number) {
    return BCryptGenRandom(NULL, (PUCHAR)number, sizeof(*number),
                           BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}
