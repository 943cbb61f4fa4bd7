/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_TESTS_TEST_H
#define SPEAD2CORE_TESTS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The test harness. An executable is one file of tests:
 *
 *   #include "test.h"
 *
 *   SP2_TEST(Pop_after_stop_returns_queued_heaps) {
 *       REQUIRE(stream != NULL);
 *       CHECK_EQ_U64(count, 3);
 *   }
 *
 * CMake reads the names of the tests from the file and makes a CTest entry of each, so that a test
 * fails, is skipped and hangs on its own. test.c has main: it runs the tests in the order of the
 * file, or those that its arguments choose: the name of a test, or part of names. `--list` prints
 * the names and `--json` a JSON line per test. Exit code 0: all passed, 1: one failed or there is
 * none, 77: all skipped. A test that hangs is ended by CTest's timeout.
 */

typedef struct sp2_test {
    const char *name;
    void (*run)(void);
    int line;
    struct sp2_test *next;
} sp2_test;

void sp2_test_register(sp2_test *test);

/* What gcc says of sanitizers, where clang does not. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif

/* The printf that understands what the C standard says, which is not the system's everywhere. */
#if !defined(__GNUC__)
#define SP2_TEST_PRINTF(text, first)
#elif defined(__MINGW32__)
#define SP2_TEST_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define SP2_TEST_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif

/* A variable of each thread; and the beginning of a function that runs before main. */
#if defined(__GNUC__)
#define SP2_TEST_THREAD_LOCAL _Thread_local
#define SP2_TEST_AT_START(function) __attribute__((constructor)) static void function(void)
#else
#define SP2_TEST_THREAD_LOCAL __declspec(thread)
/* The section in which Microsoft's C library looks for them. */
#pragma section(".CRT$XCU", read)
#define SP2_TEST_AT_START(function)                                                                \
    static void function(void);                                                                    \
    extern void (*const function##_at_start)(void);                                                \
    __declspec(allocate(".CRT$XCU")) void (*const function##_at_start)(void) = function;           \
    static void function(void)
#endif

#define SP2_TEST(test_name)                                                                        \
    static void test_name(void);                                                                   \
    SP2_TEST_AT_START(test_name##_register) {                                                      \
        static sp2_test entry = {#test_name, test_name, __LINE__, NULL};                           \
        sp2_test_register(&entry);                                                                 \
    }                                                                                              \
    static void test_name(void)

/* The CHECK family notes a failure and goes on; each gives whether it held. Any thread may check,
 * but only the thread that runs the test may use SKIP and REQUIRE, which end the test (in another
 * thread a REQUIRE that fails ends the program). */
#define CHECK(condition) sp2_test_check((condition) ? true : false, __FILE__, __LINE__, #condition)
#define CHECK_EQ_U64(actual, expected)                                                             \
    sp2_test_check_u64((uint64_t)(actual), (uint64_t)(expected), __FILE__, __LINE__, #actual)
#define CHECK_EQ_I64(actual, expected)                                                             \
    sp2_test_check_i64((int64_t)(actual), (int64_t)(expected), __FILE__, __LINE__, #actual)
#define CHECK_STR(actual, expected)                                                                \
    sp2_test_check_str((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_CONTAINS(text, part)                                                                 \
    sp2_test_check_contains((text), (part), __FILE__, __LINE__, #text)
#define CHECK_MEM(actual, expected, length)                                                        \
    sp2_test_check_mem((actual), (expected), (length), __FILE__, __LINE__, #actual)

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!CHECK(condition)) {                                                                   \
            sp2_test_abandon();                                                                    \
        }                                                                                          \
    } while (0)

/* Ends the test as skipped; the reason says what is missing here. */
#define SKIP(...) sp2_test_skip(__VA_ARGS__)

/* Polls until the condition holds, and checks that it does within the time. */
#define WAIT_UNTIL(condition, seconds)                                                             \
    do {                                                                                           \
        const uint64_t sp2_deadline = sp2_test_now_ns() + (uint64_t)(seconds)*1000000000u;         \
        bool sp2_held;                                                                             \
        while (!(sp2_held = (condition)) && sp2_test_now_ns() < sp2_deadline) {                    \
            sp2_test_nap();                                                                        \
        }                                                                                          \
        sp2_test_check(sp2_held, __FILE__, __LINE__, #condition);                                  \
    } while (0)

bool sp2_test_check(bool held, const char *file, int line, const char *text);
bool sp2_test_check_u64(uint64_t actual, uint64_t expected, const char *file, int line,
                        const char *text);
bool sp2_test_check_i64(int64_t actual, int64_t expected, const char *file, int line,
                        const char *text);
bool sp2_test_check_str(const char *actual, const char *expected, const char *file, int line,
                        const char *text);
bool sp2_test_check_contains(const char *actual, const char *part, const char *file, int line,
                             const char *text);
bool sp2_test_check_mem(const void *actual, const void *expected, size_t length, const char *file,
                        int line, const char *text);

/* Text that every failure message of this thread of the test ends with, until the next call: the
 * case of a data-driven test. Empty at the start of a test. */
SP2_TEST_PRINTF(1, 2) void sp2_test_context(const char *format, ...);

_Noreturn void sp2_test_abandon(void);
_Noreturn SP2_TEST_PRINTF(1, 2) void sp2_test_skip(const char *format, ...);

/* Runs the tests that stand before the one of this name, as parts of it: where it judges what they
 * have gathered, and has been started alone. */
void sp2_test_run_before(const char *name);

/* Monotonic clock. */
uint64_t sp2_test_now_ns(void);

/* About a millisecond, between two looks at a condition. */
void sp2_test_nap(void);

/* Random numbers. The seed is SPEAD2_TEST_SEED if that is set, else chosen by the clock; it is
 * printed when it is used first. */
typedef struct sp2_test_rng {
    uint64_t state;
} sp2_test_rng;

sp2_test_rng sp2_test_random(void);
uint64_t sp2_test_next(sp2_test_rng *rng);
/* A number in [0, bound). */
uint64_t sp2_test_below(sp2_test_rng *rng, uint64_t bound);

#endif
