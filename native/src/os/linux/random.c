/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

/* Of linux/random.h, which old systems do not have. */
#define NONBLOCK 1

bool sp2__random_u64(uint64_t *number) {
    /* glibc has a function for this since 2.25 only. */
    if (syscall(SYS_getrandom, number, sizeof(*number), NONBLOCK) != (long)sizeof(*number)) {
        return false;
    }
    SP2__WRITTEN_BY_KERNEL(number, sizeof(*number));
    return true;
}
