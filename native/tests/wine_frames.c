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

/* Whether a frame's memory has been left, or no longer has the address of a handler. */
static bool is_dead(const EXCEPTION_REGISTRATION_RECORD *frame, uint64_t stack) {
    void *image;
    return (uintptr_t)frame < stack ||
           RtlPcToFileHeader((void *)(uintptr_t)frame->Handler, &image) == NULL;
}

static LONG CALLBACK drop_dead_frames(EXCEPTION_POINTERS *exception) {
    EXCEPTION_REGISTRATION_RECORD *const end = (void *)(intptr_t)-1;
    NT_TIB *thread = (NT_TIB *)NtCurrentTeb();
    if (thread->ExceptionList != end &&
        (exception->ExceptionRecord->ExceptionCode == DOTNET_EXCEPTION ||
         is_dead(thread->ExceptionList, exception->ContextRecord->Rsp))) {
        thread->ExceptionList = end;
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
