/* SPDX-License-Identifier: MIT */
#include "os_faults.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { PAGE = 4096 };

static atomic_int_least64_t live_blocks;
static atomic_int_least64_t live_mapped;

/* The error that this call is to fail with, also in errno; 0: it is to be made. */
static int fault(os_call call, int detail) {
    const int error = os_fault(call, detail);
    if (error != 0) {
        errno = error;
    }
    return error;
}

static int64_t entries_of(const char *folder) {
    int64_t count = 0;
    DIR *entries = opendir(folder);
    while (entries != NULL && readdir(entries) != NULL) {
        count++;
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return count;
}

os_ledger os_ledger_now(void) {
    return (os_ledger){
        .blocks = atomic_load(&live_blocks),
        .mapped = atomic_load(&live_mapped),
        .handles = entries_of("/proc/self/fd"),
        .threads = entries_of("/proc/self/task"),
    };
}

int32_t os_allowed_cpu(void) {
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    int32_t cpu = 0;
    while (!CPU_ISSET((size_t)cpu, &set)) {
        cpu++;
    }
    return cpu;
}

/* What the linker puts in the place of each call, and the call itself under its other name. */
#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(void *, malloc, size_t size) {
    void *block = __real_malloc(size);
    atomic_fetch_add(&live_blocks, block != NULL);
    return block;
}

WRAPPED(void *, calloc, size_t count, size_t size) {
    void *block = __real_calloc(count, size);
    atomic_fetch_add(&live_blocks, block != NULL);
    return block;
}

WRAPPED(void *, realloc, void *old, size_t size) {
    void *block = __real_realloc(old, size);
    atomic_fetch_add(&live_blocks, old == NULL && block != NULL);
    return block;
}

WRAPPED(void *, aligned_alloc, size_t alignment, size_t size) {
    void *block = __real_aligned_alloc(alignment, size);
    atomic_fetch_add(&live_blocks, block != NULL);
    return block;
}

WRAPPED(void, free, void *block) {
    atomic_fetch_sub(&live_blocks, block != NULL);
    __real_free(block);
}

static int64_t whole_pages(size_t size) {
    return (int64_t)((size + PAGE - 1) / PAGE * PAGE);
}

WRAPPED(void *, mmap, void *place, size_t size, int protection, int flags, int fd, off_t offset) {
    if (fault(OS_MMAP, OS_ANY) != 0 || (flags & MAP_HUGETLB && fault(OS_MMAP_HUGETLB, OS_ANY))) {
        return MAP_FAILED;
    }
    void *start = __real_mmap(place, size, protection, flags, fd, offset);
    if (start != MAP_FAILED) {
        atomic_fetch_add(&live_mapped, whole_pages(size));
    }
    return start;
}

WRAPPED(int, munmap, void *start, size_t size) {
    if (fault(OS_MUNMAP, OS_ANY) != 0) {
        return -1;
    }
    atomic_fetch_sub(&live_mapped, whole_pages(size));
    return __real_munmap(start, size);
}

WRAPPED(FILE *, fopen, const char *path, const char *mode) {
    return fault(OS_FOPEN, OS_ANY) != 0 ? NULL : __real_fopen(path, mode);
}

WRAPPED(ssize_t, read, int fd, void *bytes, size_t size) {
    return fault(OS_READ, OS_ANY) != 0 ? -1 : __real_read(fd, bytes, size);
}

WRAPPED(ssize_t, write, int fd, const void *bytes, size_t size) {
    return fault(OS_WRITE, OS_ANY) != 0 ? -1 : __real_write(fd, bytes, size);
}

/* The core gives at most one number. */
WRAPPED(int, fcntl, int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    const int number = va_arg(arguments, int);
    va_end(arguments);
    return fault(OS_FCNTL, OS_ANY) != 0 ? -1 : __real_fcntl(fd, command, number);
}

/* What the core asks of the futex and of the poller has six arguments, the rest three. */
WRAPPED(long, syscall, long number, ...) {
    long a[6] = {0};
    const int count = number == SYS_sched_getaffinity || number == SYS_getrandom ? 3 : 6;
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < count; i++) {
        a[i] = va_arg(arguments, long);
    }
    va_end(arguments);
    if (number == SYS_futex && fault(OS_FUTEX, (int)a[1]) != 0) {
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

WRAPPED(int, epoll_create1, int flags) {
    return fault(OS_EPOLL_CREATE, OS_ANY) != 0 ? -1 : __real_epoll_create1(flags);
}

WRAPPED(int, epoll_ctl, int epoll, int operation, int fd, struct epoll_event *event) {
    return fault(OS_EPOLL_CTL, operation) != 0 ? -1 : __real_epoll_ctl(epoll, operation, fd, event);
}

WRAPPED(int, epoll_wait, int epoll, struct epoll_event *events, int most, int timeout) {
    os_count_wait();
    return fault(OS_EPOLL_WAIT, OS_ANY) != 0 ? -1 : __real_epoll_wait(epoll, events, most, timeout);
}

WRAPPED(int, eventfd, unsigned value, int flags) {
    return fault(OS_EVENTFD, OS_ANY) != 0 ? -1 : __real_eventfd(value, flags);
}

WRAPPED(int, socket, int family, int type, int protocol) {
    return fault(OS_SOCKET, OS_ANY) != 0 ? -1 : __real_socket(family, type, protocol);
}

WRAPPED(int, bind, int fd, const struct sockaddr *address, socklen_t length) {
    return fault(OS_BIND, OS_ANY) != 0 ? -1 : __real_bind(fd, address, length);
}

/* Nothing that is tested makes a file. */
WRAPPED(int, open, const char *path, int flags) {
    return fault(OS_OPEN, OS_ANY) != 0 ? -1 : __real_open(path, flags);
}

WRAPPED(off_t, lseek, int fd, off_t offset, int whence) {
    return fault(OS_LSEEK, OS_ANY) != 0 ? -1 : __real_lseek(fd, offset, whence);
}

WRAPPED(ssize_t, pread, int fd, void *bytes, size_t size, off_t offset) {
    return fault(OS_PREAD, OS_ANY) != 0 ? -1 : __real_pread(fd, bytes, size, offset);
}

WRAPPED(int, listen, int fd, int backlog) {
    return fault(OS_LISTEN, OS_ANY) != 0 ? -1 : __real_listen(fd, backlog);
}

WRAPPED(int, connect, int fd, const struct sockaddr *address, socklen_t length) {
    return fault(OS_CONNECT, OS_ANY) != 0 ? -1 : __real_connect(fd, address, length);
}

WRAPPED(int, accept4, int fd, struct sockaddr *address, socklen_t *length, int flags) {
    return fault(OS_ACCEPT, OS_ANY) != 0 ? -1 : __real_accept4(fd, address, length, flags);
}

WRAPPED(ssize_t, recv, int fd, void *bytes, size_t size, int flags) {
    return fault(OS_RECV, OS_ANY) != 0 ? -1 : __real_recv(fd, bytes, size, flags);
}

WRAPPED(int, getsockname, int fd, struct sockaddr *address, socklen_t *length) {
    return fault(OS_GETSOCKNAME, OS_ANY) != 0 ? -1 : __real_getsockname(fd, address, length);
}

WRAPPED(int, setsockopt, int fd, int level, int option, const void *value, socklen_t length) {
    return fault(OS_SETSOCKOPT, option) != 0 ? -1
                                             : __real_setsockopt(fd, level, option, value, length);
}

WRAPPED(int, getsockopt, int fd, int level, int option, void *value, socklen_t *length) {
    return fault(OS_GETSOCKOPT, option) != 0 ? -1
                                             : __real_getsockopt(fd, level, option, value, length);
}

WRAPPED(int, getaddrinfo, const char *host, const char *service, const struct addrinfo *hints,
        struct addrinfo **results) {
    const int error = fault(OS_GETADDRINFO, OS_ANY);
    if (error != 0) {
        errno = EMFILE;
        return error;
    }
    return __real_getaddrinfo(host, service, hints, results);
}

WRAPPED(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
        void *(*run)(void *), void *argument) {
    const int error = fault(OS_PTHREAD_CREATE, OS_ANY);
    return error != 0 ? error : __real_pthread_create(thread, attributes, run, argument);
}

static void *do_nothing(void *unused) {
    return unused;
}

/* The thread sanitizer starts a thread of its own with the program's first, and keeps it: there
 * must be one before threads are counted. */
__attribute__((constructor)) static void start_first_thread(void) {
    pthread_t thread;
    REQUIRE(__real_pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    pthread_join(thread, NULL);
}

WRAPPED(int, pthread_setaffinity_np, pthread_t thread, size_t size, const cpu_set_t *set) {
    const int error = fault(OS_SETAFFINITY, OS_ANY);
    return error != 0 ? error : __real_pthread_setaffinity_np(thread, size, set);
}

static void spoil(struct msghdr *header, os_receive how) {
    if (how == OS_RECEIVE_TRUNCATED) {
        header->msg_flags |= MSG_TRUNC;
    } else if (how == OS_RECEIVE_WRONG_SEGMENTS) {
        const int size = -1;
        struct cmsghdr *control = header->msg_control;
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = UDP_GRO;
        control->cmsg_len = CMSG_LEN(sizeof(size));
        memcpy(CMSG_DATA(control), &size, sizeof(size));
        header->msg_controllen = CMSG_SPACE(sizeof(size));
    }
}

/* Segments are what the core has control messages for. */
WRAPPED(int, sendmmsg, int fd, struct mmsghdr *messages, unsigned count, int flags) {
    bool segments = false;
    for (unsigned i = 0; i < count; i++) {
        segments |= messages[i].msg_hdr.msg_controllen != 0;
    }
    return fault(OS_SENDMMSG, segments) != 0 ? -1 : __real_sendmmsg(fd, messages, count, flags);
}

WRAPPED(int, recvmmsg, int fd, struct mmsghdr *messages, unsigned count, int flags,
        struct timespec *timeout) {
    if (fault(OS_RECVMMSG, OS_ANY) != 0) {
        return -1;
    }
    const os_receive how = os_receive_how();
    const int received =
        __real_recvmmsg(fd, messages, how == OS_RECEIVE_ONE ? 1 : count, flags, timeout);
    for (int i = 0; i < received; i++) {
        spoil(&messages[i].msg_hdr, how);
    }
    return received;
}
