/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_TEST_FILES_H
#define SPEAD2CORE_TESTS_TEST_FILES_H

#include <stdbool.h>
#include <stdio.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dirent.h>
#endif

enum { TEST_LONGEST_PATH = 4096 };

/* Calls `visit` with the path of each file of a folder, in no order, but for those whose names
 * begin with a dot; false if it is no folder. */
static inline bool test_for_each_file(const char *folder, void (*visit)(const char *, void *),
                                      void *context) {
    char path[TEST_LONGEST_PATH];
#if defined(_WIN32)
    WIN32_FIND_DATAA entry;
    snprintf(path, sizeof(path), "%s\\*", folder);
    const HANDLE search = FindFirstFileA(path, &entry);
    if (search == INVALID_HANDLE_VALUE) {
        return false;
    }
    do {
        if (entry.cFileName[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", folder, entry.cFileName);
            visit(path, context);
        }
    } while (FindNextFileA(search, &entry));
    FindClose(search);
#else
    DIR *search = opendir(folder);
    if (search == NULL) {
        return false;
    }
    for (const struct dirent *entry; (entry = readdir(search)) != NULL;) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            visit(path, context);
        }
    }
    closedir(search);
#endif
    return true;
}

#endif
