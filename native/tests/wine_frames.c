/* SPDX-License-Identifier: MIT */
/*
 * Lets .NET programs run in Wine 8. There, RtlUnwindEx puts a frame into the thread's list of
 * handlers while it calls a handler. .NET's handlers do not return, so the frame stays in the list
 * when its memory has long been used for something else, and the next exception calls whatever is
 * there now. Such frames are dropped before Wine looks at them. A program that Windows itself runs
 * has no frames in that list.
 *
 * .NET loads this library if it is told that it is a profiler, finds that it is none, and goes on.
 */
#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* What .NET raises for an exception of its own: no frame of Wine's is meant to catch it. */
#define DOTNET_EXCEPTION 0xe0434352

static EXCEPTION_REGISTRATION_RECORD *const end = (void *)(intptr_t)-1;

/* Whether a function begins here: its address may be anywhere in memory that was used again. */
static bool is_function(uint64_t address) {
    ULONG64 image;
    const RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(address, &image, NULL);
    return function != NULL && image + function->BeginAddress == address;
}

/* Whether a frame's memory has been left, or no longer has a handler and the frame of a caller. */
static bool is_dead(const EXCEPTION_REGISTRATION_RECORD *frame, uint64_t stack) {
    return (uintptr_t)frame < stack || (uintptr_t)frame->Next <= (uintptr_t)frame ||
           !is_function((uintptr_t)frame->Handler);
}

static LONG CALLBACK drop_dead_frames(EXCEPTION_POINTERS *exception) {
    NT_TIB *thread = (NT_TIB *)NtCurrentTeb();
    const uint64_t stack = exception->ContextRecord->Rsp;
    const uint64_t stack_end = (uintptr_t)thread->StackBase;
    if (exception->ExceptionRecord->ExceptionCode == DOTNET_EXCEPTION) {
        thread->ExceptionList = end;
    }
    for (EXCEPTION_REGISTRATION_RECORD **place = &thread->ExceptionList; *place != end;
         place = &(*place)->Next) {
        if ((uintptr_t)*place >= stack_end || is_dead(*place, stack)) {
            *place = end;
            break;
        }
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *reserved) {
    (void)reserved;
    HMODULE kept;
    if (reason == DLL_PROCESS_ATTACH) {
        GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                           (LPCWSTR)library, &kept);
        AddVectoredExceptionHandler(1, drop_dead_frames);
    }
    return TRUE;
}
