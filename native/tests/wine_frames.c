/* SPDX-License-Identifier: MIT */
/*
 * Lets .NET programs run in Wine 8. There, RtlUnwindEx puts a frame into the thread's list of
 * handlers while it calls a handler. .NET's handlers do not return, so the frame stays in the list
 * when its memory has long been used for something else, and the next exception calls whatever is
 * there now. Frames below the stack of an exception are such ones: they are dropped before Wine
 * looks at them. A program that Windows itself runs has no frames in that list.
 *
 * .NET loads this library if it is told that it is a profiler, finds that it is none, and goes on.
 */
#include <windows.h>

static LONG CALLBACK drop_dead_frames(EXCEPTION_POINTERS *exception) {
    NT_TIB *thread = (NT_TIB *)NtCurrentTeb();
    if ((uintptr_t)thread->ExceptionList < exception->ContextRecord->Rsp) {
        thread->ExceptionList = (void *)(intptr_t)-1; /* the end of a list */
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
