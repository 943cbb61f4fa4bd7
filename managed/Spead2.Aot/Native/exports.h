/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2AOT_EXPORTS_H
#define SPEAD2AOT_EXPORTS_H

#include <stdint.h>

/* What C# tells of its descriptors: one that it has opened, and one that it is about to close. Any
 * thread. A forked child closes its copies of those that are open. */
void spead2exports_opened(int32_t descriptor);
void spead2exports_closing(int32_t descriptor);

#endif
