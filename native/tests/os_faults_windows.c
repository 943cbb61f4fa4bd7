/* SPDX-License-Identifier: MIT */
#include "os_faults.h"

#include <process.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <winsock2.h>
#include <ws2tcpip.h>
/* After winsock2.h. */
#include <mswsock.h>
#include <windows.h>

#include "test.h"

/* NTSTATUS of an operation whose message was longer than its memory. */
#define STATUS_OF_TRUNCATED ((ULONG_PTR)0x80000005)

static atomic_int_least64_t live_blocks;
static atomic_int_least64_t live_mapped;
static atomic_int_least64_t live_handles;
static atomic_int_least64_t live_threads;

/* Whether this call is to fail, with what GetLastError and WSAGetLastError then give. */
static bool fails(os_call call, int detail) {
    const int error = os_fault(call, detail);
    if (error != 0) {
        SetLastError((DWORD)error);
    }
    return error != 0;
}

static void count_new(atomic_int_least64_t *live, bool made) {
    atomic_fetch_add(live, made);
}

os_ledger os_ledger_now(void) {
    return (os_ledger){
        .blocks = atomic_load(&live_blocks),
        .mapped = atomic_load(&live_mapped),
        .handles = atomic_load(&live_handles),
        .threads = atomic_load(&live_threads),
    };
}

int32_t os_allowed_cpu(void) {
    return 0;
}

/* What the linker puts in the place of each call, and the call itself under its other name. */
#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

/* The same for what is called through the pointer that a DLL is linked by. */
#define IMPORTED(type, convention, name, ...)                                                      \
    extern type(convention *const __real___imp_##name)(__VA_ARGS__);                               \
    static type convention name##_or_fault(__VA_ARGS__);                                           \
    extern type(convention *const __wrap___imp_##name)(__VA_ARGS__);                               \
    type(convention *const __wrap___imp_##name)(__VA_ARGS__) = name##_or_fault;                    \
    static type convention name##_or_fault(__VA_ARGS__)

#define REAL(name) __real___imp_##name

/* Of the core's memory alone: the compiler's and the threads' libraries have some of their own,
 * which they keep. */
static void *count_block(void *block) {
    count_new(&live_blocks, block != NULL);
    return block;
}

WRAPPED(void *, sp2__alloc, size_t size) {
    return count_block(__real_sp2__alloc(size));
}

WRAPPED(void *, sp2__calloc_array, size_t count, size_t size) {
    return count_block(__real_sp2__calloc_array(count, size));
}

WRAPPED(void *, sp2__realloc, void *old, size_t size) {
    void *block = __real_sp2__realloc(old, size);
    count_new(&live_blocks, old == NULL && block != NULL);
    return block;
}

WRAPPED(void, sp2__free, void *block) {
    atomic_fetch_sub(&live_blocks, block != NULL);
    __real_sp2__free(block);
}

WRAPPED(void *, sp2__calloc_isolated, size_t size) {
    return count_block(__real_sp2__calloc_isolated(size));
}

WRAPPED(void, sp2__free_isolated, void *block) {
    atomic_fetch_sub(&live_blocks, block != NULL);
    __real_sp2__free_isolated(block);
}

WRAPPED(void *, sp2__system_alloc, size_t size) {
    return count_block(__real_sp2__system_alloc(size));
}

WRAPPED(void *, sp2__system_reserve, size_t size) {
    return count_block(__real_sp2__system_reserve(size));
}

WRAPPED(void, sp2__system_free, void *block, size_t size) {
    atomic_fetch_sub(&live_blocks, block != NULL);
    __real_sp2__system_free(block, size);
}

IMPORTED(void *, WINAPI, VirtualAlloc, void *place, SIZE_T size, DWORD how, DWORD protection) {
    if (fails(OS_VIRTUAL_ALLOC, (int)(how & MEM_LARGE_PAGES))) {
        return NULL;
    }
    void *start = REAL(VirtualAlloc)(place, size, how, protection);
    /* Committing what has been reserved makes no further mapping. */
    count_new(&live_mapped, start != NULL && (how & MEM_RESERVE));
    return start;
}

IMPORTED(BOOL, WINAPI, VirtualFree, void *start, SIZE_T size, DWORD how) {
    atomic_fetch_sub(&live_mapped, 1);
    return REAL(VirtualFree)(start, size, how);
}

typedef struct start_call {
    unsigned(__stdcall *run)(void *);
    void *argument;
} start_call;

static unsigned __stdcall counted_thread(void *context) {
    const start_call call = *(start_call *)context;
    free(context);
    const unsigned result = call.run(call.argument);
    atomic_fetch_sub(&live_threads, 1);
    return result;
}

IMPORTED(uintptr_t, __cdecl, _beginthreadex, void *security, unsigned stack,
         unsigned(__stdcall *run)(void *), void *argument, unsigned flags, unsigned *id) {
    if (fails(OS_BEGIN_THREAD, OS_ANY)) {
        return 0;
    }
    start_call *call = malloc(sizeof(*call));
    REQUIRE(call != NULL);
    *call = (start_call){run, argument};
    atomic_fetch_add(&live_threads, 1);
    const uintptr_t thread = REAL(_beginthreadex)(security, stack, counted_thread, call, flags, id);
    REQUIRE(thread != 0);
    count_new(&live_handles, true);
    return thread;
}

IMPORTED(BOOL, WINAPI, SetThreadGroupAffinity, HANDLE thread, const GROUP_AFFINITY *affinity,
         GROUP_AFFINITY *previous) {
    return fails(OS_SETAFFINITY, OS_ANY) ? FALSE
                                         : REAL(SetThreadGroupAffinity)(thread, affinity, previous);
}

IMPORTED(BOOL, WINAPI, CloseHandle, HANDLE handle) {
    atomic_fetch_sub(&live_handles, 1);
    return REAL(CloseHandle)(handle);
}

IMPORTED(HANDLE, WINAPI, CreateEventW, SECURITY_ATTRIBUTES *security, BOOL manual, BOOL set,
         const wchar_t *name) {
    const HANDLE event =
        fails(OS_CREATE_EVENT, OS_ANY) ? NULL : REAL(CreateEventW)(security, manual, set, name);
    count_new(&live_handles, event != NULL);
    return event;
}

BOOL WINAPI __real_WaitOnAddress(volatile void *, void *, SIZE_T, DWORD);
BOOL WINAPI __wrap_WaitOnAddress(volatile void *, void *, SIZE_T, DWORD);
BOOL WINAPI __wrap_WaitOnAddress(volatile void *address, void *compared, SIZE_T size,
                                 DWORD milliseconds) {
    return fails(OS_WAIT_ON_ADDRESS, OS_ANY)
               ? FALSE
               : __real_WaitOnAddress(address, compared, size, milliseconds);
}

IMPORTED(HANDLE, WINAPI, CreateIoCompletionPort, HANDLE file, HANDLE port, ULONG_PTR key,
         DWORD threads) {
    const HANDLE result = fails(OS_CREATE_PORT, port != NULL)
                              ? NULL
                              : REAL(CreateIoCompletionPort)(file, port, key, threads);
    count_new(&live_handles, port == NULL && result != NULL);
    return result;
}

IMPORTED(BOOL, WINAPI, PostQueuedCompletionStatus, HANDLE port, DWORD bytes, ULONG_PTR key,
         OVERLAPPED *overlapped) {
    return fails(OS_POST, OS_ANY) ? FALSE
                                  : REAL(PostQueuedCompletionStatus)(port, bytes, key, overlapped);
}

IMPORTED(BOOL, WINAPI, GetQueuedCompletionStatusEx, HANDLE port, OVERLAPPED_ENTRY *entries,
         ULONG most, ULONG *count, DWORD milliseconds, BOOL alertable) {
    os_count_wait();
    if (fails(OS_WAIT, OS_ANY)) {
        return FALSE;
    }
    const ULONG room = os_receive_how() == OS_RECEIVE_ONE ? 1 : most;
    const BOOL done =
        REAL(GetQueuedCompletionStatusEx)(port, entries, room, count, milliseconds, alertable);
    /* Asked after the wait: what ends a stream is sent when nothing is to be spoilt any more. */
    const bool truncated = done && os_receive_how() == OS_RECEIVE_TRUNCATED;
    for (ULONG i = 0; truncated && i < *count; i++) {
        if (entries[i].lpOverlapped != NULL) {
            entries[i].lpOverlapped->Internal = STATUS_OF_TRUNCATED;
        }
    }
    return done;
}

IMPORTED(int, WSAAPI, WSAStartup, WORD version, WSADATA *data) {
    const int error = os_fault(OS_START_SOCKETS, OS_ANY);
    return error != 0 ? error : REAL(WSAStartup)(version, data);
}

IMPORTED(SOCKET, WSAAPI, socket, int family, int type, int protocol) {
    const SOCKET made = REAL(socket)(family, type, protocol);
    count_new(&live_handles, made != INVALID_SOCKET);
    return made;
}

IMPORTED(SOCKET, WSAAPI, WSASocketW, int family, int type, int protocol, WSAPROTOCOL_INFOW *info,
         GROUP group, DWORD flags) {
    const SOCKET made = fails(OS_SOCKET, OS_ANY)
                            ? INVALID_SOCKET
                            : REAL(WSASocketW)(family, type, protocol, info, group, flags);
    count_new(&live_handles, made != INVALID_SOCKET);
    return made;
}

IMPORTED(int, WSAAPI, closesocket, SOCKET socket) {
    atomic_fetch_sub(&live_handles, 1);
    return REAL(closesocket)(socket);
}

IMPORTED(int, WSAAPI, WSADuplicateSocketW, SOCKET socket, DWORD process, WSAPROTOCOL_INFOW *info) {
    return fails(OS_DUPLICATE_SOCKET, OS_ANY) ? SOCKET_ERROR
                                              : REAL(WSADuplicateSocketW)(socket, process, info);
}

IMPORTED(int, WSAAPI, bind, SOCKET socket, const struct sockaddr *address, int length) {
    return fails(OS_BIND, OS_ANY) ? SOCKET_ERROR : REAL(bind)(socket, address, length);
}

IMPORTED(int, WSAAPI, getsockname, SOCKET socket, struct sockaddr *address, int *length) {
    return fails(OS_GETSOCKNAME, OS_ANY) ? SOCKET_ERROR
                                         : REAL(getsockname)(socket, address, length);
}

IMPORTED(int, WSAAPI, setsockopt, SOCKET socket, int level, int option, const char *value,
         int length) {
    return fails(OS_SETSOCKOPT, option) ? SOCKET_ERROR
                                        : REAL(setsockopt)(socket, level, option, value, length);
}

IMPORTED(int, WSAAPI, getsockopt, SOCKET socket, int level, int option, char *value, int *length) {
    return fails(OS_GETSOCKOPT, option) ? SOCKET_ERROR
                                        : REAL(getsockopt)(socket, level, option, value, length);
}

IMPORTED(int, WSAAPI, getaddrinfo, const char *host, const char *service,
         const struct addrinfo *hints, struct addrinfo **results) {
    const int error = os_fault(OS_GETADDRINFO, OS_ANY);
    return error != 0 ? error : REAL(getaddrinfo)(host, service, hints, results);
}

static LPFN_WSARECVMSG real_receive;

static int WSAAPI receive_or_fault(SOCKET socket, WSAMSG *message, DWORD *bytes,
                                   OVERLAPPED *overlapped,
                                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    const int error = os_fault(OS_RECEIVE, OS_ANY);
    if (error != 0 && error != WSAEMSGSIZE) {
        WSASetLastError(error);
        return SOCKET_ERROR;
    }
    const int result = real_receive(socket, message, bytes, overlapped, routine);
    /* A message that is too long completes as any other. */
    const int last = error != 0 ? error : WSAGetLastError();
    if (result != 0 && last == WSA_IO_PENDING && os_fault(OS_RECEIVE_CANCEL, OS_ANY) != 0) {
        CancelIoEx((HANDLE)socket, overlapped);
    }
    WSASetLastError(last);
    return error != 0 ? SOCKET_ERROR : result;
}

IMPORTED(int, WSAAPI, WSAIoctl, SOCKET socket, DWORD number, void *in, DWORD in_bytes, void *out,
         DWORD out_bytes, DWORD *returned, OVERLAPPED *overlapped,
         LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    if (fails(OS_IOCTL, (int)number)) {
        return SOCKET_ERROR;
    }
    const int result =
        REAL(WSAIoctl)(socket, number, in, in_bytes, out, out_bytes, returned, overlapped, routine);
    if (result == 0 && number == (DWORD)SIO_GET_EXTENSION_FUNCTION_POINTER) {
        real_receive = *(LPFN_WSARECVMSG *)out;
        *(LPFN_WSARECVMSG *)out = receive_or_fault;
    }
    return result;
}
