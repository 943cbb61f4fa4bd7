/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <process.h>
#include <stdatomic.h>

#include "base/alloc.h"

void sp2__mutex_init(sp2__mutex *mutex) {
    InitializeSRWLock(mutex);
}

void sp2__mutex_destroy(sp2__mutex *mutex) {
    (void)mutex;
}

void sp2__mutex_lock(sp2__mutex *mutex) {
    AcquireSRWLockExclusive(mutex);
}

void sp2__mutex_unlock(sp2__mutex *mutex) {
    ReleaseSRWLockExclusive(mutex);
}

void sp2__condition_init(sp2__condition *condition) {
    InitializeConditionVariable(condition);
}

void sp2__condition_destroy(sp2__condition *condition) {
    (void)condition;
}

void sp2__condition_wait(sp2__condition *condition, sp2__mutex *mutex) {
    SleepConditionVariableSRW(condition, mutex, INFINITE, 0);
}

void sp2__condition_broadcast(sp2__condition *condition) {
    WakeAllConditionVariable(condition);
}

typedef struct start_call {
    void (*run)(void *);
    void *argument;
} start_call;

static unsigned __stdcall thread_main(void *context) {
    const start_call call = *(start_call *)context;
    sp2__free(context);
    call.run(call.argument);
    return 0;
}

/* Keeps the library, or what it is linked into, loaded until the process ends: FreeLibrary would
 * take the code away from under its threads. On Linux the linker says so. */
static void stay_loaded(void) {
    static const char address = 0;
    HMODULE module;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       (LPCWSTR)(const void *)&address, &module);
}

int32_t sp2__thread_start(sp2__thread *thread, void (*run)(void *), void *argument) {
    start_call *call = sp2__alloc(sizeof(*call));
    if (call == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    call->run = run;
    call->argument = argument;
    stay_loaded();
    *thread = (HANDLE)_beginthreadex(NULL, 0, thread_main, call, 0, NULL);
    if (*thread == NULL) {
        const DWORD error = GetLastError();
        sp2__free(call);
        return error != 0 ? (int32_t)error : ERROR_NOT_ENOUGH_MEMORY;
    }
    return 0;
}

void sp2__thread_join(sp2__thread thread) {
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

bool sp2__thread_is_current(sp2__thread thread) {
    return GetThreadId(thread) == GetCurrentThreadId();
}

void sp2__thread_detach(sp2__thread thread) {
    CloseHandle(thread);
}

void sp2__thread_yield(void) {
    SwitchToThread();
}

void sp2__thread_nap(void) {
    Sleep(1);
}

bool sp2__many_cpus(void) {
    static _Atomic DWORD known;
    DWORD count = atomic_load_explicit(&known, memory_order_relaxed);
    if (count == 0) {
        count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
        atomic_store_explicit(&known, count, memory_order_relaxed);
    }
    return count > 1;
}

/* Since Windows 10, version 1607; older ones have no names. */
typedef HRESULT(WINAPI *set_description_fn)(HANDLE thread, PCWSTR description);

void sp2__thread_name(const char *name) {
    wchar_t wide[64];
    const HMODULE kernel = GetModuleHandleW(L"kernelbase.dll");
    const FARPROC found = kernel == NULL ? NULL : GetProcAddress(kernel, "SetThreadDescription");
    if (found != NULL &&
        MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, sizeof(wide) / sizeof(wide[0])) != 0) {
        const set_description_fn set_description = (set_description_fn)(void (*)(void))found;
        set_description(GetCurrentThread(), wide);
    }
}

int32_t sp2__thread_bind(int32_t cpu) {
    enum { CPUS_PER_GROUP = 64 };
    if (cpu < 0) {
        return ERROR_INVALID_PARAMETER;
    }
    GROUP_AFFINITY affinity = {
        .Mask = (KAFFINITY)1 << (cpu % CPUS_PER_GROUP),
        .Group = (WORD)(cpu / CPUS_PER_GROUP),
    };
    return SetThreadGroupAffinity(GetCurrentThread(), &affinity, NULL) ? 0
                                                                       : (int32_t)GetLastError();
}
