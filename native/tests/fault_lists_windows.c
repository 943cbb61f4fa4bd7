/* SPDX-License-Identifier: MIT */
#include <winsock2.h>
#include <ws2tcpip.h>
/* After winsock2.h. */
#include <mswsock.h>
#include <windows.h>

#include "fault_lists.h"

/* Of <ws2ipdef.h> and <mstcpip.h>, but not in the headers of every age. */
#ifndef UDP_RECV_MAX_COALESCED_SIZE
#define UDP_RECV_MAX_COALESCED_SIZE 3
#endif
#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif

enum { NEW_PORT, PORT_OF_SOCKET };

const refusal fault_refusals[] = {
    {"CreateIoCompletionPort: ERROR_NOT_ENOUGH_MEMORY", IN_THREADS, OS_CREATE_PORT, NEW_PORT,
     ERROR_NOT_ENOUGH_MEMORY, 1, SP2_E_NOMEM, "sockets"},
    {"CreateIoCompletionPort: ERROR_NO_SYSTEM_RESOURCES", IN_STREAM, OS_CREATE_PORT, NEW_PORT,
     ERROR_NO_SYSTEM_RESOURCES, 0, SP2_E_OS, "sockets"},
    {"_beginthreadex: ERROR_NO_SYSTEM_RESOURCES", IN_THREADS, OS_BEGIN_THREAD, OS_ANY,
     ERROR_NO_SYSTEM_RESOURCES, 0, SP2_E_OS, "thread"},
    {"_beginthreadex: ERROR_NOT_ENOUGH_MEMORY, the third time", IN_THREADS, OS_BEGIN_THREAD, OS_ANY,
     ERROR_NOT_ENOUGH_MEMORY, 2, SP2_E_NOMEM, "thread"},
    {"_beginthreadex: ERROR_NO_SYSTEM_RESOURCES", IN_STREAM, OS_BEGIN_THREAD, OS_ANY,
     ERROR_NO_SYSTEM_RESOURCES, 0, SP2_E_OS, "thread"},
    {"SetThreadGroupAffinity: ERROR_INVALID_PARAMETER", IN_THREADS, OS_SETAFFINITY, OS_ANY,
     ERROR_INVALID_PARAMETER, 1, SP2_OK, "cannot bind thread"},
    {"getaddrinfo: WSATRY_AGAIN", IN_READER, OS_GETADDRINFO, OS_ANY, WSATRY_AGAIN, 0, SP2_E_ADDRESS,
     "resolve"},
    {"getaddrinfo: WSA_NOT_ENOUGH_MEMORY", IN_READER, OS_GETADDRINFO, OS_ANY, WSA_NOT_ENOUGH_MEMORY,
     0, SP2_E_ADDRESS, "resolve"},
    {"WSASocketW: WSAEMFILE", IN_READER, OS_SOCKET, OS_ANY, WSAEMFILE, 0, SP2_E_OS,
     "open a socket"},
    {"WSASocketW: WSAENOBUFS", IN_READER, OS_SOCKET, OS_ANY, WSAENOBUFS, 0, SP2_E_NOMEM,
     "open a socket"},
    {"setsockopt(SO_RCVBUF): WSAENOBUFS", IN_READER, OS_SETSOCKOPT, SO_RCVBUF, WSAENOBUFS, 0,
     SP2_OK, "cannot set a socket buffer"},
    {"getsockopt(SO_RCVBUF): WSAENOPROTOOPT", IN_READER, OS_GETSOCKOPT, SO_RCVBUF, WSAENOPROTOOPT,
     0, SP2_OK, ""},
    {"setsockopt(UDP_RECV_MAX_COALESCED_SIZE): WSAEINVAL", IN_READER, OS_SETSOCKOPT,
     UDP_RECV_MAX_COALESCED_SIZE, WSAEINVAL, 0, SP2_OK, ""},
    {"WSAIoctl(SIO_UDP_CONNRESET): WSAEINVAL", IN_READER, OS_IOCTL, (int)SIO_UDP_CONNRESET,
     WSAEINVAL, 0, SP2_OK, ""},
    {"bind: WSAEADDRINUSE", IN_READER, OS_BIND, OS_ANY, WSAEADDRINUSE, 0, SP2_E_OS, "bind"},
    {"bind: WSAEACCES", IN_GROUP, OS_BIND, OS_ANY, WSAEACCES, 0, SP2_E_OS, "bind"},
    {"getsockname: WSAENOBUFS", IN_READER, OS_GETSOCKNAME, OS_ANY, WSAENOBUFS, 0, SP2_E_NOMEM,
     "port"},
    {"CreateIoCompletionPort of the socket: ERROR_NOT_ENOUGH_MEMORY", IN_READER, OS_CREATE_PORT,
     PORT_OF_SOCKET, ERROR_NOT_ENOUGH_MEMORY, 0, SP2_E_NOMEM, "cannot wait for a UDP socket"},
    {"CreateIoCompletionPort of the socket: ERROR_INVALID_PARAMETER", IN_EXISTING, OS_CREATE_PORT,
     PORT_OF_SOCKET, ERROR_INVALID_PARAMETER, 0, SP2_E_OS, "cannot wait for a UDP socket"},
    {"setsockopt(SO_REUSEADDR): WSAENOBUFS", IN_GROUP, OS_SETSOCKOPT, SO_REUSEADDR, WSAENOBUFS, 0,
     SP2_E_NOMEM, "bind"},
    {"setsockopt(IP_ADD_MEMBERSHIP): WSAEADDRNOTAVAIL", IN_GROUP, OS_SETSOCKOPT, IP_ADD_MEMBERSHIP,
     WSAEADDRNOTAVAIL, 0, SP2_E_OS, "join"},
    {"WSADuplicateSocketW: WSAEMFILE", IN_EXISTING, OS_DUPLICATE_SOCKET, OS_ANY, WSAEMFILE, 0,
     SP2_E_OS, "duplicate"},
    {"WSASocketW of the duplicate: WSAEMFILE", IN_EXISTING, OS_SOCKET, OS_ANY, WSAEMFILE, 0,
     SP2_E_OS, "duplicate"},
    {"getsockopt(SO_PROTOCOL_INFOW): WSAENOTSOCK", IN_EXISTING, OS_GETSOCKOPT, SO_PROTOCOL_INFOW,
     WSAENOTSOCK, 0, SP2_E_ARG, "no open socket"},
    {"CreateEventW: ERROR_NOT_ENOUGH_MEMORY", IN_EVENT_HANDLE, OS_CREATE_EVENT, OS_ANY,
     ERROR_NOT_ENOUGH_MEMORY, 0, SP2_E_OS, "handle"},
    {"VirtualAlloc: ERROR_COMMITMENT_LIMIT", IN_MAPPING, OS_VIRTUAL_ALLOC, 0,
     ERROR_COMMITMENT_LIMIT, 0, SP2_OK, "there is no memory for it"},
    {"VirtualAlloc(MEM_LARGE_PAGES): ERROR_PRIVILEGE_NOT_HELD", IN_MAPPING, OS_VIRTUAL_ALLOC,
     MEM_LARGE_PAGES, ERROR_PRIVILEGE_NOT_HELD, 0, SP2_OK, ""},
    {"VirtualAlloc: ERROR_COMMITMENT_LIMIT", IN_LARGE_HEAP, OS_VIRTUAL_ALLOC, OS_ANY,
     ERROR_COMMITMENT_LIMIT, 0, SP2_OK, "there is no memory for it"},
};
const size_t fault_refusal_count = sizeof(fault_refusals) / sizeof(fault_refusals[0]);

const hiccup fault_hiccups[] = {
    {"WSARecvMsg: WSAENOBUFS", IN_RECEIVING, OS_RECEIVE, OS_ANY, WSAENOBUFS, 0, 3,
     "cannot receive from"},
    {"WSARecvMsg: WSAENOBUFS, when all are under way but two", IN_RECEIVING, OS_RECEIVE, OS_ANY,
     WSAENOBUFS, 62, 5, "cannot receive from"},
    {"WSARecvMsg: WSAECONNRESET", IN_RECEIVING, OS_RECEIVE, OS_ANY, WSAECONNRESET, 1, 1,
     "cannot receive from"},
    {"WSARecvMsg: WSAEMSGSIZE", IN_RECEIVING, OS_RECEIVE, OS_ANY, WSAEMSGSIZE, 0, 5, ""},
    {"WSARecvMsg: ends with ERROR_OPERATION_ABORTED", IN_RECEIVING, OS_RECEIVE_CANCEL, OS_ANY,
     ERROR_OPERATION_ABORTED, 2, 3, "cannot receive from"},
    {"WSAIoctl(SIO_GET_EXTENSION_FUNCTION_POINTER): WSAEFAULT", IN_RECEIVING, OS_IOCTL,
     (int)SIO_GET_EXTENSION_FUNCTION_POINTER, WSAEFAULT, 0, 3, "cannot receive from"},
    {"GetQueuedCompletionStatusEx: WAIT_TIMEOUT", IN_RECEIVING, OS_WAIT, OS_ANY, WAIT_TIMEOUT, 0, 5,
     ""},
    {"GetQueuedCompletionStatusEx: ERROR_NO_SYSTEM_RESOURCES, 10 times", IN_RECEIVING, OS_WAIT,
     OS_ANY, ERROR_NO_SYSTEM_RESOURCES, 0, 10, "cannot wait for its sockets"},
    {"PostQueuedCompletionStatus: ERROR_NO_SYSTEM_RESOURCES", IN_RECEIVING, OS_POST, OS_ANY,
     ERROR_NO_SYSTEM_RESOURCES, 0, 3, ""},
    {"WaitOnAddress: ERROR_TIMEOUT", IN_WAITING, OS_WAIT_ON_ADDRESS, OS_ANY, ERROR_TIMEOUT, 0, 3,
     ""},
};
const size_t fault_hiccup_count = sizeof(fault_hiccups) / sizeof(fault_hiccups[0]);

const spoiling fault_spoilings[] = {
    {"GetQueuedCompletionStatusEx: one completion at a time", OS_RECEIVE_ONE, 0},
    {"WSARecvMsg: ends with STATUS_BUFFER_OVERFLOW", OS_RECEIVE_TRUNCATED, SCENARIO_PACKETS},
};
const size_t fault_spoiling_count = sizeof(fault_spoilings) / sizeof(fault_spoilings[0]);
