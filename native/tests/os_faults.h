/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_OS_FAULTS_H
#define SPEAD2CORE_TESTS_OS_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Makes calls of the operating system fail in a program for which the linker puts these in their
 * place (CMakeLists.txt), both in the core's objects and in the test's own.
 */
#if defined(_WIN32)
typedef enum os_call {
    OS_BEGIN_THREAD,
    OS_BIND,
    OS_CREATE_EVENT,
    OS_CREATE_PORT, /* detail: whether for a socket */
    OS_DUPLICATE_SOCKET,
    OS_GETADDRINFO,
    OS_GETSOCKNAME,
    OS_GETSOCKOPT, /* detail: the option */
    OS_IOCTL,      /* detail: its number */
    OS_POST,
    OS_RECEIVE,        /* WSARecvMsg */
    OS_RECEIVE_CANCEL, /* a WSARecvMsg that begins, and is then cancelled */
    OS_SETAFFINITY,
    OS_SETSOCKOPT, /* detail: the option */
    OS_SOCKET,
    OS_START_SOCKETS,
    OS_VIRTUAL_ALLOC, /* detail: the flags */
    OS_WAIT,          /* for completions */
    OS_WAIT_ON_ADDRESS
} os_call;
#else
typedef enum os_call {
    OS_ACCEPT,
    OS_BIND,
    OS_CONNECT,
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
    OS_LISTEN,
    OS_LSEEK,
    OS_MMAP,
    OS_MMAP_HUGETLB, /* those for pages of the system's pool */
    OS_MUNMAP,
    OS_OPEN,
    OS_PREAD,
    OS_PTHREAD_CREATE,
    OS_READ,
    OS_RECV,
    OS_RECVMMSG,
    OS_SENDMMSG, /* detail: whether a message has segments */
    OS_SETAFFINITY,
    OS_SETSOCKOPT, /* detail: the option */
    OS_SOCKET,
    OS_WRITE
} os_call;
#endif

/* Not a detail of any call. */
#define OS_ANY (-1)

/* From now on the call fails with this error: not the first `skip` times, then `times` times. There
 * is one such plan at a time. */
void os_fault_plan(os_call call, int detail, int error, uint32_t skip, uint32_t times);

/* Ends the plan; returns how many calls have failed. */
uint32_t os_fault_end(void);

/* For what stands in the place of a call: the error that it is to fail with; 0: it is to be made.
 */
int os_fault(os_call call, int detail);

/* What becomes of messages that have really been received. */
typedef enum os_receive {
    OS_RECEIVE_AS_IS,
    OS_RECEIVE_ONE,           /* one at a time */
    OS_RECEIVE_TRUNCATED,     /* each lacks its end */
    OS_RECEIVE_WRONG_SEGMENTS /* are joined ones of a negative size; not on Windows */
} os_receive;
void os_receive_set(os_receive how);
os_receive os_receive_how(void);

/* How often an event loop has waited since the start of the program. */
uint64_t os_waits(void);
void os_count_wait(void);

/* The first CPU that this program may run on. */
int32_t os_allowed_cpu(void);

/* What the process holds; equal before and after whatever leaves nothing behind. */
typedef struct os_ledger {
    int64_t blocks; /* of the C library's memory */
    int64_t mapped; /* bytes of whole pages; on Windows the number of allocations */
    int64_t handles;
    int64_t threads;
} os_ledger;
os_ledger os_ledger_now(void);

/* Checks that nothing was left behind. Threads that end may take a moment to be gone. */
bool os_ledger_check(const os_ledger *before);

#endif
