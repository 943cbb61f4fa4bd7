/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_OS_FAULTS_H
#define SPEAD2CORE_TESTS_OS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Makes calls of the operating system fail in a program for which the linker puts these in their
 * place (failing_calls in CMakeLists.txt), both in the core's objects and in the test's own.
 */
typedef enum os_call {
    OS_BIND,
    OS_EPOLL_CREATE,
    OS_EPOLL_CTL, /* detail: the operation */
    OS_EPOLL_WAIT,
    OS_EVENTFD,
    OS_FCNTL,
    OS_FOPEN,
    OS_FUTEX,       /* detail: the operation */
    OS_GETADDRINFO, /* fails with an EAI_ number; with EAI_SYSTEM, errno is EMFILE */
    OS_GETSOCKNAME,
    OS_GETSOCKOPT, /* detail: the option */
    OS_MMAP,
    OS_MMAP_HUGETLB, /* those for pages of the system's pool */
    OS_MUNMAP,
    OS_PTHREAD_CREATE,
    OS_READ,
    OS_RECVMMSG,
    OS_SETAFFINITY,
    OS_SETSOCKOPT, /* detail: the option */
    OS_SOCKET,
    OS_WRITE
} os_call;

/* Not a detail of any call. */
#define OS_ANY (-1)

/* From now on the call fails with this error: not the first `skip` times, then `times` times. There
 * is one such plan at a time. */
void os_fault_plan(os_call call, int detail, int error, uint32_t skip, uint32_t times);

/* Ends the plan; returns how many calls have failed. */
uint32_t os_fault_end(void);

/* Calls that have failed so far. */
uint32_t os_fault_hits(void);

/* What recvmmsg does to the messages that it has really received. */
typedef enum os_receive {
    OS_RECEIVE_AS_IS,
    OS_RECEIVE_ONE,           /* takes one at a time */
    OS_RECEIVE_TRUNCATED,     /* says of each that its end is missing */
    OS_RECEIVE_WRONG_SEGMENTS /* says that datagrams of a negative size were joined */
} os_receive;
void os_receive_set(os_receive how);

/* Calls of epoll_wait since the start of the program. */
uint64_t os_epoll_waits(void);

/* What the process holds; equal before and after whatever leaves nothing behind. */
typedef struct os_ledger {
    int64_t blocks;       /* of the C library's memory */
    int64_t mapped_bytes; /* of whole pages */
    int64_t descriptors;
    int64_t threads;
} os_ledger;
os_ledger os_ledger_now(void);

/* Checks that nothing was left behind. Threads that end may take a moment to be gone. */
bool os_ledger_check(const os_ledger *before);

#endif
