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
#define TEST_ADDRESS_IN_USE WSAEADDRINUSE
#define TEST_DO_NOT_WAIT 0 /* there is no such flag, and what is sent waits for nobody */
#define TEST_SHUT_BOTH SD_BOTH
#define TEST_SHUT_RECEIVING SD_RECEIVE
#define TEST_SHUT_SOCKETS_END true /* nothing is received for them any more */
#define TEST_BUFFER_FACTOR 1       /* SO_RCVBUF says so many times of what was set */
static inline void test_socket_close(test_socket s) {
    closesocket(s);
}
#else
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int test_socket;
typedef size_t test_length;
#define NO_SOCKET (-1)
#define TEST_ADDRESS_IN_USE EADDRINUSE
#define TEST_DO_NOT_WAIT MSG_DONTWAIT
#define TEST_SHUT_BOTH SHUT_RDWR
#define TEST_SHUT_RECEIVING SHUT_RD
#define TEST_SHUT_SOCKETS_END false
#define TEST_BUFFER_FACTOR 2
static inline void test_socket_close(test_socket s) {
    close(s);
}
#endif

#include <stdbool.h>

/* Options that are an int; false if the system refuses. */
static inline bool test_get_option(test_socket s, int level, int option, int *value) {
    socklen_t length = sizeof(*value);
    return getsockopt(s, level, option, (void *)value, &length) == 0;
}

static inline bool test_set_option(test_socket s, int level, int option, int value) {
    return setsockopt(s, level, option, (const void *)&value, sizeof(value)) == 0;
}

#endif
