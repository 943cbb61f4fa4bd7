/* SPDX-License-Identifier: MIT */
#ifndef SP2_POSIX_OLD_GLIBC_H
#define SP2_POSIX_OLD_GLIBC_H

/*
 * glibc 2.34 moved its threads into libc and gave them a new version, so that what is linked there
 * does not load on older systems. The old versions are the same functions. The linker has to name
 * libpthread.so.0, too, where older systems have them.
 */
#if defined(SP2_OLD_GLIBC) && defined(__x86_64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_detach, pthread_detach@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
__asm__(".symver pthread_setaffinity_np, pthread_setaffinity_np@GLIBC_2.3.4");
__asm__(".symver pthread_setname_np, pthread_setname_np@GLIBC_2.12");
#elif defined(SP2_OLD_GLIBC) && defined(__aarch64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.17");
__asm__(".symver pthread_detach, pthread_detach@GLIBC_2.17");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.17");
__asm__(".symver pthread_setaffinity_np, pthread_setaffinity_np@GLIBC_2.17");
__asm__(".symver pthread_setname_np, pthread_setname_np@GLIBC_2.17");
#endif

#endif
