/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "fault_lists.h"

const refusal fault_refusals[] = {
    {"epoll_create1: EMFILE", IN_THREADS, OS_EPOLL_CREATE, OS_ANY, EMFILE, 1, SP2_E_OS, "sockets"},
    {"epoll_create1: ENOMEM", IN_STREAM, OS_EPOLL_CREATE, OS_ANY, ENOMEM, 0, SP2_E_NOMEM,
     "sockets"},
    {"eventfd: ENFILE", IN_THREADS, OS_EVENTFD, OS_ANY, ENFILE, 2, SP2_E_OS, "sockets"},
    {"epoll_ctl: ENOSPC", IN_THREADS, OS_EPOLL_CTL, OS_ANY, ENOSPC, 0, SP2_E_OS, "sockets"},
    {"pthread_create: EAGAIN", IN_THREADS, OS_PTHREAD_CREATE, OS_ANY, EAGAIN, 0, SP2_E_OS,
     "thread"},
    {"pthread_create: EAGAIN, the third time", IN_THREADS, OS_PTHREAD_CREATE, OS_ANY, EAGAIN, 2,
     SP2_E_OS, "thread"},
    {"pthread_create: EAGAIN", IN_STREAM, OS_PTHREAD_CREATE, OS_ANY, EAGAIN, 0, SP2_E_OS, "thread"},
    {"pthread_setaffinity_np: EINVAL", IN_THREADS, OS_SETAFFINITY, OS_ANY, EINVAL, 1, SP2_OK,
     "cannot bind thread"},
    {"getaddrinfo: EAI_AGAIN", IN_READER, OS_GETADDRINFO, OS_ANY, EAI_AGAIN, 0, SP2_E_ADDRESS,
     "resolve"},
    {"getaddrinfo: EAI_MEMORY", IN_READER, OS_GETADDRINFO, OS_ANY, EAI_MEMORY, 0, SP2_E_ADDRESS,
     "resolve"},
    {"getaddrinfo: EAI_SYSTEM", IN_READER, OS_GETADDRINFO, OS_ANY, EAI_SYSTEM, 0, SP2_E_ADDRESS,
     "resolve"},
    {"socket: EMFILE", IN_READER, OS_SOCKET, OS_ANY, EMFILE, 0, SP2_E_OS, "open a socket"},
    {"socket: ENOMEM", IN_READER, OS_SOCKET, OS_ANY, ENOMEM, 0, SP2_E_NOMEM, "open a socket"},
    {"setsockopt(SO_RCVBUF): ENOBUFS", IN_READER, OS_SETSOCKOPT, SO_RCVBUF, ENOBUFS, 0, SP2_OK,
     "cannot set a socket buffer"},
    {"getsockopt(SO_RCVBUF): ENOPROTOOPT", IN_READER, OS_GETSOCKOPT, SO_RCVBUF, ENOPROTOOPT, 0,
     SP2_OK, ""},
    {"setsockopt(UDP_GRO): ENOPROTOOPT", IN_READER, OS_SETSOCKOPT, UDP_GRO, ENOPROTOOPT, 0, SP2_OK,
     ""},
    {"getsockopt(SO_MEMINFO): ENOPROTOOPT", IN_READER, OS_GETSOCKOPT, SO_MEMINFO, ENOPROTOOPT, 0,
     SP2_OK, ""},
    {"bind: EADDRINUSE", IN_READER, OS_BIND, OS_ANY, EADDRINUSE, 0, SP2_E_OS, "bind"},
    {"bind: EACCES", IN_GROUP, OS_BIND, OS_ANY, EACCES, 0, SP2_E_OS, "bind"},
    {"getsockname: ENOBUFS", IN_READER, OS_GETSOCKNAME, OS_ANY, ENOBUFS, 0, SP2_E_OS, "port"},
    {"epoll_ctl(ADD): ENOSPC", IN_READER, OS_EPOLL_CTL, EPOLL_CTL_ADD, ENOSPC, 1, SP2_E_OS,
     "cannot wait for a UDP socket"},
    {"epoll_ctl(ADD): ENOMEM", IN_READER, OS_EPOLL_CTL, EPOLL_CTL_ADD, ENOMEM, 1, SP2_E_NOMEM,
     "cannot wait for a UDP socket"},
    {"setsockopt(SO_REUSEADDR): ENOMEM", IN_GROUP, OS_SETSOCKOPT, SO_REUSEADDR, ENOMEM, 0, SP2_E_OS,
     "join"},
    {"setsockopt(IP_ADD_MEMBERSHIP): ENOBUFS", IN_GROUP, OS_SETSOCKOPT, IP_ADD_MEMBERSHIP, ENOBUFS,
     0, SP2_E_OS, "join"},
    {"setsockopt(IP_MULTICAST_ALL): EPERM", IN_GROUP, OS_SETSOCKOPT, IP_MULTICAST_ALL, EPERM, 0,
     SP2_E_OS, "join"},
    {"socket(AF_NETLINK): EMFILE", IN_GROUP, OS_SOCKET, OS_ANY, EMFILE, 1, SP2_OK,
     "cannot watch the interface"},
    {"bind(AF_NETLINK): EPERM", IN_GROUP, OS_BIND, OS_ANY, EPERM, 1, SP2_OK,
     "cannot watch the interface"},
    {"fcntl(F_DUPFD_CLOEXEC): EMFILE", IN_EXISTING, OS_FCNTL, OS_ANY, EMFILE, 0, SP2_E_OS,
     "duplicate"},
    {"getsockopt(SO_TYPE): ENOTSOCK", IN_EXISTING, OS_GETSOCKOPT, SO_TYPE, ENOTSOCK, 0, SP2_E_ARG,
     "no open socket"},
    {"getsockname: ENOBUFS", IN_EXISTING, OS_GETSOCKNAME, OS_ANY, ENOBUFS, 0, SP2_E_OS, "port"},
    {"getsockname: ENOBUFS, the second time", IN_EXISTING, OS_GETSOCKNAME, OS_ANY, ENOBUFS, 1,
     SP2_E_OS, "port"},
    {"eventfd: EMFILE", IN_EVENT_HANDLE, OS_EVENTFD, OS_ANY, EMFILE, 1, SP2_E_OS, "handle"},
    {"mmap: ENOMEM", IN_MAPPING, OS_MMAP, OS_ANY, ENOMEM, 1, SP2_OK, ""},
    {"mmap(MAP_HUGETLB): ENOMEM", IN_MAPPING, OS_MMAP_HUGETLB, OS_ANY, ENOMEM, 0, SP2_OK, ""},
    {"mmap: ENOMEM", IN_LARGE_HEAP, OS_MMAP, OS_ANY, ENOMEM, 0, SP2_OK,
     "there is no memory for it"},
};
const size_t fault_refusal_count = sizeof(fault_refusals) / sizeof(fault_refusals[0]);

const hiccup fault_hiccups[] = {
    {"recvmmsg: EINTR", IN_RECEIVING, OS_RECVMMSG, OS_ANY, EINTR, 0, 5, ""},
    {"recvmmsg: EAGAIN", IN_RECEIVING, OS_RECVMMSG, OS_ANY, EAGAIN, 0, 5, ""},
    {"recvmmsg: ENOBUFS", IN_RECEIVING, OS_RECVMMSG, OS_ANY, ENOBUFS, 0, 3, "cannot receive from"},
    {"recvmmsg: ENOMEM", IN_RECEIVING, OS_RECVMMSG, OS_ANY, ENOMEM, 1, 3, "cannot receive from"},
    {"recvmmsg: ECONNREFUSED", IN_RECEIVING, OS_RECVMMSG, OS_ANY, ECONNREFUSED, 0, 1,
     "cannot receive from"},
    {"epoll_wait: EINTR", IN_RECEIVING, OS_EPOLL_WAIT, OS_ANY, EINTR, 0, 5, ""},
    {"epoll_wait: EBADF, 10 times", IN_RECEIVING, OS_EPOLL_WAIT, OS_ANY, EBADF, 0, 10,
     "cannot wait for its sockets"},
    {"read of the wake-up: EINTR", IN_RECEIVING, OS_READ, OS_ANY, EINTR, 0, 2, ""},
    {"write of the wake-up: EINTR", IN_RECEIVING, OS_WRITE, OS_ANY, EINTR, 0, 2, ""},
    {"futex: EINTR", IN_WAITING, OS_FUTEX, OS_ANY, EINTR, 0, 3, ""},
    {"epoll_ctl(MOD) that pauses: ENOMEM", IN_FULL_RING, OS_EPOLL_CTL, EPOLL_CTL_MOD, ENOMEM, 0, 1,
     "cannot pause"},
    {"epoll_ctl(MOD) that resumes: ENOMEM", IN_FULL_RING, OS_EPOLL_CTL, EPOLL_CTL_MOD, ENOMEM, 1, 5,
     "cannot wait for"},
};
const size_t fault_hiccup_count = sizeof(fault_hiccups) / sizeof(fault_hiccups[0]);

const spoiling fault_spoilings[] = {
    {"recvmmsg: one message at a time", OS_RECEIVE_ONE, 0},
    {"recvmmsg: MSG_TRUNC", OS_RECEIVE_TRUNCATED, SCENARIO_PACKETS},
    {"recvmmsg: control message without sense", OS_RECEIVE_WRONG_SEGMENTS, 0},
};
const size_t fault_spoiling_count = sizeof(fault_spoilings) / sizeof(fault_spoilings[0]);
