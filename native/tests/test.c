/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <windows.h>
#else
#include <time.h>
#endif

enum { EXIT_SKIPPED = 77 };
enum { OUTCOME_RUN, OUTCOME_ABANDONED, OUTCOME_SKIPPED };

static sp2_test *first_test;
static atomic_uint failures;
static jmp_buf end_of_test;
static char skip_reason[256];
static SP2_TEST_THREAD_LOCAL char context[256];
static SP2_TEST_THREAD_LOCAL bool runs_tests;

/* Constructors run in another order on some systems: the line says where a test belongs. */
void sp2_test_register(sp2_test *test) {
    sp2_test **place = &first_test;
    while (*place != NULL && (*place)->line < test->line) {
        place = &(*place)->next;
    }
    test->next = *place;
    *place = test;
}

void sp2_test_context(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
}

SP2_TEST_PRINTF(3, 4) static void fail(const char *file, int line, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s:%d: %s%s%s\n", file, line, text, context[0] != '\0' ? " | " : "", context);
    fflush(stderr);
    atomic_fetch_add(&failures, 1);
}

bool sp2_test_check(bool held, const char *file, int line, const char *text) {
    if (!held) {
        fail(file, line, "does not hold: %s", text);
    }
    return held;
}

bool sp2_test_check_u64(uint64_t actual, uint64_t expected, const char *file, int line,
                        const char *text) {
    if (actual != expected) {
        fail(file, line, "%s is %" PRIu64 " (0x%" PRIx64 "), expected %" PRIu64 " (0x%" PRIx64 ")",
             text, actual, actual, expected, expected);
    }
    return actual == expected;
}

bool sp2_test_check_i64(int64_t actual, int64_t expected, const char *file, int line,
                        const char *text) {
    if (actual != expected) {
        fail(file, line, "%s is %" PRId64 ", expected %" PRId64, text, actual, expected);
    }
    return actual == expected;
}

bool sp2_test_check_str(const char *actual, const char *expected, const char *file, int line,
                        const char *text) {
    const bool held = actual != NULL && strcmp(actual, expected) == 0;
    if (!held) {
        fail(file, line, "%s is \"%s\", expected \"%s\"", text, actual == NULL ? "(null)" : actual,
             expected);
    }
    return held;
}

bool sp2_test_check_contains(const char *actual, const char *part, const char *file, int line,
                             const char *text) {
    const bool held = actual != NULL && strstr(actual, part) != NULL;
    if (!held) {
        fail(file, line, "%s is \"%s\", which does not contain \"%s\"", text,
             actual == NULL ? "(null)" : actual, part);
    }
    return held;
}

bool sp2_test_check_mem(const void *actual, const void *expected, size_t length, const char *file,
                        int line, const char *text) {
    const uint8_t *a = actual;
    const uint8_t *e = expected;
    if (length == 0) {
        return true;
    }
    if (a == NULL) {
        fail(file, line, "%s is NULL, expected %zu bytes", text, length);
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (a[i] != e[i]) {
            fail(file, line, "%s: byte %zu of %zu is 0x%02x, expected 0x%02x", text, i, length,
                 a[i], e[i]);
            return false;
        }
    }
    return true;
}

void sp2_test_abandon(void) {
    if (!runs_tests) {
        fprintf(stderr, "a thread of the test cannot go on\n");
        _Exit(EXIT_FAILURE);
    }
    longjmp(end_of_test, OUTCOME_ABANDONED);
}

void sp2_test_skip(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(skip_reason, sizeof(skip_reason), format, arguments);
    va_end(arguments);
    longjmp(end_of_test, OUTCOME_SKIPPED);
}

void sp2_test_run_before(const char *name) {
    for (const sp2_test *test = first_test; strcmp(test->name, name) != 0; test = test->next) {
        test->run();
    }
}

#if defined(_WIN32)
uint64_t sp2_test_now_ns(void) {
    LARGE_INTEGER ticks;
    LARGE_INTEGER per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    const uint64_t rate = (uint64_t)per_second.QuadPart;
    const uint64_t count = (uint64_t)ticks.QuadPart;
    return count / rate * 1000000000u + count % rate * 1000000000u / rate;
}

void sp2_test_nap(void) {
    Sleep(1);
}
#else
uint64_t sp2_test_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sp2_test_nap(void) {
    const struct timespec millisecond = {0, 1000000};
    nanosleep(&millisecond, NULL);
}
#endif

sp2_test_rng sp2_test_random(void) {
    static uint64_t seed;
    if (seed == 0) {
        const char *text = getenv("SPEAD2_TEST_SEED");
        seed = text != NULL ? strtoull(text, NULL, 0) : sp2_test_now_ns();
        seed = seed == 0 ? 1 : seed;
        fprintf(stderr, "SPEAD2_TEST_SEED=%" PRIu64 "\n", seed);
    }
    return (sp2_test_rng){seed};
}

/* SplitMix64. */
uint64_t sp2_test_next(sp2_test_rng *rng) {
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sp2_test_below(sp2_test_rng *rng, uint64_t bound) {
    return sp2_test_next(rng) % bound;
}

static void print_json_string(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    putchar('"');
}

static void report(const sp2_test *test, const char *outcome, uint64_t ns, bool json) {
    const double ms = (double)ns / 1e6;
    if (json) {
        printf("{\"test\":\"%s\",\"outcome\":\"%s\",\"ms\":%.1f", test->name, outcome, ms);
        if (skip_reason[0] != '\0') {
            printf(",\"reason\":");
            print_json_string(skip_reason);
        }
        printf("}\n");
    } else {
        printf("%-7s %s (%.0f ms)%s%s\n", outcome, test->name, ms,
               skip_reason[0] != '\0' ? ": " : "", skip_reason);
    }
    fflush(stdout);
}

static int run(const sp2_test *test, bool json) {
    skip_reason[0] = '\0';
    context[0] = '\0';
    atomic_store(&failures, 0);
    const uint64_t start = sp2_test_now_ns();
    const int outcome = setjmp(end_of_test);
    if (outcome == OUTCOME_RUN) {
        test->run();
    }
    const uint64_t ns = sp2_test_now_ns() - start;
    if (atomic_load(&failures) != 0) {
        report(test, "failed", ns, json);
        return EXIT_FAILURE;
    }
    report(test, outcome == OUTCOME_SKIPPED ? "skipped" : "passed", ns, json);
    return outcome == OUTCOME_SKIPPED ? EXIT_SKIPPED : EXIT_SUCCESS;
}

/* The one test that has this name, or NULL. */
static const sp2_test *test_named(const char *name) {
    const sp2_test *test = first_test;
    while (test != NULL && strcmp(test->name, name) != 0) {
        test = test->next;
    }
    return test;
}

static bool is_chosen(const sp2_test *test, int count, char **names) {
    bool any_name = false;
    for (int i = 0; i < count; i++) {
        if (strncmp(names[i], "--", 2) != 0) {
            const sp2_test *named = test_named(names[i]);
            any_name = true;
            if (named != NULL ? named == test : strstr(test->name, names[i]) != NULL) {
                return true;
            }
        }
    }
    return !any_name;
}

int main(int argc, char **argv) {
    bool json = false;
    bool list = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            fprintf(stderr, "usage: %s [--list] [--json] [name of a test, or part of names]...\n",
                    argv[0]);
            return EXIT_FAILURE;
        }
    }
    unsigned passed = 0;
    unsigned failed = 0;
    unsigned skipped = 0;
    runs_tests = true;
    for (const sp2_test *test = first_test; test != NULL; test = test->next) {
        if (!is_chosen(test, argc - 1, argv + 1)) {
            continue;
        }
        if (list) {
            printf("%s\n", test->name);
            continue;
        }
        const int outcome = run(test, json);
        passed += outcome == EXIT_SUCCESS;
        failed += outcome == EXIT_FAILURE;
        skipped += outcome == EXIT_SKIPPED;
    }
    if (list) {
        return EXIT_SUCCESS;
    }
    if (!json) {
        printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    }
    if (failed != 0 || passed + skipped == 0) {
        return EXIT_FAILURE;
    }
    return passed == 0 ? EXIT_SKIPPED : EXIT_SUCCESS;
}
