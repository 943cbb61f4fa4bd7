/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_TEST_SOCKETS_H
#define SPEAD2CORE_TESTS_TEST_SOCKETS_H

/* Sockets by one name on every system. */
#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
typedef SOCKET test_socket;
typedef int test_length; /* of what is sent */
#define NO_SOCKET INVALID_SOCKET
static inline void test_socket_close(test_socket s) {
    closesocket(s);
}
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int test_socket;
typedef size_t test_length;
#define NO_SOCKET (-1)
static inline void test_socket_close(test_socket s) {
    close(s);
}
#endif

#endif
