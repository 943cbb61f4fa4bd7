/* SPDX-License-Identifier: MIT */
#ifndef SP2_WINDOWS_SOCKETS_H
#define SP2_WINDOWS_SOCKETS_H

#include <stdint.h>

/* Starts Windows Sockets, once; they stay started until the process ends, for others in it may use
 * them, too. Returns an sp2_status. */
int32_t sp2__require_sockets(void);

#endif
