/* SPDX-License-Identifier: MIT */
#ifndef SP2_LINUX_CPUS_H
#define SP2_LINUX_CPUS_H

#include <stdint.h>

/*
 * CPUs' worth of time that the control groups of a process grant it, rounded up; UINT32_MAX: no
 * limit. `groups` is a file as /proc/self/cgroup, `mount` where the control groups are, as
 * /sys/fs/cgroup.
 */
uint32_t sp2__cpu_quota(const char *groups, const char *mount);

/* A thread has been bound: sp2__many_cpus looks again. */
void sp2__count_cpus_anew(void);

#endif
