/* SPDX-License-Identifier: MIT */
#ifndef SP2_RUNTIME_SIGNAL_H
#define SP2_RUNTIME_SIGNAL_H

#include <stdint.h>

/*
 * A handle that event loops of other libraries can wait for: readable (on Windows signalled) from
 * sp2__signal_set to sp2__signal_clear. One thread at a time.
 */
#define SP2__NO_SIGNAL ((intptr_t)-1)

/* *signal is not set, and SP2__NO_SIGNAL on failure. Returns 0 or an error number. */
int32_t sp2__signal_open(intptr_t *signal);
void sp2__signal_close(intptr_t signal);
void sp2__signal_set(intptr_t signal);
void sp2__signal_clear(intptr_t signal);

#endif
